// Command go passes data operations through with the Go SDK: the guest that
// package tck describes.
package main

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/operation"
)

const digits = "012345abcdefghijk"

var operations = []string{
	"object_query", "object_insert", "object_put", "object_patch", "object_delete", "object_batch",
	"http_fetch", "jwt_sign", "jwt_verify", "secret_get", "secure_put", "secure_get",
	"uuid", "wait", "xml_to_json", "schema_validate", "call",
}

func init() {
	postern.Handle(func(r postern.Request) postern.Response { return postern.Text(200, string(follow(r.Body()))) })
}

func main() {}

// follow does what the lines say, and returns the answers.
func follow(script []byte) []byte {
	var answers bytes.Buffer
	for line := range bytes.Lines(script) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch line[0] {
		case '=':
			status, err := strconv.Atoi(string(line[1:]))
			if err != nil {
				panic(err)
			}
			postern.Return(postern.NoContent().WithStatus(status))
		case '~':
			time.Sleep(1200 * time.Millisecond)
		case '!':
			panic("asked to")
		default:
			answer, err := operation.Do(operations[strings.IndexByte(digits, line[0])], line[1:])
			if err != nil {
				panic(err)
			}
			answers.Write(append(answer, '\n'))
		}
	}
	return answers.Bytes()
}

// lines is follow for functions that other functions call.
func lines() int32 {
	return postern.RunBytes(func(input []byte) ([]byte, error) { return follow(input), nil })
}

//go:wasmexport a
func a() int32 { return lines() }

//go:wasmexport b
func b() int32 { return lines() }

//go:wasmexport c
func c() int32 { return lines() }

//go:wasmexport d
func d() int32 { return lines() }

//go:wasmexport e
func e() int32 { return lines() }

//go:wasmexport echo
func echo() int32 {
	return postern.RunBytes(func(input []byte) ([]byte, error) { return input, nil })
}

//go:wasmexport fail
func fail() int32 {
	return postern.RunBytes(func([]byte) ([]byte, error) {
		postern.Fail(400, "asked to", nil)
		return nil, nil
	})
}
