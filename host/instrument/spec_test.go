package instrument_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/posternhq/postern/host/instrument"
)

// suite finds the WebAssembly specification's tests, which wazero's module
// carries: the sources that this repository is built with.
func suite(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest")
}

// script is one file of the suite, in the form of wast2json.
type script struct {
	Commands []command `json:"commands"`
}

type command struct {
	Type     string `json:"type"`
	Line     int    `json:"line"`
	Name     string `json:"name"`
	Filename string `json:"filename"`
	As       string `json:"as"`
	Action   struct {
		Type   string  `json:"type"`
		Field  string  `json:"field"`
		Module string  `json:"module"`
		Args   []value `json:"args"`
	} `json:"action"`
	ModuleType string `json:"module_type"`
}

type value struct {
	Type  string          `json:"type"`
	Lanes string          `json:"lane_type"`
	Value json.RawMessage `json:"value"`
}

// words is an argument as wazero takes it.
func (v value) words(t *testing.T) []uint64 {
	t.Helper()
	if v.Type != "v128" {
		var text string
		_ = json.Unmarshal(v.Value, &text)
		n := number(text)
		if v.Type == "externref" && text != "null" {
			n++ // wazero takes 0 for null
		}
		return []uint64{n}
	}
	var lanes []string
	if err := json.Unmarshal(v.Value, &lanes); err != nil {
		t.Fatal(err)
	}
	words := make([]uint64, 2)
	width := 128 / len(lanes)
	for i, lane := range lanes {
		bit := i * width
		words[bit/64] |= number(lane) & (1<<width - 1) << (bit % 64)
	}
	return words
}

func number(text string) uint64 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return uint64(n)
	}
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}

// funcref is the type of references to functions, which are addresses.
const funcref api.ValueType = 0x70

// world runs a script and writes down how every command ended.
type world struct {
	t       *testing.T
	dir     string
	rewrite bool
	runtime wazero.Runtime
	modules map[string]api.Module
	last    api.Module
	ended   []string
}

func (w *world) run(ctx context.Context, commands []command) {
	for i, c := range commands {
		how := ""
		switch c.Type {
		case "module":
			name := ""
			if i+1 < len(commands) && commands[i+1].Type == "register" {
				name = commands[i+1].As
			}
			module, err := w.instantiate(ctx, c.Filename, name)
			how = outcome(err)
			if err == nil {
				w.last, w.modules[c.Name] = module, module
			}
		case "assert_return", "action", "assert_trap", "assert_exhaustion":
			how = w.act(ctx, c)
		case "assert_invalid", "assert_malformed", "assert_unlinkable", "assert_uninstantiable":
			if c.ModuleType != "text" {
				_, err := w.instantiate(ctx, c.Filename, "")
				how = outcome(err)
			}
		}
		w.ended = append(w.ended, fmt.Sprintf("line %d: %s: %s", c.Line, c.Type, how))
	}
}

// outcome keeps of an error what must not change.
func outcome(err error) string {
	for _, trap := range []string{"unreachable", "out of bounds", "invalid table access", "indirect call type mismatch",
		"integer overflow", "integer divide by zero", "invalid conversion", "stack overflow"} {
		if err != nil && strings.Contains(err.Error(), trap) {
			return trap
		}
	}
	return fmt.Sprintf("failed %v", err != nil)
}

func (w *world) instantiate(ctx context.Context, file, name string) (api.Module, error) {
	wasm, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil {
		return nil, err
	}
	if w.rewrite {
		derived, err := instrument.Rewrite(wasm)
		if err != nil {
			return nil, errors.New("refused by Rewrite: " + err.Error())
		}
		wasm = derived.Wasm
	}
	return w.runtime.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithName(name).WithStartFunctions())
}

func (w *world) act(ctx context.Context, c command) string {
	module := w.last
	if c.Action.Module != "" {
		module = w.modules[c.Action.Module]
	}
	if module == nil {
		return "no module"
	}
	if c.Action.Type == "get" {
		return fmt.Sprint(module.ExportedGlobal(c.Action.Field).Get())
	}
	fn := module.ExportedFunction(c.Action.Field)
	if fn == nil {
		return "no function"
	}
	var args []uint64
	for _, arg := range c.Action.Args {
		args = append(args, arg.words(w.t)...)
	}
	results, err := fn.Call(ctx, args...)
	if err != nil {
		return outcome(err)
	}
	for i, typ := range fn.Definition().ResultTypes() {
		if i < len(results) && typ == funcref && results[i] != 0 {
			results[i] = 1 // the address of a function
		}
	}
	return fmt.Sprint(results)
}

// play runs one script on one engine, as it is or rewritten.
func play(t *testing.T, config wazero.RuntimeConfig, file string, rewrite bool) []string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s script
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, config)
	defer r.Close(ctx)
	host, err := os.ReadFile(filepath.Join(filepath.Dir(file), "../../testdata/spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.InstantiateWithConfig(ctx, host, wazero.NewModuleConfig()); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: filepath.Dir(file), rewrite: rewrite, runtime: r, modules: map[string]api.Module{}}
	if filepath.Base(file) == "linking.json" {
		// A memory imported from another module, which must tell its maximum. No
		// upload can import one, and a rewritten memory has none.
		s.Commands = slices.DeleteFunc(s.Commands, func(c command) bool { return c.Line >= 367 && c.Line <= 382 })
	}
	w.run(gate{limit: 1 << 27}.in(ctx), s.Commands)
	return w.ended
}

// TestSpecification runs the specification's suite as it is and rewritten, on
// both of wazero's engines. Every command must end the same way.
func TestSpecification(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("takes minutes under the race detector, and has nothing to race")
	}
	base := suite(t)
	for name, config := range map[string]wazero.RuntimeConfig{
		"compiler": wazero.NewRuntimeConfigCompiler(), "interpreter": wazero.NewRuntimeConfigInterpreter(),
	} {
		config = config.WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst)
		for _, part := range []string{"v2", "tail-call", "extended-const"} {
			files, err := filepath.Glob(filepath.Join(base, part, "testdata/*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no suite in %s: %v", base, err)
			}
			for _, file := range files {
				t.Run(fmt.Sprintf("%s/%s/%s", name, part, strings.TrimSuffix(filepath.Base(file), ".json")), func(t *testing.T) {
					t.Parallel()
					was, is := play(t, config, file, false), play(t, config, file, true)
					if slices.ContainsFunc(was, func(how string) bool { return strings.HasSuffix(how, "no module") }) {
						t.Error("the suite itself does not run")
					}
					differ := 0
					for i := range was {
						if was[i] != is[i] {
							if differ++; differ < 10 {
								t.Errorf("%s, rewritten: %s", was[i], is[i])
							}
						}
					}
				})
			}
		}
	}
}
