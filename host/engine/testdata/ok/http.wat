;; Sends the request in the first line of its input, with the lines after it as
;; the body, and answers with the status, two bytes, the headers, a line break and
;; the body. Without a first line it only asks for status and headers.
(module
  (import "postern:host/v1" "read" (func $read (param i64 i32 i32)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "http_request" (func $http_request (param i64 i64) (result i64)))
  (import "extism:host/env" "http_status_code" (func $http_status_code (result i32)))
  (import "extism:host/env" "http_headers" (func $http_headers (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 16)
  (global $end (mut i32) (i32.const 0)) ;; of what is in memory

  ;; take appends a block.
  (func $take (param $block i64)
    (local $n i32)
    (local.set $n (i32.wrap_i64 (call $length (local.get $block))))
    (call $read (local.get $block) (global.get $end) (local.get $n))
    (global.set $end (i32.add (global.get $end) (local.get $n))))

  (func (export "handle")
    (local $n i32) (local $line i32) (local $body i64)
    (local.set $n (i32.wrap_i64 (call $input_length)))
    (call $read (call $input_offset) (i32.const 0) (local.get $n))
    (block $found
      (loop $next
        (br_if $found (i32.ge_u (local.get $line) (local.get $n)))
        (br_if $found (i32.eq (i32.load8_u (local.get $line)) (i32.const 10)))
        (local.set $line (i32.add (local.get $line) (i32.const 1)))
        (br $next)))
    (if (local.get $line)
      (then
        (if (i32.lt_u (i32.add (local.get $line) (i32.const 1)) (local.get $n))
          (then
            (local.set $body (call $write (i32.add (local.get $line) (i32.const 1))
              (i32.sub (i32.sub (local.get $n) (local.get $line)) (i32.const 1))))))
        (local.set $body (call $http_request (call $write (i32.const 0) (local.get $line)) (local.get $body)))))
    (i32.store16 (i32.const 0) (call $http_status_code))
    (global.set $end (i32.const 2))
    (call $take (call $http_headers))
    (i32.store8 (global.get $end) (i32.const 10))
    (global.set $end (i32.add (global.get $end) (i32.const 1)))
    (call $take (local.get $body))
    (call $output_set (call $write (i32.const 0) (global.get $end)) (i64.extend_i32_u (global.get $end)))))
