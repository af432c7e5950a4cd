package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// oracleCase is one call of an upstream plug-in that must end alike in the
// Extism SDK for Go and here.
type oracleCase struct {
	function string
	input    string
	config   map[string]string
	// otherText says that the call fails in both, with other words.
	otherText bool
}

// oracleCases are the plug-ins in the SDK's wasm folder. Those that want files
// get none from either side.
var oracleCases = map[string][]oracleCase{
	"alloc.wasm":            {{function: "run_test"}},
	"config.wasm":           {{function: "run_test"}, {function: "run_test", config: map[string]string{"thing": "hello"}}},
	"count_vowels.wasm":     {{function: "count_vowels", input: "hello world"}, {function: "count_vowels"}, {function: "missing", otherText: true}},
	"count_vowels_std.wasm": {{function: "_start", input: "ben"}},
	"exit.wasm": {
		{function: "_start"},
		{function: "_start", config: map[string]string{"code": "0"}},
		{function: "_start", config: map[string]string{"code": "-1"}},
		{function: "_start", config: map[string]string{"code": "500"}},
		{function: "_start", config: map[string]string{"code": "abc"}},
	},
	"fail.wasm":          {{function: "run_test"}},
	"fs.wasm":            {{function: "run_test"}},
	"fs_std.wasm":        {{function: "run_test"}},
	"hello.wasm":         {{function: "run_test"}},
	"hello_haskell.wasm": {{function: "testing", input: "John"}, {function: "testing", input: "Ann", config: map[string]string{"greeting": "Howdy"}}},
	// What these two send where they may is in TestOracle_HTTP.
	"http.wasm":         {{function: "run_test", otherText: true}},
	"http_headers.wasm": {{function: "http_get", input: `{"url":"https://extism.org"}`, otherText: true}},
	"input_offset.wasm": {{function: "input_offset_length", input: "hello world"}},
	"lib.wasm":          {{function: "capitalize", otherText: true}},
	"log.wasm":          {{function: "run_test"}},
	"noop.wasm":         {{function: "run_test"}, {function: "_start"}},
	"println.wasm":      {{function: "run_test", input: "hello"}},
	"read_write.wasm":   {{function: "try_read"}, {function: "try_write", input: "hello"}},
	"replace.wasm":      {{function: "run_test", input: "hello world"}},
	"sleep.wasm":        {{function: "run_test", config: map[string]string{"duration": "0"}}},
	"std_command.wasm":  {{function: "_start", input: "hello"}},
	"var.wasm":          {{function: "run_test"}},
}

// oracleRefused are the plug-ins that cannot be uploaded, with the import that
// stands in the way.
var oracleRefused = map[string]string{
	"host.wasm":           "extism:host/user.mult",             // functions of the embedding program
	"host_memory.wasm":    "host.to_upper",                     // likewise
	"host_multiple.wasm":  "extism:host/user.hostGreenMessage", // likewise
	"main.wasm":           "lib.capitalize",                    // a second module
	"nested.c.instr.wasm": "dylibso_observe.instrument_enter",  // tracing hooks
}

// oracleDir is the folder of plug-ins in the SDK's module.
func oracleDir(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/extism/go-sdk").Output()
	if err != nil {
		t.Fatalf("where is the Extism SDK? %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "wasm")
}

func TestOracle(t *testing.T) {
	if underRace {
		t.Skip("one call at a time has no races, and compiling takes minutes; the tests without the race detector include it")
	}
	extism.SetLogLevel(extism.LogLevelInfo)
	dir := oracleDir(t)
	plugins, err := filepath.Glob(filepath.Join(dir, "*.wasm"))
	if err != nil || len(plugins) == 0 {
		t.Fatalf("no plug-ins in %s: %v", dir, err)
	}
	e := open(t, engine.Config{})
	for _, path := range plugins {
		name := filepath.Base(path)
		wasm, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			if refused, ok := oracleRefused[name]; ok {
				err := e.Check(t.Context(), wasm)
				if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(host.AsError(err).Message, refused) {
					t.Errorf("got %v, want a refusal that names %s", err, refused)
				}
				return
			}
			if len(oracleCases[name]) == 0 {
				t.Fatalf("the SDK has a plug-in %s that no case covers", name)
			}
			compareWithOracle(t, e, wasm, oracleCases[name])
		})
	}
	if want := len(oracleCases) + len(oracleRefused); len(plugins) != want {
		t.Errorf("the SDK has %d plug-ins, the tables have %d", len(plugins), want)
	}
}

