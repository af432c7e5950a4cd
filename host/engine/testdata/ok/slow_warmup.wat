;; Takes a while to warm up.
(module
  (func (export "postern_warmup") (local $n i32)
    (loop $on
      (br_if $on (i32.lt_u
        (local.tee $n (i32.add (local.get $n) (i32.const 1)))
        (i32.const 200000000)))))
  (func (export "handle")))
