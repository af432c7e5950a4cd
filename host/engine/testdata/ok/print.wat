;; Writes to standard output and error: two lines in three pieces, a line with
;; CRLF and invalid UTF-8, and one without a line break.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "one\ntwo")
  (data (i32.const 200) " and a half\n")
  (data (i32.const 300) "bad \ff byte\r\n")
  (data (i32.const 400) "no end")
  (func $write (param $fd i32) (param $at i32) (param $size i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $size))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "handle")
    (call $write (i32.const 1) (i32.const 100) (i32.const 7))
    (call $write (i32.const 1) (i32.const 200) (i32.const 12))
    (call $write (i32.const 2) (i32.const 300) (i32.const 12))
    (call $write (i32.const 1) (i32.const 400) (i32.const 6))))
