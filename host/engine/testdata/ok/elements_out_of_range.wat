;; An element segment that ends behind its table, which then stays empty: the
;; specification wants a trap, wazero does nothing.
(module
  (table 1 funcref)
  (elem (i32.const 1) $nothing)
  (func $nothing)
  (func (export "handle")))
