;; A bit of everything that a rewrite changes, to be compared with itself.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (type $binary (func (param i32 i32) (result i32)))
  (memory (export "memory") 1 4)
  (table $t 4 8 funcref)
  (table $u 2 externref)
  (elem (table $t) (i32.const 0) func $add $sub)
  (elem $passive func $sub $add)
  (data $bytes "postern")
  (global $i (mut i32) (i32.const 7))
  (global $l (mut i64) (i64.const -8))
  (global $f (mut f32) (f32.const 1.5))
  (global $d (mut f64) (f64.const 2.5))
  (global $v (mut v128) (v128.const i32x4 1 2 3 4))
  (global $r (mut funcref) (ref.func $add))
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $sub (type $binary) (i32.sub (local.get 0) (local.get 1)))

  ;; Changes everything there is: globals, tables, memory and its size.
  (func (export "change") (result i32)
    (global.set $i (i32.add (global.get $i) (i32.const 1)))
    (global.set $l (i64.add (global.get $l) (i64.const 1)))
    (global.set $f (f32.add (global.get $f) (f32.const 1)))
    (global.set $d (f64.add (global.get $d) (f64.const 1)))
    (global.set $v (i32x4.add (global.get $v) (v128.const i32x4 1 1 1 1)))
    (global.set $r (ref.null func))
    (table.set $t (i32.const 0) (ref.func $sub))
    (table.init $t $passive (i32.const 2) (i32.const 0) (i32.const 2))
    (table.set $t (i32.add (i32.const 1) (i32.rem_u (global.get $i) (i32.const 3))) (ref.null func))
    (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 7))
    (drop (call $yield))
    (memory.grow (i32.const 1)))

  ;; A sum over everything there is.
  (func (export "state") (result i64)
    (local $sum i64) (local $n i32)
    (local.set $sum (i64.add (global.get $l) (i64.extend_i32_u (global.get $i))))
    (local.set $sum (i64.add (local.get $sum) (i64.reinterpret_f64 (f64.add (global.get $d) (f64.promote_f32 (global.get $f))))))
    (local.set $sum (i64.add (local.get $sum) (i64x2.extract_lane 1 (global.get $v))))
    (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (global.get $r)))))
    (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (memory.size))))
    (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
      (call_indirect $t (type $binary) (i32.const 900) (i32.const 1) (i32.const 0)))))
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
        (i32.shl (ref.is_null (table.get $t (local.get $n))) (local.get $n)))))
      (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 4))))
    (local.get $sum))

  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "drop") (data.drop $bytes))
  (func (export "grow_table") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
  (func (export "table_size") (result i32) (table.size $t))

  ;; Nested loops with results and branches of every kind across them.
  (func (export "loops") (param $n i32) (result i64)
    (local $i i32) (local $j i32) (local $sum i64)
    (block $out (result i64)
      (loop $outer (result i64)
        (local.set $j (i32.const 0))
        (loop $inner
          (block $even
            (block $odd
              (br_table $even $odd $inner (i32.rem_u (local.get $j) (i32.const 2))))
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $j)))))
          (local.set $sum (i64.mul (local.get $sum) (i64.const 3)))
          (local.set $j (i32.add (local.get $j) (i32.const 1)))
          (drop (br_if $out (i64.const -1) (i32.gt_u (local.get $i) (i32.const 900))))
          (br_if $inner (i32.lt_u (local.get $j) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $outer (i32.lt_u (local.get $i) (local.get $n)))
        (local.get $sum))))
)
