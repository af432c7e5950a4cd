;; Two functions that call each other in place of returning.
(module
  (func $a (return_call $b))
  (func $b (return_call $a))
  (func (export "run") (call $a)))
