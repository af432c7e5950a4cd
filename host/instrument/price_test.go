package instrument_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host/guesttest"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// BenchmarkPrice_Guests measures what counting the budget costs guests as
// languages make them. The metric "ratio" is rewritten to original.
func BenchmarkPrice_Guests(b *testing.B) {
	for _, g := range []struct {
		name    string
		wasm    func(b *testing.B) []byte
		prepare func(b *testing.B, m api.Module) (work func())
	}{
		{"go json, 1 kB", goJSON, extismCall("handle", jsonInput(1<<10))},
		{"go json, 100 kB", goJSON, extismCall("handle", jsonInput(100<<10))},
		{"rust count_vowels, 1 MB", upstream("count_vowels"), extismCall("count_vowels", strings.Repeat("Hello, World! ", 1<<20/14))},
		{"rust serde, 100 kB", upstream("http_headers"), extismCall("http_get", httpInput(100<<10))},
		{"quickjs", quickJS, evaluate},
		{"assemblyscript", assemblyScript, func(b *testing.B, m api.Module) func() {
			return func() { call(b.Context(), b, m, "work", 2000) }
		}},
	} {
		b.Run(g.name, func(b *testing.B) {
			wasm := g.wasm(b)
			comparePrice(b, g.prepare(b, onHost(b, wasm)), g.prepare(b, onHost(b, rewritten(b, wasm).Wasm)))
		})
	}
}

// comparePrice lets two guests work in turns. It compares their first quartiles,
// which tell less of what else the machine does than the medians.
func comparePrice(b *testing.B, was, is func()) {
	var before, after []float64
	was()
	is()
	for b.Loop() {
		start := time.Now()
		was()
		middle := time.Now()
		is()
		before = append(before, float64(middle.Sub(start)))
		after = append(after, float64(time.Since(middle)))
	}
	slices.Sort(before)
	slices.Sort(after)
	b.ReportMetric(after[len(after)/4]/before[len(before)/4], "ratio")
}

