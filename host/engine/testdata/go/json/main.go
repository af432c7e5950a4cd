// Command json greets whoever the path names, as an author would write it
// without Postern's SDK: on the Extism ABI alone, which moves eight bytes per
// call, and with encoding/json. Every host of Extism plug-ins can run it.
package main

import (
	"encoding/binary"
	"encoding/json"
)

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_load_u64
func inputLoad64(offset uint64) uint64

//go:wasmimport extism:host/env input_load_u8
func inputLoad8(offset uint64) uint32

//go:wasmimport extism:host/env alloc
func alloc(length uint64) uint64

//go:wasmimport extism:host/env store_u64
func store64(address, value uint64)

//go:wasmimport extism:host/env store_u8
func store8(address uint64, value uint32)

//go:wasmimport extism:host/env output_set
func outputSet(address, length uint64)

type request struct {
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	PathMapping map[string]string `json:"pathMapping"`
	QueryParams map[string]any    `json:"queryParams"`
	Header      map[string]any    `json:"header"`
}

type answer struct {
	Message string `json:"message"`
}

//go:wasmexport handle
func handle() int32 {
	var r request
	if err := json.Unmarshal(input(), &r); err != nil {
		return 1
	}
	text, err := json.Marshal(answer{"Hello, " + r.PathMapping["name"] + "!"})
	if err != nil {
		return 1
	}
	output(text)
	return 0
}

func main() {}

func input() []byte {
	n := inputLength()
	b := make([]byte, 0, n+7)
	for uint64(len(b))+8 <= n {
		b = binary.LittleEndian.AppendUint64(b, inputLoad64(uint64(len(b))))
	}
	for uint64(len(b)) < n {
		b = append(b, byte(inputLoad8(uint64(len(b)))))
	}
	return b
}

func output(b []byte) {
	n := uint64(len(b))
	block := alloc(n)
	at := block
	for ; len(b) >= 8; b = b[8:] {
		store64(at, binary.LittleEndian.Uint64(b))
		at += 8
	}
	for _, c := range b {
		store8(at, uint32(c))
		at++
	}
	outputSet(block, n)
}
