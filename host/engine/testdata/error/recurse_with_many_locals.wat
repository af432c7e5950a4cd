;; Calls itself with a frame of a hundred values.
(module
  (func $deeper (export "handle") (result i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local $n i32)
    (local.set $n (call $deeper))
    (i32.add (local.get $n) (i32.wrap_i64 (i64.add (local.get 0) (local.get 19))))))
