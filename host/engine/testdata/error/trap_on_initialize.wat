;; Traps in its initialiser.
(module
  (func (export "_initialize") unreachable)
  (func (export "handle")))
