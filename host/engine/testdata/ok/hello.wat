;; Answers every call with the same greeting: the least a guest can do.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"message\":\"Hello, Ada!\"}       ")
  (func (export "handle") (result i32)
    (local $block i64) (local $at i32)
    (local.set $block (call $alloc (i64.const 32)))
    (loop $copy
      (call $store
        (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
        (i64.load (local.get $at)))
      (br_if $copy (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 32))))
    (call $output (local.get $block) (i64.const 25))
    (i32.const 0)))
