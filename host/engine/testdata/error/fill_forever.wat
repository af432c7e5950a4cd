;; Fills all of a memory of 48 MiB, again and again, without a loop between
;; most of the fills.
(module (memory 768)
  (func $fill (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3000000)))
  (func (export "handle")
    (loop $again
      (call $fill) (call $fill) (call $fill) (call $fill) (call $fill) (call $fill) (call $fill) (call $fill)
      (call $fill) (call $fill) (call $fill) (call $fill) (call $fill) (call $fill) (call $fill) (call $fill)
      (br $again))))
