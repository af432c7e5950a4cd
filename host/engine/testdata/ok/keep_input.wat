;; Answers with the 64 bytes that the call before left in memory, and leaves
;; its own input there. An input that begins with "!" then traps, one that
;; begins with "?" exits with 0, "#" drops a data segment.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (data $segment "passive")
  (func $answer
    (local $out i64) (local $i i32)
    (local.set $out (call $alloc (i64.const 64)))
    (loop $next
      (call $store_u64 (i64.add (local.get $out) (i64.extend_i32_u (local.get $i))) (i64.load (local.get $i)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 64))))
    (call $output_set (local.get $out) (i64.const 64)))
  (func $keep
    (local $i i64)
    (loop $next
      (if (i64.lt_u (local.get $i) (call $input_length))
        (then
          (i32.store8 (i32.wrap_i64 (local.get $i)) (call $input_load_u8 (local.get $i)))
          (local.set $i (i64.add (local.get $i) (i64.const 1)))
          (br $next)))))
  (func (export "handle")
    (local $first i32)
    (local.set $first (call $input_load_u8 (i64.const 0)))
    (call $answer)
    (call $keep)
    (if (i32.eq (local.get $first) (i32.const 33)) (then (unreachable)))
    (if (i32.eq (local.get $first) (i32.const 35)) (then (data.drop $segment)))
    (if (i32.eq (local.get $first) (i32.const 63)) (then (call $proc_exit (i32.const 0))))))
