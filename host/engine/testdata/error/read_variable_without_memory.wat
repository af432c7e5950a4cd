;; Sets a variable of 1 MiB, takes all memory, and reads the variable.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (func (export "handle")
    (call $var_set (call $alloc (i64.const 8)) (call $alloc (i64.const 0x100000)))
    (loop $next
      (br_if $next (i64.ne (call $alloc (i64.const 0x10000)) (i64.const 0))))
    (drop (call $var_get (call $alloc (i64.const 8))))))
