;; A loop that takes parameters and never ends.
(module (func (export "run") (local i32)
  (i32.const 1) (loop $l (param i32) (local.set 0) (br $l (local.get 0)))))
