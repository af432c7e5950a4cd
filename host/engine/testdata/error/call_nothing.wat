;; Calls an empty place of its table.
(module
  (type $nothing (func))
  (table 1 funcref)
  (func (export "handle") (call_indirect (type $nothing) (i32.const 0))))
