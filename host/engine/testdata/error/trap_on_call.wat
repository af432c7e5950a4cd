;; Traps when it is called.
(module
  (func (export "handle") unreachable))