func compareWithOracle(t *testing.T, e *engine.Engine, wasm []byte, cases []oracleCase) {
	ctx := t.Context()
	// wazero's interpreter starts faster, and is another engine than ours.
	compiled, err := extism.NewCompiledPlugin(ctx, extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: wasm}}},
		extism.PluginConfig{EnableWasi: true, RuntimeConfig: wazero.NewRuntimeConfigInterpreter()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close(context.Background())
	// Every case follows every other in an instance that was put back.
	for range 2 {
		for _, c := range cases {
			want := askOracle(t, compiled, c)
			for _, isolation := range []string{host.IsolationFresh, host.IsolationReset, host.IsolationReset, host.IsolationReset} {
				compareOutcomes(t, c, isolation, askEngine(t, e, wasm, c, isolation), want)
			}
		}
	}
}

// compareOutcomes expects the same of the engine as of the SDK; a reset
// instance must give it every time.
func compareOutcomes(t *testing.T, c oracleCase, isolation string, got, want outcome) {
	t.Helper()
	if (got.failed || want.failed) && c.otherText {
		got.text, want.text = "", ""
	}
	if got.failed != want.failed || got.exit != want.exit || got.text != want.text {
		t.Errorf("%+v, %s\nengine: %+v\noracle: %+v", c, isolation, got, want)
	}
	if !want.failed && !bytes.Equal(got.output, want.output) {
		t.Errorf("%+v, %s\nengine: %q\noracle: %q", c, isolation, got.output, want.output)
	}
	if got, want := strings.Join(got.logs, "\n"), strings.Join(want.logs, "\n"); got != want {
		t.Errorf("%+v, %s\nengine logged: %s\noracle logged: %s", c, isolation, got, want)
	}
}

// outcome is how a call ended.
type outcome struct {
	output []byte
	failed bool
	exit   uint32
	text   string   // first line of the error
	logs   []string // what log_info, log_warn and log_error were given
}

func askOracle(t *testing.T, compiled *extism.CompiledPlugin, c oracleCase) (o outcome) {
	t.Helper()
	var printed bytes.Buffer
	plugin, err := compiled.Instance(t.Context(), extism.PluginInstanceConfig{
		ModuleConfig: wazero.NewModuleConfig().WithSysWalltime().WithSysNanotime().WithSysNanosleep().WithStdout(&printed),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(context.Background())
	plugin.Config = c.config
	plugin.SetLogger(func(level extism.LogLevel, text string) {
		if level >= extism.LogLevelInfo {
			o.logs = append(o.logs, strings.ToLower(level.String())+" "+text)
		}
	})
	exit, output, err := plugin.Call(c.function, []byte(c.input))
	for line := range strings.Lines(printed.String()) {
		o.logs = append(o.logs, "info "+strings.TrimSuffix(line, "\n"))
	}
	o.output, o.exit, o.failed = output, exit, exit != 0 || err != nil
	if err != nil {
		o.text = trapText(err.Error())
	}
	return o
}

func askEngine(t *testing.T, e *engine.Engine, wasm []byte, c oracleCase, isolation string) (o outcome) {
	t.Helper()
	sum := sha256.Sum256(wasm)
	result, err := e.Call(t.Context(), engine.Call{
		Digest:   hex.EncodeToString(sum[:]),
		Load:     func(context.Context) ([]byte, error) { return wasm, nil },
		Function: c.function, Input: []byte(c.input), Config: c.config, Timeout: time.Minute,
		// What a guest draws when it starts does not show in these outputs.
		Isolation: isolation, RepeatRandom: true,
		Log: func(level, text string) {
			if level == host.LogInfo || level == host.LogWarn || level == host.LogError {
				o.logs = append(o.logs, level+" "+text)
			}
		},
	})
	var failure *engine.Failure
	if errors.As(err, &failure) {
		return outcome{failed: true, exit: failure.ExitCode, text: trapText(failure.Text), logs: o.logs}
	}
	if err != nil {
		t.Errorf("%+v: %v", c, err)
	}
	o.output = result.Output
	return o
}

// trapText is the first line of an error, without what wazero says of an exit.
func trapText(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if strings.HasPrefix(line, "module closed with ") {
		return ""
	}
	return line
}
