;; A function that calls itself through a table in place of returning.
(module
  (type $t (func))
  (table funcref (elem $a))
  (func $a (type $t) (return_call_indirect (type $t) (i32.const 0)))
  (func (export "run") (call $a)))
