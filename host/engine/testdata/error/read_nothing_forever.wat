;; Reads into sixty thousand empty pieces from its standard input, again and again.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 768)
  (func (export "handle")
    (loop $again
      (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 60000) (i32.const 0)))
      (br $again))))
