;; A loop around the filling of a table.
(module (table $t 65536 funcref) (func (export "run")
  (loop $l (table.fill $t (i32.const 0) (ref.null func) (i32.const 65536)) (br $l))))
