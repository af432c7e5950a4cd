// Command echo answers with what it was sent: handle with the request's body,
// through the SDK; raw with the module's input as it is, in two bulk copies.
package main

import (
	"unsafe"

	postern "github.com/posternhq/postern/sdk/go"
)

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_offset
func inputOffset() uint64

//go:wasmimport extism:host/env output_set
func outputSet(address, length uint64)

//go:wasmimport postern:host/v1 read
//go:noescape
func hostRead(address uint64, p unsafe.Pointer, n uint32)

//go:wasmimport postern:host/v1 write
//go:noescape
func hostWrite(p unsafe.Pointer, n uint32) uint64

func init() {
	postern.Handle(func(r postern.Request) postern.Response {
		return postern.Bytes(200, "application/octet-stream", r.Body())
	})
}

func main() {}

//go:wasmexport raw
func raw() int32 {
	b := make([]byte, inputLength())
	p, n := unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b))
	hostRead(inputOffset(), p, n)
	outputSet(hostWrite(p, n), uint64(n))
	return 0
}
