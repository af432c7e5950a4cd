;; Everything at the edges of bulk copies that is allowed. Returns the number
;; of the first step that went wrong, else 0 with the output "cdabcdef".
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "postern:host/v1" "read" (func $read (param i64 i32 i32)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (memory 1)
  (data (i32.const 0) "abcdef")
  (func (export "handle") (result i32)
    (local $block i64) (local $last i64)
    ;; No bytes: nothing is copied and nothing looked at.
    (call $read (i64.const 0) (i32.const 0) (i32.const 0))
    (call $read (i64.const -1) (i32.const -1) (i32.const 0))
    (if (i64.ne (call $write (i32.const 0) (i32.const 0)) (i64.const 0)) (then (return (i32.const 1))))
    (if (i64.ne (call $write (i32.const -1) (i32.const 0)) (i64.const 0)) (then (return (i32.const 2))))
    ;; The first and the last bytes of memory.
    (local.set $block (call $write (i32.const 0) (i32.const 6)))
    (if (i64.ne (call $length (local.get $block)) (i64.const 6)) (then (return (i32.const 3))))
    (call $read (local.get $block) (i32.const 65530) (i32.const 6))
    (if (i32.ne (i32.load8_u (i32.const 65535)) (i32.const 102)) (then (return (i32.const 4))))
    (local.set $last (call $write (i32.const 65535) (i32.const 1)))
    (if (i64.ne (call $length (local.get $last)) (i64.const 1)) (then (return (i32.const 5))))
    ;; A part of a block.
    (call $read (i64.add (local.get $block) (i64.const 2)) (i32.const 100) (i32.const 2))
    (call $read (local.get $block) (i32.const 102) (i32.const 6))
    ;; All of memory, and more than the limit leaves.
    (local.set $last (call $write (i32.const 0) (i32.const 65536)))
    (if (i64.ne (call $length (local.get $last)) (i64.const 65536)) (then (return (i32.const 6))))
    (call $read (local.get $last) (i32.const 0) (i32.const 65536))
    (block $full
      (loop $next
        (br_if $full (i64.eqz (call $write (i32.const 0) (i32.const 65536))))
        (br $next)))
    (call $free (local.get $last))
    ;; The output's block stays readable after it was freed.
    (local.set $block (call $write (i32.const 100) (i32.const 8)))
    (call $output_set (local.get $block) (i64.const 8))
    (call $free (local.get $block))
    (call $read (local.get $block) (i32.const 0) (i32.const 8))
    (i32.const 0)))
