;; Takes blocks of 1 MiB until refused, and answers with their number as 8 bytes,
;; the lowest first. Before that it asks for blocks that no host can give.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (func (export "handle") (result i32)
    (local $out i64) (local $n i64)
    (local.set $out (call $alloc (i64.const 8)))
    (if (i64.ne (call $alloc (i64.const -1)) (i64.const 0)) (then (return (i32.const 1))))
    (if (i64.ne (call $alloc (i64.const -64)) (i64.const 0)) (then (return (i32.const 2))))
    (if (i64.ne (call $alloc (i64.const 0x7fffffffffffffff)) (i64.const 0)) (then (return (i32.const 3))))
    (if (i64.ne (call $alloc (i64.const 0)) (i64.const 0)) (then (return (i32.const 4))))
    (block $refused
      (loop $next
        (br_if $refused (i64.eqz (call $alloc (i64.const 0x100000))))
        (local.set $n (i64.add (local.get $n) (i64.const 1)))
        (br $next)))
    (call $store_u64 (local.get $out) (local.get $n))
    (call $output_set (local.get $out) (i64.const 8))
    (i32.const 0)))
