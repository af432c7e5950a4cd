;; Starts with all the memory that 32 bits can address.
(module (memory 65536)
  (func (export "handle")))
