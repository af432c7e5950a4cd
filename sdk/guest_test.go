// Package sdk_test runs modules made with the SDKs on wazero, with as little of
// a host as they need.
package sdk_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/posternhq/postern/host/guesttest"
	"github.com/posternhq/postern/host/instrument"
	// The SDK embeds its sources, so that a change of them runs these tests again.
	_ "github.com/posternhq/postern/sdk/go"
)

// build compiles a Go package as `postern build` does, but with its symbols.
func build(t *testing.T, dir string) []byte {
	t.Helper()
	wasm, err := guesttest.Build(dir, "-ldflags=")
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// guest is an instance with the host's side of one call: the input is the
// block at 1, and whatever the guest writes is the block at 2.
type guest struct {
	t       *testing.T
	module  api.Module
	input   []byte
	written []byte
	output  []byte
	failure []byte
}

// start makes an instance, initialised.
func start(t *testing.T, wasm []byte) *guest {
	t.Helper()
	ctx := t.Context()
	runtime := wazero.NewRuntime(ctx)
	t.Cleanup(func() { _ = runtime.Close(context.WithoutCancel(ctx)) })
	wasi_snapshot_preview1.MustInstantiate(ctx, runtime)
	g := &guest{t: t}
	for _, name := range []string{instrument.ExtismModule, instrument.PosternModule} {
		b := runtime.NewHostModuleBuilder(name)
		for _, im := range instrument.Known(name) {
			b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
				g.host(im.Name, m, stack)
			}), types(im.Params), types(im.Results)).Export(im.Name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	module, err := runtime.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().
		WithStartFunctions("_initialize").WithRandSource(rand.Reader).WithSysWalltime().WithSysNanotime())
	if err != nil {
		t.Fatal(err)
	}
	g.module = module
	return g
}

func types(names []string) (list []api.ValueType) {
	for _, name := range names {
		list = append(list, map[string]api.ValueType{"i32": api.ValueTypeI32, "i64": api.ValueTypeI64}[name])
	}
	return list
}

// host is what the SDKs need of the host's functions.
func (g *guest) host(name string, m api.Module, stack []uint64) {
	switch name {
	case "input_length":
		stack[0] = uint64(len(g.input))
	case "input_offset":
		stack[0] = 1
	case "read":
		m.Memory().Write(api.DecodeU32(stack[1]), g.input[:api.DecodeU32(stack[2])])
	case "write":
		b, _ := m.Memory().Read(api.DecodeU32(stack[0]), api.DecodeU32(stack[1]))
		g.written = bytes.Clone(b)
		stack[0] = 2
	case "output_set":
		g.output = g.written
	case "error_set":
		g.failure = g.written
	case "log_error":
		g.t.Logf("%s", g.written)
	default:
		g.t.Errorf("the guest calls %s", name)
	}
}

// call calls an export that takes nothing.
func (g *guest) call(name string) uint32 {
	g.t.Helper()
	fn := g.module.ExportedFunction(name)
	if fn == nil {
		g.t.Fatalf("the guest does not export %s", name)
	}
	results, err := fn.Call(g.t.Context())
	if err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	if len(results) == 0 {
		return 0
	}
	return api.DecodeU32(results[0])
}

// handle answers a payload, and returns the body.
func (g *guest) handle(payload string) string {
	g.t.Helper()
	g.input, g.output, g.failure = []byte(payload), nil, nil
	if code := g.call("handle"); code != 0 {
		g.t.Fatalf("handle returns %d: %s", code, g.failure)
	}
	var response struct{ Body json.RawMessage }
	if err := json.Unmarshal(g.output, &response); err != nil {
		g.t.Fatalf("%s: %v", g.output, err)
	}
	var text string
	if json.Unmarshal(response.Body, &text) == nil {
		return text
	}
	return string(response.Body)
}

// memory is a copy of the guest's memory, for restore.
func (g *guest) memory() []byte {
	b, _ := g.module.Memory().Read(0, g.module.Memory().Size())
	return bytes.Clone(b)
}

// restore puts the memory back; what it grew by since is zero again.
func (g *guest) restore(snapshot []byte) {
	b, _ := g.module.Memory().Read(0, g.module.Memory().Size())
	clear(b[copy(b, snapshot):])
}

const payload = `{"method":"GET","path":"/hello/Ada","pathMapping":{"name":"Ada"},"queryParams":{"lang":"fr"},"caller":null}`

func TestGo_Hello(t *testing.T) {
	t.Parallel()
	wasm := build(t, "../plugins/hello")
	g := start(t, wasm)
	g.call("postern_warmup")
	snapshot := g.memory()
	for range 100 {
		g.call("postern_resume")
		if got, want := g.handle(payload), `{"message":"Bonjour, Ada!"}`; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		g.restore(snapshot)
	}
	g.input = []byte("no payload")
	if code := g.call("handle"); code != 1 || !strings.Contains(string(g.failure), "no payload") {
		t.Errorf("got %d, %q", code, g.failure)
	}
}

// TestGo_LeavesJSONOut: a module that does not use encoding/json does not
// carry it, although the SDK could.
func TestGo_LeavesJSONOut(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]bool{"../plugins/hello": false, "../plugins/greet-form": true} {
		wasm := build(t, dir)
		for _, symbol := range []string{"encoding/json.(*encodeState).marshal", "encoding/json.Marshal"} {
			if got := bytes.Contains(wasm, []byte(symbol)); got != want {
				t.Errorf("%s holds %s: %v", dir, symbol, got)
			}
		}
		if bytes.Contains(wasm, []byte("load_u64")) {
			t.Errorf("%s copies eight bytes at a time", dir)
		}
	}
}

// TestGo_ImportsWhatItUses: an import asks an app for its permission, so a module
// must not have those of operations that it does not use.
func TestGo_ImportsWhatItUses(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"../plugins/hello":  "",
		"../plugins/orders": "object_batch object_insert object_patch object_query",
		"../plugins/signup": "http_fetch jwt_sign jwt_verify object_insert object_patch object_query schema_validate",
	} {
		m, err := instrument.Inspect(build(t, dir), 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, im := range m.Imports {
			if im.Module == instrument.PosternModule && im.Capability != instrument.Memory {
				got = append(got, im.Name)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s imports %s, want %s", dir, got, want)
		}
	}
}

// TestGo_Random restores a guest a thousand times: no source of random numbers
// repeats, and those that only postern_resume keeps from it do without.
func TestGo_Random(t *testing.T) {
	t.Parallel()
	g := start(t, build(t, "testdata/draw"))
	if code := g.call("postern_warmup"); code != 0 {
		t.Fatal("the runtime's random generator was not found")
	}
	snapshot := g.memory()
	draw := func() []string {
		defer g.restore(snapshot)
		return strings.Split(g.handle(payload), "\n")
	}
	first, second := draw(), draw()
	for i := range first {
		source, _, _ := strings.Cut(first[i], " ")
		if repeats := first[i] == second[i]; repeats != (source != "postern" && source != "crypto/rand") {
			t.Errorf("without postern_resume: %s and %s", first[i], second[i])
		}
	}
	seen := map[string]bool{}
	for range 1000 {
		g.call("postern_resume")
		for _, line := range draw() {
			if seen[line] {
				t.Fatalf("drawn twice: %s", line)
			}
			seen[line] = true
		}
	}
}
