;; Asks for a block of 32 MiB and gives it back, again and again.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (func (export "handle")
    (loop $again
      (call $free (call $alloc (i64.const 0x2000000)))
      (br $again))))
