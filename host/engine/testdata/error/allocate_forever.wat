;; Asks for blocks of every size, again and again, and keeps them all.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (func (export "handle")
    (local $size i64)
    (loop $again
      (drop (call $alloc (local.get $size)))
      (local.set $size (i64.add (i64.mul (local.get $size) (i64.const 3)) (i64.const 1)))
      (br $again))))
