package engine_test

import (
	"bytes"
	"slices"
)

// These helpers write the binaries that are too large, or too wrong, for a
// text file.

// Numbers of sections and instructions as the binary format has them.
const (
	custom, types, imports, functions, memories, exports, codes = 0, 1, 2, 3, 5, 7, 10

	i32, i64    = 0x7f, 0x7e
	end         = 0x0b
	emptyBlock  = 0x40
	callFunc    = 0x10
	dropTop     = 0x1a
	i64Const    = 0x42
	i32WrapI64  = 0xa7
	exportsFunc = 0
)

func wasm(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), slices.Concat(sections...)...)
}

func section(id byte, content ...[]byte) []byte {
	return append([]byte{id}, sized(slices.Concat(content...))...)
}

// list writes a vector of items.
func list(items ...[]byte) []byte { return append(leb(len(items)), slices.Concat(items...)...) }

// sized writes bytes after their number.
func sized(b []byte) []byte { return append(leb(len(b)), b...) }

func str(s string) []byte { return sized([]byte(s)) }

// leb writes a number, unsigned.
func leb(n int) (b []byte) {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// body writes a function of the code section; locals are its declaration.
func body(locals []byte, instructions ...[]byte) []byte {
	return sized(append(append(locals, slices.Concat(instructions...)...), end))
}

var noLocals = []byte{0}

// module is one with function 0 as its handle, which takes and returns nothing.
func module(bodies [][]byte, more ...[]byte) []byte {
	return wasm(
		section(types, []byte{1, 0x60, 0, 0}),
		section(functions, leb(len(bodies)), make([]byte, len(bodies))),
		section(exports, list(slices.Concat(str("handle"), []byte{exportsFunc, 0}))),
		section(codes, list(bodies...)),
		slices.Concat(more...),
	)
}

// times repeats bytes.
func times(n int, b ...byte) []byte { return bytes.Repeat(b, n) }
