;; A data segment that begins in memory and ends behind it.
(module (memory 1)
  (data (i32.const 65533) "four")
  (func (export "handle")))
