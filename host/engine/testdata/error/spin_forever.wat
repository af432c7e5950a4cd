;; Never returns.
(module
  (func (export "handle") (loop $again (br $again))))
