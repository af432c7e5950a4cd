;; Imports a function's name as a global.
(module
  (import "extism:host/env" "alloc" (global i64)))
