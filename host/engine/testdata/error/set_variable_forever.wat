;; Sets one variable to 8 MiB, again and again.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (func (export "handle")
    (loop $again
      (call $var_set (call $alloc (i64.const 8)) (call $alloc (i64.const 0x800000)))
      (br $again))))
