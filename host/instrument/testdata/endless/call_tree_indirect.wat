;; fib(60) by call_indirect.
(module
  (type $t (func (param i32) (result i32)))
  (table funcref (elem $fib))
  (func $fib (type $t)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
                     (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 2)) (i32.const 0))))))
  (func (export "run") (drop (call $fib (i32.const 60)))))
