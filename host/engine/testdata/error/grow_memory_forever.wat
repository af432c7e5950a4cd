;; Grows its memory page by page, and goes on when it cannot.
(module (memory 1)
  (func (export "handle")
    (loop $again (drop (memory.grow (i32.const 1))) (br $again))))
