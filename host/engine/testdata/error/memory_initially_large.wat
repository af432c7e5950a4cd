;; Starts with a memory of 32 MiB.
(module
  (memory 512)
  (func (export "handle")))
