;; Grows its tables, and goes on when it cannot.
(module
  (table $funcs 1 funcref)
  (table $others 1 externref)
  (func (export "handle")
    (loop $again
      (drop (table.grow $funcs (ref.null func) (i32.const 1000)))
      (drop (table.grow $others (ref.null extern) (i32.const 1000)))
      (br $again))))
