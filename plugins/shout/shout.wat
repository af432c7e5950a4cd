;; Upper-cases the ASCII letters of its input.
;;
;; A module by hand, without an SDK: it imports five functions of the Extism
;; ABI and exports "handle", which an endpoint calls. sdk/abi.md explains each.
;; The endpoint's setting "input: body" makes the raw request body the input,
;; and output that is no response envelope is itself the body of the answer.
(module
  (import "extism:host/env" "input_length"  (func $input_length  (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc"         (func $alloc         (param i64) (result i64)))
  (import "extism:host/env" "store_u8"      (func $store_u8      (param i64 i32)))
  (import "extism:host/env" "output_set"    (func $output_set    (param i64 i64)))

  ;; Returns c, or its capital if c is one of a-z.
  (func $upper (param $c i32) (result i32)
    (select
      (i32.sub (local.get $c) (i32.const 32))
      (local.get $c)
      (i32.lt_u (i32.sub (local.get $c) (i32.const 97)) (i32.const 26))))

  (func (export "handle") (result i32)
    (local $length i64) (local $output i64) (local $i i64)
    (local.set $length (call $input_length))
    ;; A block as long as the input, in the memory the host keeps for us.
    (local.set $output (call $alloc (local.get $length)))
    ;; No block for some bytes: the memory limit is reached. 1 is a failure.
    (if (i32.and (i64.eqz (local.get $output)) (i64.ne (local.get $length) (i64.const 0)))
      (then (return (i32.const 1))))
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $i) (local.get $length)))
        (call $store_u8
          (i64.add (local.get $output) (local.get $i))
          (call $upper (call $input_load_u8 (local.get $i))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next)))
    (call $output_set (local.get $output) (local.get $length))
    ;; 0 says that all went well.
    (i32.const 0)))
