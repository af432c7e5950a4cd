;; Copies 16 MiB of memory to a block and back, again and again.
(module
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "postern:host/v1" "read" (func $read (param i64 i32 i32)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (memory 256)
  (func (export "handle")
    (local $block i64)
    (loop $again
      (local.set $block (call $write (i32.const 0) (i32.const 0x1000000)))
      (call $read (local.get $block) (i32.const 0) (i32.const 0x1000000))
      (call $free (local.get $block))
      (br $again))))
