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
// and the garbage of init is not. It returns 1 if the invocations would draw
// the same random numbers, so that the host must give each its own instance.
//
//go:wasmexport postern_warmup
func warmup() int32 {
	rehearse()
	runtime.GC()
	stock()
	rehearse()
	if runtimeGenerator = findGenerator(); runtimeGenerator == nil {
		return 1
	}
	return 0
}

// stock has the allocator open a span of memory for each small size, with and
// without pointers. A collection closes them all, and to open some of them again
// would be half of what a short invocation takes.
func stock() {
	for size := 8; size <= 2048; size += max(8, size/16) {
		stocked = make([]byte, size)
		stockedPointers = make([]*byte, size/8)
	}
	stocked, stockedPointers = nil, nil
}

// What stock allocates must not stay on the stack.
var (
	stocked         []byte
	stockedPointers []*byte
)

// rehearse answers a request, as Run does but for the host.
func rehearse() {
	_, err := answer(func(r Request) Response {
		_, _, _ = r.Param("a"), r.QueryAll("a"), r.Header("A")
		_, _, _ = r.Cookie("a"), r.Body(), r.Caller()
		return Text(200, r.Path()).WithHeader("content-type", "text/plain")
	}, []byte(samplePayload))
	if err != nil {
		panic(err)
	}
}

// resume runs each time the host has put this instance's memory back, and
// replaces what would repeat. Rand has no state.
//
//go:wasmexport postern_resume
func resume() {
	if runtimeGenerator != nil { // else the endpoint insists on it
		runtimeGenerator.reseed()
	}
}
