;; Copies in bulk without a memory to copy from or to.
(module
  (import "postern:host/v1" "write" (func $copy (param i32 i32) (result i64)))
  (func (export "handle") (result i32)
    (drop (call $copy (i32.const 0) (i32.const 1)))
    (i32.const 0)))
