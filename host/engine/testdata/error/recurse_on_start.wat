;; Its start function calls itself until the stack is full.
(module
  (func $start (call $start))
  (start $start)
  (func (export "handle")))
