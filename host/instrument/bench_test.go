package instrument_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// BenchmarkPrice measures what counting the budget costs in its worst cases:
// one round calls the original, then the rewritten guest, which leaves to Go
// as often as it likes. The metric "ratio" is rewritten to original.
func BenchmarkPrice(b *testing.B) {
	for name, argument := range map[string]uint64{"scan": 1 << 20, "fib": 27} {
		b.Run(name, func(b *testing.B) {
			wasm := read(b, "testdata/"+name+".wasm")
			ctx := gate{limit: 1 << 24, yielded: func() {}}.in(b.Context())
			was := instantiate(ctx, b, wazero.NewRuntimeConfigCompiler(), wasm).ExportedFunction("run")
			is := instantiate(ctx, b, wazero.NewRuntimeConfigCompiler(), rewritten(b, wasm).Wasm).ExportedFunction("run")
			stack := make([]uint64, 1)
			run := func(fn api.Function) func() {
				return func() {
					stack[0] = argument
					if err := fn.CallWithStack(ctx, stack); err != nil {
						b.Fatal(err)
					}
				}
			}
			comparePrice(b, run(was), run(is))
		})
	}
}

// BenchmarkRewrite measures the rewriting of the largest guest at hand, and by
// how much it grows.
func BenchmarkRewrite(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(plugins(b), "*.wasm"))
	var largest []byte
	for _, file := range files {
		wasm, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		if len(wasm) > len(largest) {
			largest = wasm
		}
	}
	b.SetBytes(int64(len(largest)))
	b.ReportAllocs()
	var size int
	for b.Loop() {
		size = len(rewritten(b, largest).Wasm)
	}
	b.ReportMetric(float64(size)/float64(len(largest)), "growth")
}
