;; A loop that is closed by br_table only.
(module (func (export "run")
  (loop $l (block $b (br_table $b $l $l (i32.const 1))))))
