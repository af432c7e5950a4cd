;; Carries out a script of data operations of all groups, a line each:
;;
;;   a letter      and JSON: i object_insert, q object_query, f http_fetch,
;;                 g secret_get, p secure_put, o secure_get, j jwt_sign,
;;                 k jwt_verify, u uuid, w wait, x xml_to_json,
;;                 v schema_validate, c call; a number before the letter repeats
;;                 it, and keeps the last answer
;;   l and text    logs it
;;   t and digits  waits so many milliseconds
;;   s and digits  sets the status of the answer, 200 before
;;   r and text    answers with just that text, now
;;   @             loops for ever
;;   !             traps
;;
;; and answers {"status":…,"body":[the answers of the operations]}. Its functions
;; handle and a to e all do so.
(module
  (import "postern:host/v1" "read" (func $read (param i64 i32 i32)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (import "postern:host/v1" "object_insert" (func $object_insert (param i64) (result i64)))
  (import "postern:host/v1" "object_query" (func $object_query (param i64) (result i64)))
  (import "postern:host/v1" "http_fetch" (func $http_fetch (param i64) (result i64)))
  (import "postern:host/v1" "secret_get" (func $secret_get (param i64) (result i64)))
  (import "postern:host/v1" "secure_put" (func $secure_put (param i64) (result i64)))
  (import "postern:host/v1" "secure_get" (func $secure_get (param i64) (result i64)))
  (import "postern:host/v1" "jwt_sign" (func $jwt_sign (param i64) (result i64)))
  (import "postern:host/v1" "jwt_verify" (func $jwt_verify (param i64) (result i64)))
  (import "postern:host/v1" "uuid" (func $uuid (param i64) (result i64)))
  (import "postern:host/v1" "wait" (func $wait (param i64) (result i64)))
  (import "postern:host/v1" "xml_to_json" (func $xml_to_json (param i64) (result i64)))
  (import "postern:host/v1" "schema_validate" (func $schema_validate (param i64) (result i64)))
  (import "postern:host/v1" "call" (func $call (param i64) (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))

  ;; 0: a subscription of poll_oneoff; 64: its event; 128: the head of the
  ;; answer; 256: an empty request; 1024: the script, then the answer.
  (memory (export "memory") 1)
  (data (i32.const 128) "{\"status\":200,\"body\":[")
  (data (i32.const 256) "{}")
  (global $out (mut i32) (i32.const 0)) ;; where the answer begins
  (global $end (mut i32) (i32.const 0)) ;; and ends so far
  (global $head i32 (i32.const 22))     ;; length of the head

  ;; reserve makes the memory reach to a place.
  (func $reserve (param $to i32)
    (local $have i32)
    (local.set $have (i32.shl (memory.size) (i32.const 16)))
    (if (i32.gt_u (local.get $to) (local.get $have))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow (i32.add (i32.const 1) (i32.shr_u (i32.sub (local.get $to) (local.get $have)) (i32.const 16)))))
          (then (unreachable))))))

  ;; add puts a byte at the end of the answer.
  (func $add (param $byte i32)
    (call $reserve (i32.add (global.get $end) (i32.const 1)))
    (i32.store8 (global.get $end) (local.get $byte))
    (global.set $end (i32.add (global.get $end) (i32.const 1))))

  ;; take adds a block to the answer, after a comma if need be, and frees it.
  (func $take (param $block i64)
    (local $n i32)
    (if (i32.gt_u (global.get $end) (i32.add (global.get $out) (global.get $head)))
      (then (call $add (i32.const 44))))
    (local.set $n (i32.wrap_i64 (call $length (local.get $block))))
    (call $reserve (i32.add (global.get $end) (local.get $n)))
    (call $read (local.get $block) (global.get $end) (local.get $n))
    (global.set $end (i32.add (global.get $end) (local.get $n)))
    (call $free (local.get $block)))

  ;; answer hands over a part of the memory.
  (func $answer (param $from i32) (param $n i32)
    (call $output_set (call $write (local.get $from) (local.get $n)) (i64.extend_i32_u (local.get $n))))

  ;; number reads digits.
  (func $number (param $p i32) (param $e i32) (result i32)
    (local $n i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $p) (local.get $e)))
        (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10)) (i32.sub (i32.load8_u (local.get $p)) (i32.const 48))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $next)))
    (local.get $n))

  (func $sleep (param $ms i32)
    (i32.store offset=16 (i32.const 0) (i32.const 1)) ;; the monotonic clock
    (i64.store offset=24 (i32.const 0) (i64.mul (i64.extend_i32_u (local.get $ms)) (i64.const 1000000)))
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 120))))

  ;; operate carries out the operation of a letter.
  (func $operate (param $letter i32) (param $from i32) (param $n i32) (result i64)
    (local $request i64)
    (local.set $request (call $write (local.get $from) (local.get $n)))
    (if (i32.eq (local.get $letter) (i32.const 105)) (then (return (call $object_insert (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 113)) (then (return (call $object_query (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 102)) (then (return (call $http_fetch (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 103)) (then (return (call $secret_get (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 112)) (then (return (call $secure_put (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 111)) (then (return (call $secure_get (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 106)) (then (return (call $jwt_sign (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 107)) (then (return (call $jwt_verify (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 117)) (then (return (call $uuid (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 119)) (then (return (call $wait (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 120)) (then (return (call $xml_to_json (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 118)) (then (return (call $schema_validate (local.get $request)))))
    (if (i32.eq (local.get $letter) (i32.const 99)) (then (return (call $call (local.get $request)))))
    (unreachable))

  ;; line carries out one line; 1 ends the script.
  (func $line (param $p i32) (param $e i32) (result i32)
    (local $letter i32) (local $times i32) (local $digits i32) (local $n i32) (local $block i64)
    (local.set $digits (local.get $p))
    (loop $digit
      (local.set $letter (i32.load8_u (local.get $p)))
      (if (i32.lt_u (i32.sub (local.get $letter) (i32.const 48)) (i32.const 10))
        (then
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $digit))))
    (local.set $times (call $number (local.get $digits) (local.get $p)))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (local.set $n (i32.sub (local.get $e) (local.get $p)))
    (if (i32.eq (local.get $letter) (i32.const 33)) (then (unreachable)))
    (if (i32.eq (local.get $letter) (i32.const 64)) (then (loop $ever (br $ever))))
    (if (i32.eq (local.get $letter) (i32.const 108))
      (then
        (call $log_info (call $write (local.get $p) (local.get $n)))
        (return (i32.const 0))))
    (if (i32.eq (local.get $letter) (i32.const 116))
      (then
        (call $sleep (call $number (local.get $p) (local.get $e)))
        (return (i32.const 0))))
    (if (i32.eq (local.get $letter) (i32.const 115))
      (then
        (memory.copy (i32.add (global.get $out) (i32.const 10)) (local.get $p) (local.get $n))
        (return (i32.const 0))))
    (if (i32.eq (local.get $letter) (i32.const 114))
      (then
        (call $answer (local.get $p) (local.get $n))
        (return (i32.const 1))))
    (loop $again
      (call $free (local.get $block))
      (local.set $block (call $operate (local.get $letter) (local.get $p) (local.get $n)))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get $times) (i32.const 0))))
    (call $take (local.get $block))
    (i32.const 0))

  (func (export "handle") (export "a") (export "b") (export "c") (export "d") (export "e") (result i32)
    (local $n i32) (local $p i32) (local $e i32) (local $all i32)
    (local.set $n (i32.wrap_i64 (call $input_length)))
    (local.set $all (i32.add (i32.const 1024) (local.get $n)))
    (call $reserve (i32.add (local.get $all) (i32.const 1024)))
    (call $read (call $input_offset) (i32.const 1024) (local.get $n))
    (global.set $out (i32.add (local.get $all) (i32.const 16)))
    (global.set $end (i32.add (global.get $out) (global.get $head)))
    (memory.copy (global.get $out) (i32.const 128) (global.get $head))
    (local.set $p (i32.const 1024))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $p) (local.get $all)))
        (local.set $e (local.get $p))
        (block $ended
          (loop $more
            (br_if $ended (i32.ge_u (local.get $e) (local.get $all)))
            (br_if $ended (i32.eq (i32.load8_u (local.get $e)) (i32.const 10)))
            (local.set $e (i32.add (local.get $e) (i32.const 1)))
            (br $more)))
        (if (call $line (local.get $p) (local.get $e)) (then (return (i32.const 0))))
        (local.set $p (i32.add (local.get $e) (i32.const 1)))
        (br $next)))
    (call $add (i32.const 93))
    (call $add (i32.const 125))
    (call $answer (global.get $out) (i32.sub (global.get $end) (global.get $out)))
    (i32.const 0)))
