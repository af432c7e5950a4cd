;; Never ends its warm-up.
(module
  (func (export "postern_warmup") (loop $again (br $again)))
  (func (export "handle")))
