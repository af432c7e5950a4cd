;; Fills and copies any part of a memory of 20 MiB, and sums up what is in it.
(module
  (memory (export "memory") 320)
  (func (export "fill") (param i32 i32 i32)
    (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32)
    (memory.copy (local.get 0) (local.get 1) (local.get 2))))
