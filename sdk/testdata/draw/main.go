// Command draw answers with random numbers from wherever a Go program gets
// them, one a line: what must not repeat when an instance is put back.
package main

import (
	crypto "crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	v1 "math/rand"
	v2 "math/rand/v2"
	"strings"

	postern "github.com/posternhq/postern/sdk/go"
)

func init() { postern.Handle(draw) }

func main() {}

func draw(r postern.Request) postern.Response {
	var b [8]byte
	_, _ = crypto.Read(b[:])
	many := map[int]bool{}
	for i := range 100 {
		many[i] = true
	}
	var order []string
	for i := range many {
		order = append(order, fmt.Sprint(i))
	}
	return postern.Text(200, strings.Join([]string{
		fmt.Sprint("postern ", postern.Rand.Uint64()),
		"crypto/rand " + hex.EncodeToString(b[:]),
		fmt.Sprint("math/rand/v2 ", v2.Uint64()),
		fmt.Sprint("math/rand ", v1.Uint64()),
		fmt.Sprint("maphash ", maphash.Bytes(maphash.MakeSeed(), []byte("x"))),
		"order " + strings.Join(order, ","),
	}, "\n"))
}
