;; Logs a block of 16 MiB, again and again.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (func (export "handle")
    (local $text i64)
    (local.set $text (call $alloc (i64.const 0x1000000)))
    (loop $again (call $log_info (local.get $text)) (br $again))))
