;; A tree of calls of two functions that call each other.
(module
  (func $a (param i32) (if (local.get 0) (then
    (call $b (i32.sub (local.get 0) (i32.const 1))) (call $b (i32.sub (local.get 0) (i32.const 1))))))
  (func $b (param i32) (if (local.get 0) (then
    (call $a (i32.sub (local.get 0) (i32.const 1))) (call $a (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "run") (call $a (i32.const 60))))
