;; Draws 8 random bytes when it starts, answers with them, and draws no others in
;; postern_resume. Its postern_warmup says that it must therefore not be put back.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "_initialize") (drop (call $random_get (i32.const 0) (i32.const 8))))
  (func (export "postern_warmup") (result i32) (i32.const 1))
  (func (export "postern_resume"))
  (func (export "handle")
    (call $output_set (call $write (i32.const 0) (i32.const 8)) (i64.const 8))))
