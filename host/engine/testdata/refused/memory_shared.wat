;; A memory for threads.
(module (memory 1 1 shared)
  (func (export "handle")))
