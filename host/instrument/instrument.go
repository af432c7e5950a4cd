// Package instrument reads and rewrites Wasm binaries.
//
// It owns what an upload is judged by (Inspect: imports with the capability
// each one needs, exports, sizes, refusals), the one table of imports that
// guests may use (Known), the one table of instructions (opcode.go), and the
// derived code that runs in place of the uploaded bytes (Rewrite). Its decoder
// is made for hostile input: it never panics and allocates no more than the
// input's length justifies.
//
// It must not know what runs a module, who uploaded it or where it is kept, and
// it does not validate types: the engine's compiler does. It does check every
// index, because rewriting appends to what they count.
//
// A module is decoded in passes: parse reads the outline (binary.go,
// sections.go), scan every instruction (body.go, scan.go). Rewrite then decides
// where the budget is checked (weigh.go), writes what is appended
// (additions.go, names.go), and copies the bodies with what changes in them
// (emit.go).
package instrument

import (
	"unicode"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// Version names what Rewrite does. It is part of the key of every cache of
// derived code and rises with each change of the output.
const Version = "3"

// Bounds of what a module may declare. They lie far above what compilers
// write, and low enough that a declaration alone cannot exhaust the host.
const (
	// maxTables and maxTableEntries bound the tables of a module, and the
	// entries that all of them have at the start.
	maxTables       = 8
	maxTableEntries = 1 << 20
	// tableGrowth is the size up to which a table may grow. The engine's
	// memory limit does not see tables, so Rewrite writes this one into them.
	tableGrowth = 1 << 16
	// maxTypes, maxImports, maxFunctions and maxExports bound lists whose items
	// are a few bytes in the file and far more in memory or in answers.
	maxTypes     = 100_000
	maxImports   = 10_000
	maxFunctions = 200_000
	maxGlobals   = 100_000
	maxExports   = 10_000
	// maxValues bounds the parameters, and the results, of a function.
	maxValues = 1000
	// maxName bounds the bytes of an imported or exported name.
	maxName = 10_000
	// maxListed bounds how many faults one sentence names.
	maxListed = 50
	// wholePages is the most memory that 32 bits can address, in pages.
	wholePages = 1 << 16
)

// invalid makes the error of a refused module: one sentence for its author.
func invalid(format string, args ...any) error {
	return host.Errorf(host.CodeInvalid, format, args...)
}

// label makes a name of a module fit for a sentence: names are chosen by
// strangers, may be megabytes long and hold any character.
func label(name string) string {
	const most = 100
	if len(name) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut] + "…"
	}
	clean := []rune(name)
	for i, r := range clean {
		if !unicode.IsPrint(r) {
			clean[i] = utf8.RuneError
		}
	}
	return string(clean)
}
