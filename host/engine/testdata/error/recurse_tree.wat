;; Calls itself twice, 2^40 times in all, without a loop.
(module
  (memory 1)
  (func $tree (param $depth i32)
    (if (local.get $depth)
      (then
        (call $tree (i32.sub (local.get $depth) (i32.const 1)))
        (call $tree (i32.sub (local.get $depth) (i32.const 1))))))
  (func (export "handle") (call $tree (i32.const 40))))
