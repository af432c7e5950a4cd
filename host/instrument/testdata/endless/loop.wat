;; A loop that never ends.
(module (func (export "run") (loop $l (br $l))))
