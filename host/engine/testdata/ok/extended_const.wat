;; Computes the value of a global and the place of its data. Returns 0 if both
;; came out right.
(module
  (global $place i32 (i32.add (i32.mul (i32.const 8) (i32.const 2)) (i32.const 4)))
  (memory 1)
  (data (i32.sub (i32.const 20) (i32.const 1)) "x")
  (func (export "handle") (result i32)
    (i32.or
      (i32.ne (global.get $place) (i32.const 20))
      (i32.ne (i32.load8_u (i32.const 19)) (i32.const 120)))))
