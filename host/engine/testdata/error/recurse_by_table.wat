;; Calls itself through its table, for ever.
(module
  (type $nothing (func))
  (table 1 funcref)
  (elem (i32.const 0) $deeper)
  (func $deeper (export "handle") (call_indirect (type $nothing) (i32.const 0))))
