;; Sets variables of 1 MiB, each under another name, until there is no memory
;; for a further one, and answers with their number as 8 bytes, the lowest first.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (func (export "handle")
    (local $i i64) (local $name i64) (local $value i64) (local $out i64)
    (local.set $out (call $alloc (i64.const 8)))
    (block $full
      (loop $next
        (local.set $name (call $alloc (i64.const 8)))
        (call $store_u64 (local.get $name) (local.get $i))
        (local.set $value (call $alloc (i64.const 0x100000)))
        (br_if $full (i64.eqz (local.get $value)))
        (call $var_set (local.get $name) (local.get $value))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next)))
    (call $store_u64 (local.get $out) (local.get $i))
    (call $output_set (local.get $out) (i64.const 8))))
