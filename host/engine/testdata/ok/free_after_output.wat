;; Frees the output's block after handing it over, twice, and takes a new one.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (func (export "handle")
    (local $out i64)
    (local.set $out (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $out) (i64.const 0x657962))
    (call $output_set (local.get $out) (i64.const 3))
    (call $free (local.get $out))
    (call $free (local.get $out))
    (call $store_u64 (call $alloc (i64.const 8)) (i64.const -1))))
