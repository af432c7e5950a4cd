;; Uses what belongs to a call while it warms up.
(module
  (import "extism:host/env" "var_set" (func $f (param i64 i64)))
  (func (export "postern_warmup") (call $f (i64.const 0) (i64.const 0)))
  (func (export "handle")))
