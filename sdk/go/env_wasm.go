//go:build wasip1

package postern

import (
	"strconv"
	"unsafe"
)

// The host's functions that this SDK uses; sdk/abi.md specifies them. A block
// is a piece of memory the host keeps, named by its address; 0 names none.

// hostRead copies n bytes from an address in a block to p.
//
//go:wasmimport postern:host/v1 read
//go:noescape
func hostRead(address uint64, p unsafe.Pointer, n uint32)

// hostWrite makes a block of the n bytes at p: 0 if n is 0, or the memory
// limit is reached.
//
//go:wasmimport postern:host/v1 write
//go:noescape
func hostWrite(p unsafe.Pointer, n uint32) uint64

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_offset
func inputOffset() uint64

//go:wasmimport extism:host/env output_set
func outputSet(block, length uint64)

//go:wasmimport extism:host/env error_set
func errorSet(block uint64)

//go:wasmimport extism:host/env free
func free(block uint64)

//go:wasmimport extism:host/env length
func length(block uint64) uint64

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
	return load(inputOffset(), inputLength())
}

func writeOutput(output []byte) {
	outputSet(store(output), uint64(len(output)))
}

// fail makes message the reason why this invocation failed.
func fail(message string) { errorSet(storeText(message)) }

func writeLog(level logLevel, text string) {
	block := storeText(text)
	switch level {
	case levelTrace:
		logTrace(block)
	case levelDebug:
		logDebug(block)
	case levelInfo:
		logInfo(block)
	case levelWarn:
		logWarn(block)
	case levelError:
		logError(block)
	}
	// The host frees the block of a log line.
}

func lookupConfig(name string) (string, bool) {
	key := storeText(name)
	defer free(key)
	block := configGet(key)
	if block == 0 {
		return "", false
	}
	defer free(block)
	return string(load(block, length(block))), true
}

// load copies n bytes from an address in a block.
func load(address, n uint64) []byte {
	b := make([]byte, n)
	hostRead(address, unsafe.Pointer(unsafe.SliceData(b)), uint32(n))
	return b
}

// store copies b into a new block of the host. Without memory for it the
// module must end: an answer that could not be stored would look like an empty
// one.
func store(b []byte) uint64 {
	block := hostWrite(unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)))
	if block == 0 && len(b) > 0 {
		panic("postern: the memory limit leaves no room for " + strconv.Itoa(len(b)) + " bytes")
	}
	return block
}

func storeText(s string) uint64 { return store(unsafe.Slice(unsafe.StringData(s), len(s))) }

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
