;; Grows its memory page by page until refused, and answers with its size in
;; pages as 8 bytes, the lowest first.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory 1)
  (func (export "handle") (result i32)
    (local $out i64)
    (local.set $out (call $alloc (i64.const 8))) ;; while there is memory left
    (block $refused
      (loop $next
        (br_if $refused (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
        (i32.store8 (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1)) (i32.const 1))
        (br $next)))
    (call $store_u64 (local.get $out) (i64.extend_i32_u (memory.size)))
    (call $output_set (local.get $out) (i64.const 8))
    (i32.const 0)))
