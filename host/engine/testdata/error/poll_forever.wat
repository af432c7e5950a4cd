;; Waits for sixty thousand clocks that are past, again and again.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 768)
  (func (export "handle")
    (loop $again
      (drop (call $poll_oneoff (i32.const 16) (i32.const 0x1800000) (i32.const 60000) (i32.const 0)))
      (br $again))))
