;; Sets variables without a value, each under another name.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (func (export "handle")
    (local $n i64) (local $name i64)
    (loop $again
      (local.set $name (call $alloc (i64.const 8)))
      (call $store_u64 (local.get $name) (local.tee $n (i64.add (local.get $n) (i64.const 1))))
      (call $var_set (local.get $name) (i64.const -1))
      (br $again))))
