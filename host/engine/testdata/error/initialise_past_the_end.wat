;; Copies more from a segment than it has.
(module (memory 1)
  (data $segment "short")
  (func (export "handle")
    (memory.init $segment (i32.const 0) (i32.const 1) (i32.const 5))))
