package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/posternhq/postern/host/engine"
)

// BenchmarkCall_Fresh is a call on a new instance: of a guest that does
// nothing, of one that copies 100 bytes, and of one made by the Go compiler,
// whose runtime starts each time.
func BenchmarkCall_Fresh(b *testing.B) {
	goGuest, err := os.ReadFile(filepath.Join(oracleDir(b), "count_vowels_std.wasm"))
	if err != nil {
		b.Fatal(err)
	}
	benchmarks := []struct {
		name     string
		wasm     []byte
		function string
	}{
		{"nothing", guest(b, "ok/nothing"), "handle"},
		{"echo", guest(b, "ok/echo"), "handle"},
		{"go", goGuest, "_start"},
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			e := open(b, engine.Config{})
			c := call(bm.wasm)
			c.Function, c.Input = bm.function, make([]byte, 100)
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
