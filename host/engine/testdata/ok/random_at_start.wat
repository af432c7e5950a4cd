;; Draws 8 random bytes when it starts, and answers with them. Also drops a
;; segment then, which its snapshot therefore lacks.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (data $unused "passive")
  (func (export "_initialize")
    (data.drop $unused)
    (drop (call $random_get (i32.const 0) (i32.const 8))))
  (func (export "handle")
    (local $out i64)
    (local.set $out (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $out) (i64.load (i32.const 0)))
    (call $output_set (local.get $out) (i64.const 8))))
