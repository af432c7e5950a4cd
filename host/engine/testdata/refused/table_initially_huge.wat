;; Starts with a table of as many entries as 32 bits can count.
(module (table 0xffffffff funcref)
  (func (export "handle")))
