;; Uses what belongs to a call while it warms up.
(module
  (import "extism:host/env" "config_get" (func $f (param i64) (result i64)))
  (func (export "postern_warmup") (drop (call $f (i64.const 0))))
  (func (export "handle")))
