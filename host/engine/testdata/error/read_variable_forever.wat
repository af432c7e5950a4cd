;; Sets a variable of 16 MiB and reads it again and again.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (func (export "handle")
    (call $var_set (call $alloc (i64.const 1)) (call $alloc (i64.const 0x1000000)))
    (loop $again
      (call $free (call $var_get (call $alloc (i64.const 1))))
      (br $again))))
