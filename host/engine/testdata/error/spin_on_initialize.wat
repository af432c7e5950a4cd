;; Never returns from its initialiser.
(module
  (func (export "_initialize") (loop $again (br $again)))
  (func (export "handle")))
