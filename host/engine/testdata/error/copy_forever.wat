;; Copies half of a memory of 48 MiB over the other, again and again, and ranges
;; that overlap.
(module (memory 768)
  (func (export "handle")
    (loop $again
      (memory.copy (i32.const 0x1800000) (i32.const 0) (i32.const 0x1800000))
      (memory.copy (i32.const 0) (i32.const 1) (i32.const 0x2ffffff))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x2ffffff))
      (br $again))))
