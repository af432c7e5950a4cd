//go:build wasip1

package block

import (
	"strconv"
	"unsafe"
)

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

//go:wasmimport extism:host/env length
func length(block uint64) uint64

//go:wasmimport extism:host/env free
func free(block uint64)

// Free gives a block back.
func Free(block uint64) { free(block) }

// Load copies n bytes from an address in a block.
func Load(address, n uint64) []byte {
	b := make([]byte, n)
	hostRead(address, unsafe.Pointer(unsafe.SliceData(b)), uint32(n))
	return b
}

// Take copies a whole block and gives it back.
func Take(block uint64) []byte {
	b := Load(block, length(block))
	free(block)
	return b
}

// Store copies b into a new block of the host. Without memory for it the
// module must end: an answer that could not be stored would look like an empty
// one.
func Store(b []byte) uint64 {
	block := hostWrite(unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)))
	if block == 0 && len(b) > 0 {
		panic("postern: the memory limit leaves no room for " + strconv.Itoa(len(b)) + " bytes")
	}
	return block
}

// StoreText is Store for a text.
func StoreText(s string) uint64 { return Store(unsafe.Slice(unsafe.StringData(s), len(s))) }
