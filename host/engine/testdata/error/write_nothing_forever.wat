;; Writes sixty thousand empty pieces to its standard output, again and again.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 768)
  (func (export "handle")
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 60000) (i32.const 0)))
      (br $again))))
