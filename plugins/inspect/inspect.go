// Command inspect answers with the payload it got, so that one can see what a
// module sees of a request: headers, parameters, body, caller.
package main

import postern "github.com/posternhq/postern/sdk/go"

func init() { postern.Handle(show) }

func main() {}

// show answers with the payload as the host wrote it: decoding it first would
// lose what decoding loses, such as the digits of a large number.
func show(r postern.Request) postern.Response {
	return postern.RawJSON(200, r.Payload())
}
