;; Exports handle in a form that cannot be called.
(module
  (func (export "handle") (param i32) (result i32) (local.get 0))
  (func (export "pair") (result i32 i32) (i32.const 0) (i32.const 0))
  (func (export "long") (result i64) (i64.const 0)))
