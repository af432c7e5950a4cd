//go:build wasip1

package postern

import (
	"encoding/binary"
	"strconv"
)

// The functions of the Extism ABI this SDK uses; sdk/abi.md specifies them.
// A block is a piece of memory the host keeps, named by its offset; 0 names
// none. Eight bytes are the most that one call moves.

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_load_u8
func inputLoadU8(offset uint64) uint32

//go:wasmimport extism:host/env input_load_u64
func inputLoadU64(offset uint64) uint64

//go:wasmimport extism:host/env output_set
func outputSet(block, length uint64)

//go:wasmimport extism:host/env error_set
func errorSet(block uint64)

//go:wasmimport extism:host/env alloc
func alloc(length uint64) uint64

//go:wasmimport extism:host/env free
func free(block uint64)

//go:wasmimport extism:host/env length
func length(block uint64) uint64

//go:wasmimport extism:host/env load_u8
func loadU8(offset uint64) uint32

//go:wasmimport extism:host/env load_u64
func loadU64(offset uint64) uint64

//go:wasmimport extism:host/env store_u8
func storeU8(offset uint64, value uint32)

//go:wasmimport extism:host/env store_u64
func storeU64(offset, value uint64)

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

// handle is the function an endpoint calls by default.
//
//go:wasmexport handle
func handle() int32 { return Run(handler) }

func readInput() []byte {
	return load(0, inputLength(), inputLoadU64, inputLoadU8)
}

func writeOutput(output []byte) {
	outputSet(store(output), uint64(len(output)))
}

// fail makes message the reason why this invocation failed.
func fail(message string) { errorSet(store([]byte(message))) }

func writeLog(level logLevel, text string) {
	block := store([]byte(text))
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
	key := store([]byte(name))
	defer free(key)
	block := configGet(key)
	if block == 0 {
		return "", false
	}
	defer free(block)
	return string(load(block, length(block), loadU64, loadU8)), true
}

// load copies n bytes from offset on into the guest.
func load(offset, n uint64, u64 func(uint64) uint64, u8 func(uint64) uint32) []byte {
	b := make([]byte, n)
	i := uint64(0)
	for ; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], u64(offset+i))
	}
	for ; i < n; i++ {
		b[i] = byte(u8(offset + i))
	}
	return b
}

// store copies b into a new block of the host. Without memory for it the
// module must end: an answer that could not be stored would look like an empty
// one.
func store(b []byte) uint64 {
	n := uint64(len(b))
	block := alloc(n)
	if block == 0 && n > 0 {
		panic("postern: the memory limit leaves no room for " + strconv.FormatUint(n, 10) + " bytes")
	}
	i := uint64(0)
	for ; i+8 <= n; i += 8 {
		storeU64(block+i, binary.LittleEndian.Uint64(b[i:]))
	}
	for ; i < n; i++ {
		storeU8(block+i, uint32(b[i]))
	}
	return block
}
