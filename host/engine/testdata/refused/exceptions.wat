;; Uses exceptions, which nothing here compiles.
(module
  (tag $oops)
  (func (export "handle") (throw $oops)))
