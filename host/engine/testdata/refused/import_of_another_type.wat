;; Imports a function with a result that it has not.
(module
  (import "extism:host/env" "free" (func (param i64) (result i64))))
