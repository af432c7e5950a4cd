;; Passes WASI a count whose product with the size of an item is 0 in 32 bits.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "handle") (result i32)
    (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 0x10000000) (i32.const 128))))
