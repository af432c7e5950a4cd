package engine_test

import (
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/guesttest"
)

// BenchmarkCall_Fresh, _Reset and _Reuse are a call in each isolation: of a
// guest that does nothing, of one that copies 100 bytes one by one, and of the plug-in hello, whose Go runtime
// decodes a request and encodes a response.
func BenchmarkCall_Fresh(b *testing.B) { benchmarkCall(b, host.IsolationFresh) }
func BenchmarkCall_Reset(b *testing.B) { benchmarkCall(b, host.IsolationReset) }
func BenchmarkCall_Reuse(b *testing.B) { benchmarkCall(b, host.IsolationReuse) }

func benchmarkCall(b *testing.B, isolation string) {
	benchmarks := []struct {
		name  string
		wasm  []byte
		input string
	}{
		{"nothing", guest(b, "ok/nothing"), ""},
		{"echo", guest(b, "ok/echo"), string(make([]byte, 100))},
		{"hello", hello(b), helloRequest},
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			e := open(b, engine.Config{})
			c := call(bm.wasm)
			c.Input, c.Isolation = []byte(bm.input), isolation
			// What hello draws when it starts does not matter here.
			c.RepeatRandom = true
			if _, err := e.Call(b.Context(), c); err != nil { // compiles
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Call(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const helloRequest = `{"fqdn":"example.com","host":"example.com","httpVersion":"1.1","method":"GET","path":"/hello/Ada",` +
	`"pathMapping":{"name":"Ada"},"queryParams":{},"header":{"accept":"*/*"},"cookies":{},"clientIp":"192.0.2.1",` +
	`"requestId":"0190","receivedAt":"2025-01-01T00:00:00.000Z","app":{"id":"1","name":"hello","environment":"production"},` +
	`"endpoint":{"id":"2","name":"Say hello","release":1},"caller":null}`

// hello is the plug-in as its author would build it.
func hello(b *testing.B) []byte {
	b.Helper()
	wasm, err := guesttest.Build("../../plugins/hello")
	if err != nil {
		b.Fatal(err)
	}
	return wasm
}
