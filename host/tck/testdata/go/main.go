// Command go passes data operations through with the Go SDK: the guest that
// package tck describes.
package main

import (
	"bytes"
	"strconv"
	"time"

	postern "github.com/posternhq/postern/sdk/go"
	"github.com/posternhq/postern/sdk/go/object"
)

var operations = []string{"object_query", "object_insert", "object_put", "object_patch", "object_delete", "object_batch"}

func init() { postern.Handle(handle) }

func main() {}

func handle(r postern.Request) postern.Response {
	var answers bytes.Buffer
	for line := range bytes.Lines(r.Body()) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch line[0] {
		case '=':
			status, err := strconv.Atoi(string(line[1:]))
			if err != nil {
				panic(err)
			}
			return postern.NoContent().WithStatus(status)
		case '~':
			time.Sleep(1200 * time.Millisecond)
		case '!':
			panic("asked to")
		default:
			answer, err := object.Do(operations[line[0]-'0'], line[1:])
			if err != nil {
				panic(err)
			}
			answers.Write(append(answer, '\n'))
		}
	}
	return postern.Text(200, answers.String())
}
