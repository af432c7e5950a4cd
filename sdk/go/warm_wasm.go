//go:build wasip1

package postern

import "runtime"

// The payload that warms a module up. It has every member that a request may
// have, and text that needs decoding.
const samplePayload = `{"fqdn":"localhost","host":"localhost:8080","httpVersion":"1.1","method":"POST","path":"/",` +
	`"pathMapping":{"a":"\u00e9"},"queryParams":{"a":"1"},"header":{"a":"1"},"cookies":{"a":"1"},` +
	`"multiValueQueryParams":{"a":["0","1"]},"multiValueHeader":{"a":["0","1"]},"body":{"a":1},"bodyEncoding":"json",` +
	`"clientIp":"127.0.0.1","requestId":"","receivedAt":"2026-01-01T00:00:00.000Z",` +
	`"app":{"id":"","name":"","environment":"development"},"endpoint":{"id":"","name":"","release":1},` +
	`"caller":{"kind":"key","id":"","name":"","groups":["a"],"variables":{"a":"1"},"claims":{}}}`

// warmup runs before the host keeps this instance's memory as the one that
// every invocation begins with: whatever is built at first use is in it then,
// and the garbage of init is not.
//
//go:wasmexport postern_warmup
func warmup() {
	_, err := answer(func(r Request) Response {
		_, _, _ = r.Param("a"), r.QueryAll("a"), r.Header("A")
		_, _, _ = r.Cookie("a"), r.Body(), r.Caller()
		return Text(200, r.Path()).WithHeader("content-type", "text/plain")
	}, []byte(samplePayload))
	if err != nil {
		panic(err)
	}
	runtimeGenerator = findGenerator()
	runtime.GC()
}

// resume runs each time the host has put this instance's memory back, and
// replaces what would repeat. Rand has no state.
//
//go:wasmexport postern_resume
func resume() {
	if runtimeGenerator != nil {
		runtimeGenerator.reseed()
	}
}
