;; Sets a good output, then ones that are not there; the good one stands.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (func (export "handle")
    (local $out i64)
    (local.set $out (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $out) (i64.const 0x6b6f)) ;; "ok"
    (call $output_set (local.get $out) (i64.const 2))
    (call $output_set (local.get $out) (i64.const 9))
    (call $output_set (local.get $out) (i64.const -1))
    (call $output_set (i64.const -8) (i64.const 16))
    (call $output_set (i64.const 0) (i64.const 0))
    (call $output_set (i64.const 0xffffffff) (i64.const 1))))
