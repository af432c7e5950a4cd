;; Bulk copies of what is not there, one for each letter of its input. $block
;; has eight bytes, memory one page.
(module
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "postern:host/v1" "read" (func $read (param i64 i32 i32)))
  (import "postern:host/v1" "write" (func $write (param i32 i32) (result i64)))
  (memory 1)
  (func (export "handle") (result i32)
    (local $block i64) (local $case i32)
    (local.set $case (call $input_load_u8 (i64.const 0)))
    (local.set $block (call $alloc (i64.const 8)))
    (if (i32.eq (local.get $case) (i32.const 0x61)) ;; a: one byte more than the block
      (then (call $read (local.get $block) (i32.const 0) (i32.const 9))))
    (if (i32.eq (local.get $case) (i32.const 0x62)) ;; b: from behind the block
      (then (call $read (i64.add (local.get $block) (i64.const 8)) (i32.const 0) (i32.const 1))))
    (if (i32.eq (local.get $case) (i32.const 0x63)) ;; c: no block
      (then (call $read (i64.const 0) (i32.const 0) (i32.const 1))))
    (if (i32.eq (local.get $case) (i32.const 0x64)) ;; d: the greatest address
      (then (call $read (i64.const -1) (i32.const 0) (i32.const 2))))
    (if (i32.eq (local.get $case) (i32.const 0x65)) ;; e: a negative length
      (then (call $read (local.get $block) (i32.const 0) (i32.const -1))))
    (if (i32.eq (local.get $case) (i32.const 0x66)) ;; f: past the end of memory
      (then (call $read (local.get $block) (i32.const 65529) (i32.const 8))))
    (if (i32.eq (local.get $case) (i32.const 0x67)) ;; g: a sum that overflows 32 bits
      (then (call $read (local.get $block) (i32.const -4) (i32.const 8))))
    (if (i32.eq (local.get $case) (i32.const 0x68)) ;; h: a freed block
      (then
        (call $free (local.get $block))
        (call $read (local.get $block) (i32.const 0) (i32.const 8))))
    (if (i32.eq (local.get $case) (i32.const 0x69)) ;; i: one byte more than memory
      (then (drop (call $write (i32.const 0) (i32.const 65537)))))
    (if (i32.eq (local.get $case) (i32.const 0x6a)) ;; j: behind memory
      (then (drop (call $write (i32.const 65536) (i32.const 1)))))
    (if (i32.eq (local.get $case) (i32.const 0x6b)) ;; k: a sum that overflows 32 bits
      (then (drop (call $write (i32.const -1) (i32.const 2)))))
    (if (i32.eq (local.get $case) (i32.const 0x6c)) ;; l: a negative length
      (then (drop (call $write (i32.const 0) (i32.const -1)))))
    (i32.const 0)))
