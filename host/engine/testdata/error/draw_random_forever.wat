;; Fills 48 MiB with random bytes, again and again.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 768)
  (func (export "handle")
    (loop $again
      (drop (call $random_get (i32.const 0) (i32.const 0x3000000)))
      (br $again))))