// onHost instantiates a guest with as little of a host as these need: WASI, the
// Extism functions for input and output, and functions that answer 0.
func onHost(b *testing.B, wasm []byte) api.Module {
	b.Helper()
	ctx := gate{limit: 256 << 20, yielded: func() {}}.in(b.Context())
	r := wazero.NewRuntime(ctx)
	b.Cleanup(func() { _ = r.Close(context.Background()) })
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		b.Fatal(err)
	}
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	err = offer(ctx, r, compiled, func(def api.FunctionDefinition) api.GoModuleFunc {
		_, name, _ := def.Import()
		fn := blockFunctions[name]
		return func(ctx context.Context, _ api.Module, stack []uint64) {
			if fn == nil {
				clear(stack)
				return
			}
			fn(ctx.Value(blocksKey{}).(*blocks), stack)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// blocks is the memory that an Extism host keeps for one call: the input at 8,
// and what the guest allocates behind it. Nothing is freed.
type blocks struct {
	bytes  []byte
	input  uint64
	sizes  map[uint64]uint64
	failed bool
}

type blocksKey struct{}

func newBlocks(input string) *blocks {
	return &blocks{bytes: append(make([]byte, 8, 4*len(input)+1<<16), input...), input: uint64(len(input)), sizes: map[uint64]uint64{8: uint64(len(input))}}
}

var blockFunctions = map[string]func(k *blocks, stack []uint64){
	"input_length":   func(k *blocks, stack []uint64) { stack[0] = k.input },
	"input_offset":   func(_ *blocks, stack []uint64) { stack[0] = 8 },
	"input_load_u8":  func(k *blocks, stack []uint64) { stack[0] = uint64(k.bytes[8+stack[0]]) },
	"input_load_u64": func(k *blocks, stack []uint64) { stack[0] = binary.LittleEndian.Uint64(k.bytes[8+stack[0]:]) },
	"load_u8":        func(k *blocks, stack []uint64) { stack[0] = uint64(k.bytes[stack[0]]) },
	"load_u64":       func(k *blocks, stack []uint64) { stack[0] = binary.LittleEndian.Uint64(k.bytes[stack[0]:]) },
	"store_u8":       func(k *blocks, stack []uint64) { k.bytes[stack[0]] = byte(stack[1]) },
	"store_u64":      func(k *blocks, stack []uint64) { binary.LittleEndian.PutUint64(k.bytes[stack[0]:], stack[1]) },
	"length":         func(k *blocks, stack []uint64) { stack[0] = k.sizes[stack[0]] },
	"length_unsafe":  func(k *blocks, stack []uint64) { stack[0] = k.sizes[stack[0]] },
	"error_set":      func(k *blocks, stack []uint64) { k.failed = stack[0] != 0 },
	"alloc": func(k *blocks, stack []uint64) {
		at, n := uint64(len(k.bytes)), stack[0]
		k.bytes = append(k.bytes, make([]byte, n)...)
		k.sizes[at] = n
		stack[0] = at
	},
}

// extismCall calls an export with an input.
func extismCall(name, input string) func(b *testing.B, m api.Module) func() {
	return func(b *testing.B, m api.Module) func() {
		if m.ExportedFunction(name) == nil {
			b.Fatalf("the guest has no %s", name)
		}
		return func() {
			k := newBlocks(input)
			ctx := context.WithValue(b.Context(), blocksKey{}, k)
			if code := call(ctx, b, m, name); code != 0 || k.failed {
				b.Fatalf("%s returned %d", name, code)
			}
		}
	}
}

// jsonInput is a payload of about a size.
func jsonInput(size int) string {
	text := `{"method":"GET","path":"/hello/Ada","pathMapping":{"name":"Ada"},"queryParams":{"q":["a","b"]},"header":{"accept":"*/*"`
	for i := 0; len(text) < size; i++ {
		text += fmt.Sprintf(`,"x-header-%d":{"value":"a \"quoted\" value","number":%d.5,"list":[true,null,"é"]}`, i, i)
	}
	return text + "}}"
}

// httpInput is a request with many headers for a guest to decode and encode.
// It is told that there was no response.
func httpInput(size int) string {
	text := `{"url":"https://example.com","method":"GET","headers":{"accept":"*/*"`
	for i := 0; len(text) < size; i++ {
		text += fmt.Sprintf(`,"x-header-%d":"a \"quoted\" value %d of some length"`, i, i)
	}
	return text + "}}"
}

func goJSON(b *testing.B) []byte {
	b.Helper()
	wasm, err := guesttest.Build("../engine/testdata/go/json")
	if err != nil {
		b.Fatal(err)
	}
	return wasm
}

func upstream(name string) func(b *testing.B) []byte {
	return func(b *testing.B) []byte { return read(b, filepath.Join(plugins(b), name+".wasm")) }
}

// fromNPM installs a package into a directory of its own, and returns that.
func fromNPM(b *testing.B, pkg string) string {
	b.Helper()
	if os.Getenv("POSTERN_BENCH") == "" {
		b.Skip("set POSTERN_BENCH=1 to install " + pkg + " from npm")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		b.Skip("not measured: no npm to install " + pkg)
	}
	dir := b.TempDir()
	install := exec.Command("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, pkg)
	if out, err := install.CombinedOutput(); err != nil {
		b.Skipf("not measured: npm has no %s: %s", pkg, out)
	}
	return dir
}

func quickJS(b *testing.B) []byte {
	return read(b, filepath.Join(fromNPM(b, "quickjs-wasi@3.6.2"), "node_modules/quickjs-wasi/quickjs.wasm"))
}

// evaluate runs a script with the functions that quickjs-wasi exports.
func evaluate(b *testing.B, m api.Module) func() {
	ctx := b.Context()
	script := append(read(b, "testdata/price/work.js"), 0)
	text := uint32(call(ctx, b, m, "malloc", uint64(len(script))))
	m.Memory().Write(text, script)
	call(ctx, b, m, "qjs_init")
	return func() {
		end := uint64(text) + uint64(len(script)) - 1 // an empty name for the script
		result := call(ctx, b, m, "qjs_eval", uint64(text), uint64(len(script)-1), end, 0)
		if call(ctx, b, m, "qjs_is_exception", result) != 0 || call(ctx, b, m, "qjs_is_number", result) == 0 {
			b.Fatal("the script failed")
		}
		call(ctx, b, m, "qjs_free_value", result)
	}
}

func assemblyScript(b *testing.B) []byte {
	dir := fromNPM(b, "assemblyscript@0.28.20")
	source, err := filepath.Abs("testdata/price/work.ts")
	if err != nil {
		b.Fatal(err)
	}
	compile := exec.Command("node", filepath.Join(dir, "node_modules/assemblyscript/bin/asc.js"), filepath.Base(source), "-O", "-o", filepath.Join(dir, "work.wasm"))
	compile.Dir = filepath.Dir(source)
	if out, err := compile.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return read(b, filepath.Join(dir, "work.wasm"))
}
