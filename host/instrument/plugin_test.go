package instrument_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/posternhq/postern/host/instrument"
)

// plugins finds the plug-ins that come with the Extism SDK.
func plugins(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/extism/go-sdk").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "wasm")
}

// TestRewrite_Plugins calls every export of plug-ins in many languages, as they
// are and rewritten, with a host that answers 0 to everything and writes down
// what it was asked. What they ask, return and leave in memory must agree.
func TestRewrite_Plugins(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("takes minutes under the race detector, and has nothing to race")
	}
	files, err := filepath.Glob(filepath.Join(plugins(t), "*.wasm"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d plug-ins: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".wasm"), func(t *testing.T) {
			t.Parallel()
			wasm, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			derived, err := instrument.Rewrite(wasm)
			if err != nil {
				t.Fatal(err)
			}
			was, is := life(t, wasm), life(t, derived.Wasm)
			if len(was) != len(is) {
				t.Errorf("%d steps, rewritten %d", len(was), len(is))
			}
			for i := range min(len(was), len(is)) {
				if was[i] != is[i] {
					t.Fatalf("step %d: %s, rewritten: %s", i, was[i], is[i])
				}
			}
		})
	}
}

// life runs what a module exports, and lists what happened.
func life(t *testing.T, wasm []byte) (steps []string) {
	t.Helper()
	ctx := gate{limit: 64 << 20, yielded: func() {}}.in(t.Context())
	r := wazero.NewRuntime(ctx)
	defer r.Close(context.Background())
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	if err := fake(ctx, r, compiled, &steps); err != nil {
		t.Fatal(err)
	}
	m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		return []string{outcome(err)}
	}
	for _, name := range []string{"hs_init", "_initialize", "__wasm_call_ctors"} {
		steps = append(steps, act(ctx, m, name))
	}
	for _, name := range slices.Sorted(maps.Keys(compiled.ExportedFunctions())) {
		if !strings.HasPrefix(name, instrument.ExportPrefix) {
			steps = append(steps, act(ctx, m, name))
		}
	}
	return steps
}

// act calls one export with zeros, and says how that ended.
func act(ctx context.Context, m api.Module, name string) string {
	fn := m.ExportedFunction(name)
	if fn == nil || m.IsClosed() {
		return name + " is not there"
	}
	results, err := fn.Call(ctx, make([]uint64, len(fn.Definition().ParamTypes()))...)
	how := fmt.Sprint(results)
	if err != nil {
		how = outcome(err)
	}
	if mem := m.Memory(); mem != nil {
		bytes, _ := mem.Read(0, mem.Size())
		how += fmt.Sprintf(" memory %d %x", len(bytes), sha256.Sum256(bytes))
	}
	return name + " " + how
}

// fake offers what a module imports beside WASI: functions that answer 0, a
// hundred times, and then end the guest, as some ask until they get more.
func fake(ctx context.Context, r wazero.Runtime, compiled wazero.CompiledModule, steps *[]string) error {
	asked := 0
	return offer(ctx, r, compiled, func(def api.FunctionDefinition) api.GoModuleFunc {
		_, name, _ := def.Import()
		return func(_ context.Context, _ api.Module, stack []uint64) {
			if asked++; asked%100 == 0 {
				panic(errStop)
			}
			for i, typ := range def.ParamTypes() {
				if typ == api.ValueTypeI32 {
					stack[i] = uint64(uint32(stack[i])) // wazero leaves the rest undefined
				}
			}
			*steps = append(*steps, fmt.Sprintf("%s %x", name, stack[:len(def.ParamTypes())]))
			clear(stack)
		}
	})
}

// offer makes host modules of the functions that a module imports beside WASI.
func offer(ctx context.Context, r wazero.Runtime, compiled wazero.CompiledModule, fn func(api.FunctionDefinition) api.GoModuleFunc) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, def := range compiled.ImportedFunctions() {
		module, name, _ := def.Import()
		if module == wasi_snapshot_preview1.ModuleName {
			continue
		}
		if builders[module] == nil {
			builders[module] = r.NewHostModuleBuilder(module)
		}
		builders[module].NewFunctionBuilder().WithGoModuleFunction(fn(def), def.ParamTypes(), def.ResultTypes()).Export(name)
	}
	for _, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return err
		}
	}
	return nil
}
