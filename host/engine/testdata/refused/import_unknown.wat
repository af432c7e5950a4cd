;; Imports a function that is not there, and one of a module that is not.
(module
  (import "extism:host/env" "exec" (func (param i64)))
  (import "env" "abort" (func)))
