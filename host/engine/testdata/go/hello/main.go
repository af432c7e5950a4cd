// Command hello does with the Go SDK what c/hello.c does in C: it greets whom
// the path names.
package main

import postern "github.com/posternhq/postern/sdk/go"

func init() { postern.Handle(greet) }

func main() {}

func greet(r postern.Request) postern.Response {
	message := postern.Quote("Hello, " + r.Param("name") + "!")
	return postern.RawJSON(200, []byte(`{"message":`+message+`}`))
}
