;; Sets the error "no" with an invalid byte in it, and returns its input's length.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (func (export "handle") (result i32)
    (local $text i64)
    (local.set $text (call $alloc (i64.const 3)))
    (call $store_u8 (local.get $text) (i32.const 110))
    (call $store_u8 (i64.add (local.get $text) (i64.const 1)) (i32.const 111))
    (call $store_u8 (i64.add (local.get $text) (i64.const 2)) (i32.const 255))
    (call $error_set (local.get $text))
    (i32.wrap_i64 (call $input_length))))
