;; Fills memory from its last byte on, with a length that overflows 32 bits.
(module (memory 1)
  (func (export "handle")
    (memory.fill (i32.const 65535) (i32.const 1) (i32.const -1))))
