;; Passes data operations through: the guest that package tck describes, with the
;; request's body as its input (input: body).
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "postern:host/v1" "read" (func $read (param i64 i32 i32)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (import "postern:host/v1" "object_query" (func $query (param i64) (result i64)))
  (import "postern:host/v1" "object_insert" (func $insert (param i64) (result i64)))
  (import "postern:host/v1" "object_put" (func $put (param i64) (result i64)))
  (import "postern:host/v1" "object_patch" (func $patch (param i64) (result i64)))
  (import "postern:host/v1" "object_delete" (func $delete (param i64) (result i64)))
  (import "postern:host/v1" "object_batch" (func $batch (param i64) (result i64)))
  (import "postern:host/v1" "http_fetch" (func $http_fetch (param i64) (result i64)))
  (import "postern:host/v1" "jwt_sign" (func $jwt_sign (param i64) (result i64)))
  (import "postern:host/v1" "jwt_verify" (func $jwt_verify (param i64) (result i64)))
  (import "postern:host/v1" "secret_get" (func $secret_get (param i64) (result i64)))
  (import "postern:host/v1" "secure_put" (func $secure_put (param i64) (result i64)))
  (import "postern:host/v1" "secure_get" (func $secure_get (param i64) (result i64)))
  (import "postern:host/v1" "uuid" (func $uuid (param i64) (result i64)))
  (import "postern:host/v1" "wait" (func $wait (param i64) (result i64)))
  (import "postern:host/v1" "xml_to_json" (func $xml_to_json (param i64) (result i64)))
  (import "postern:host/v1" "schema_validate" (func $schema_validate (param i64) (result i64)))
  (import "postern:host/v1" "call" (func $call (param i64) (result i64)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (type $operation (func (param i64) (result i64)))
  (table funcref (elem $query $insert $put $patch $delete $batch
    $http_fetch $jwt_sign $jwt_verify $secret_get $secure_put $secure_get $uuid $wait $xml_to_json $schema_validate $call))
  (memory (export "memory") 1)
  ;; A subscription of poll_oneoff: 1.2 s on the clock that only goes forward.
  (data (i32.const 16) "\01\00\00\00")
  (data (i32.const 24) "\00\8c\86\47\00\00\00\00")
  (data (i32.const 96) "{\"status\":")

  (global $out (mut i32) (i32.const 0)) ;; where the answers begin
  (global $end (mut i32) (i32.const 0)) ;; and where they end

  ;; Makes room for n bytes behind the answers.
  (func $reserve (param $n i32)
    (local $missing i32)
    (local.set $missing (i32.sub (i32.add (global.get $end) (local.get $n)) (i32.mul (memory.size) (i32.const 65536))))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then (if (i32.eq (memory.grow (i32.add (i32.shr_u (local.get $missing) (i32.const 16)) (i32.const 1))) (i32.const -1))
        (then unreachable)))))

  ;; Carries out an operation on the request of n bytes at p.
  (func $carry_out (param $operation i32) (param $p i32) (param $n i32)
    (local $block i64) (local $size i32)
    (local.set $block (call_indirect (type $operation)
      (call $write (local.get $p) (local.get $n)) (local.get $operation)))
    (local.set $size (i32.wrap_i64 (call $length (local.get $block))))
    (call $reserve (i32.add (local.get $size) (i32.const 1)))
    (call $read (local.get $block) (global.get $end) (local.get $size))
    (call $free (local.get $block))
    (global.set $end (i32.add (global.get $end) (local.get $size)))
    (i32.store8 (global.get $end) (i32.const 10))
    (global.set $end (i32.add (global.get $end) (i32.const 1))))

  ;; Answers {"status":…} with the n digits at p.
  (func $answer (param $p i32) (param $n i32)
    (memory.copy (i32.const 106) (local.get $p) (local.get $n))
    (i32.store8 (i32.add (i32.const 106) (local.get $n)) (i32.const 125))
    (global.set $out (i32.const 96))
    (global.set $end (i32.add (i32.const 107) (local.get $n))))

  ;; The number of an operation: 0 to 5 are their own, "a" is 6.
  (func $operation_of (param $byte i32) (result i32)
    (i32.sub (local.get $byte) (select (i32.const 48) (i32.const 91) (i32.lt_u (local.get $byte) (i32.const 58)))))

  ;; What other functions call: the same under other names, one that gives its
  ;; input back, and one that fails.
  (export "a" (func $handle))
  (export "b" (func $handle))
  (export "c" (func $handle))
  (export "d" (func $handle))
  (export "e" (func $handle))
  (func (export "echo") (result i32)
    (call $output_set (call $input_offset) (call $input_length))
    (i32.const 0))
  (func (export "fail") (result i32) (i32.const 1))

  (func $handle (export "handle") (result i32)
    (local $p i32) (local $next i32) (local $first i32) (local $n i32)
    (local.set $p (i32.const 128))
    (global.set $end (local.get $p))
    (call $reserve (i32.wrap_i64 (call $input_length)))
    (call $read (call $input_offset) (local.get $p) (i32.wrap_i64 (call $input_length)))
    (global.set $out (i32.add (local.get $p) (i32.wrap_i64 (call $input_length))))
    (global.set $end (global.get $out))
    (local.set $n (global.get $out)) ;; the end of the input
    (block $done
      (loop $line
        (br_if $done (i32.ge_u (local.get $p) (local.get $n)))
        (local.set $next (local.get $p))
        (loop $byte
          (if (i32.ne (i32.load8_u (local.get $next)) (i32.const 10))
            (then (local.set $next (i32.add (local.get $next) (i32.const 1))) (br $byte))))
        (local.set $first (i32.load8_u (local.get $p)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (if (i32.eq (local.get $first) (i32.const 33)) (then unreachable)) ;; !
        (if (i32.eq (local.get $first) (i32.const 61)) ;; =
          (then
            (call $answer (local.get $p) (i32.sub (local.get $next) (local.get $p)))
            (br $done)))
        (if (i32.eq (local.get $first) (i32.const 126)) ;; ~
          (then (drop (call $poll_oneoff (i32.const 0) (i32.const 48) (i32.const 1) (i32.const 80))))
          (else (call $carry_out (call $operation_of (local.get $first)) (local.get $p) (i32.sub (local.get $next) (local.get $p)))))
        (local.set $p (i32.add (local.get $next) (i32.const 1)))
        (br $line)))
    (call $output_set
      (call $write (global.get $out) (i32.sub (global.get $end) (global.get $out)))
      (i64.extend_i32_u (i32.sub (global.get $end) (global.get $out))))
    (i32.const 0)))
