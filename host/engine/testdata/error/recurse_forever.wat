;; Calls itself until the stack is full.
(module
  (func $deeper (export "handle") (call $deeper)))
