;; Asks for blocks of a byte, again and again, and keeps them all.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (func (export "handle")
    (loop $again (drop (call $alloc (i64.const 1))) (br $again))))
