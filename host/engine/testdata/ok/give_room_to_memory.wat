;; Starts with a block of 8 MiB. Takes blocks of 1 MiB until refused, and answers
;; with their number, at most 64, as 8 bytes, the lowest first. Then it gives the
;; first block back and makes its memory as large as it can.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (global $left (mut i64) (i64.const 0))
  (func (export "_initialize")
    (global.set $left (call $alloc (i64.const 0x800000))))
  (func (export "handle")
    (local $out i64) (local $n i64)
    (local.set $out (call $alloc (i64.const 8)))
    (block $refused
      (loop $next
        (br_if $refused (i64.eqz (call $alloc (i64.const 0x100000))))
        (local.set $n (i64.add (local.get $n) (i64.const 1)))
        (br_if $next (i64.lt_u (local.get $n) (i64.const 64)))))
    (call $store_u64 (local.get $out) (local.get $n))
    (call $output_set (local.get $out) (i64.const 8))
    (call $free (global.get $left))
    (loop $grow
      (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))))
