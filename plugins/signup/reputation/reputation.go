// Command reputation stands in for a service that knows mail addresses, so that
// the tutorial needs nothing but this host.
package main

import (
	"strings"

	postern "github.com/posternhq/postern/sdk/go"
)

func init() { postern.Handle(check) }

func main() {}

// check thinks little of addresses at mailinator.example.
func check(r postern.Request) postern.Response {
	if strings.HasSuffix(r.Query("email"), "@mailinator.example") {
		return postern.RawJSON(200, []byte(`{"disposable":true}`))
	}
	return postern.RawJSON(200, []byte(`{"disposable":false}`))
}
