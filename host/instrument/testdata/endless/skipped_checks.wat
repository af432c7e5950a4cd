;; A loop whose ways avoid what looks like the place for a check.
(module (global $g (mut i32) (i32.const 0)) (func (export "run")
  (loop $l
    (if (global.get $g) (then (unreachable)) (else (nop)))
    (block $a (br_if $a (i32.eqz (global.get $g))) (call $b))
    (block $a (br_if $a (i32.eqz (global.get $g))) (call $b))
    (br $l)))
  (func $b))
