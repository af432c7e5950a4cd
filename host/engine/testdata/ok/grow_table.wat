;; Grows a table without a maximum as far as it goes, doubling each step, and
;; answers with its size as 8 bytes, the lowest first.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (table $t 1 funcref)
  (func (export "handle") (result i32)
    (local $out i64)
    (block $refused
      (loop $next
        (br_if $refused (i32.eq (table.grow $t (ref.null func) (table.size $t)) (i32.const -1)))
        (br $next)))
    (local.set $out (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $out) (i64.extend_i32_u (table.size $t)))
    (call $output_set (local.get $out) (i64.const 8))
    (i32.const 0)))
