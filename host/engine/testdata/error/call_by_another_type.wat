;; Calls a function of its table as if it took a number.
(module
  (type $number (func (param i64)))
  (table 1 funcref)
  (elem (i32.const 0) $nothing)
  (func $nothing)
  (func (export "handle") (call_indirect (type $number) (i64.const 1) (i32.const 0))))
