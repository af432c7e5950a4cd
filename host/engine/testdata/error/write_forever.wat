;; Asks for sixty-five thousand writes of 60 MiB in one call of fd_write.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 960)
  (func (export "handle") (result i32)
    (local $i i32)
    (loop $next
      (i32.store (local.get $i) (i32.const 0))
      (i32.store offset=4 (local.get $i) (i32.const 0x3c00000))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 0x80000))))
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0x10000) (i32.const 0x400000)))
      (br $again))
    (i32.const 0)))
