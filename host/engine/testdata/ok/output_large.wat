;; Answers with 1 MiB of zeros.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (func (export "handle")
    (call $output_set (call $alloc (i64.const 0x100000)) (i64.const 0x100000))))
