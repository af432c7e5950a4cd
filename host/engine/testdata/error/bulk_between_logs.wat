;; Logs "ab", copies a page without any loop, and logs again.
(module
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (memory 1)
  (data (i32.const 0) "ab")
  (func (export "handle") (result i32)
    (call $log_info (call $write (i32.const 0) (i32.const 2)))
    (drop (call $write (i32.const 0) (i32.const 65536)))
    (call $log_info (call $write (i32.const 0) (i32.const 2)))
    (i32.const 0)))
