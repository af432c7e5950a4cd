;; Moves its standard output to the greatest number a file can have.
(module
  (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "handle") (result i32) (call $fd_renumber (i32.const 1) (i32.const 0x7fffffff))))
