;; Two functions call each other for ever, each in place of its own frame: the
;; stack never fills.
(module
  (func $one (export "handle") (return_call $other))
  (func $other (return_call $one)))
