package engine_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// TestOracle_HTTP has the upstream plug-ins that send requests do so, to this
// machine, which their manifests allow.
func TestOracle_HTTP(t *testing.T) {
	if underRace {
		t.Skip("see TestOracle")
	}
	at := mirror(t)
	e := fetching(t, engine.Config{})
	for name, input := range map[string]string{
		"http.wasm":         "",
		"http_headers.wasm": fmt.Sprintf(`{"url":%q}`, at+"/headers"),
	} {
		wasm, err := os.ReadFile(filepath.Join(oracleDir(t), name))
		if err != nil {
			t.Fatal(err)
		}
		const written = "https://jsonplaceholder.typicode.com/todos/1"
		wasm = bytes.ReplaceAll(wasm, []byte(written), []byte(at+"/"+strings.Repeat("x", len(written)-len(at)-1)))
		function := map[string]string{"http.wasm": "run_test", "http_headers.wasm": "http_get"}[name]
		want := askAbout(t, wasm, function, input)
		upload := fmt.Appendf(nil, `{"wasm":[{"data":%q}],"allowed_hosts":["127.0.0.1"]}`, base64.StdEncoding.EncodeToString(wasm))
		for _, isolation := range []string{host.IsolationFresh, host.IsolationReset, host.IsolationReset} {
			c := call(upload)
			c.Function, c.Input, c.Isolation, c.RepeatRandom, c.Timeout = function, []byte(input), isolation, true, time.Minute
			c.Data = reaching("127.0.0.1:" + at[strings.LastIndexByte(at, ':')+1:])
			got, err := output(t, e, c)
			if err != nil || !bytes.Equal(got, want) || len(got) < 10 {
				t.Errorf("%s, %s: got %q, %v\nwant %q", name, isolation, got, err, want)
			}
		}
	}
}

// askAbout is what the SDK has a plug-in answer.
func askAbout(t *testing.T, wasm []byte, function, input string) []byte {
	t.Helper()
	plugin, err := extism.NewPlugin(t.Context(),
		extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: wasm}}, AllowedHosts: []string{"127.0.0.1"}},
		extism.PluginConfig{EnableWasi: true, EnableHttpResponseHeaders: true, RuntimeConfig: wazero.NewRuntimeConfigInterpreter()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(context.Background())
	_, output, err := plugin.Call(function, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return output
}
