//go:build wasip1

package postern

import (
	"unsafe"

	"github.com/posternhq/postern/sdk/go/internal/block"
)

// The host's functions that this SDK uses; sdk/abi.md specifies them. A block
// is a piece of memory the host keeps, named by its address; 0 names none.

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_offset
func inputOffset() uint64

//go:wasmimport extism:host/env output_set
func outputSet(block, length uint64)

//go:wasmimport extism:host/env error_set
func errorSet(block uint64)

//go:wasmimport extism:host/env config_get
func configGet(key uint64) uint64

//go:wasmimport extism:host/env log_trace
func logTrace(block uint64)

//go:wasmimport extism:host/env log_debug
func logDebug(block uint64)

//go:wasmimport extism:host/env log_info
func logInfo(block uint64)

//go:wasmimport extism:host/env log_warn
func logWarn(block uint64)

//go:wasmimport extism:host/env log_error
func logError(block uint64)

// randomGet fills n bytes at p with entropy: what crypto/rand calls, without
// the weight of that package. It returns 0, or an error number.
//
//go:wasmimport wasi_snapshot_preview1 random_get
//go:noescape
func randomGet(p unsafe.Pointer, n uint32) uint32

// handle is the function an endpoint calls by default.
//
//go:wasmexport handle
func handle() int32 { return Run(handler) }

func readInput() []byte {
	return block.Load(inputOffset(), inputLength())
}

func writeOutput(output []byte) {
	outputSet(block.Store(output), uint64(len(output)))
}

// fail makes message the reason why this invocation failed.
func fail(message string) { errorSet(block.StoreText(message)) }

func writeLog(level logLevel, text string) {
	line := block.StoreText(text)
	switch level {
	case levelTrace:
		logTrace(line)
	case levelDebug:
		logDebug(line)
	case levelInfo:
		logInfo(line)
	case levelWarn:
		logWarn(line)
	case levelError:
		logError(line)
	}
	// The host frees the block of a log line.
}

func lookupConfig(name string) (string, bool) {
	key := block.StoreText(name)
	defer block.Free(key)
	value := configGet(key)
	if value == 0 {
		return "", false
	}
	return string(block.Take(value)), true
}

func randomWord() uint64 {
	var words [1]uint64
	fillRandom(words[:])
	return words[0]
}

func fillRandom(words []uint64) {
	if randomGet(unsafe.Pointer(unsafe.SliceData(words)), uint32(8*len(words))) != 0 {
		panic("postern: the host has no entropy")
	}
}

// lock is none: there is one thread, and a goroutine that does not wait for
// anything is not interrupted.
type lock struct{}

func (lock) Lock()   {}
func (lock) Unlock() {}

// word is the eight bytes of b from i on as a number, the lowest first. Of
// encoding/binary's way the compiler makes eight loads here, and one of this.
func word(b []byte, i int) uint64 { return *(*uint64)(unsafe.Pointer(&b[i : i+8][0])) }
