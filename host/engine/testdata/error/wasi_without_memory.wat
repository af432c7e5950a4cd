;; Calls WASI functions that need a memory, without having one.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (func (export "handle") (result i32)
    (call $random_get (i32.const 0) (i32.const 8))))
