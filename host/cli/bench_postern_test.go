package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/posternhq/postern/host/engine"
)

// house is a whole host with the guests as modules of one app.
type house struct {
	address string
	api     *client.Client
	app     string
	header  string // the line with a caller's key
}

func newHouse(t *testing.T, guests map[string][]byte) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{address: startServer(t, dir, "--log-level=error").address}
	key, err := os.ReadFile(filepath.Join(dir, "data", "admin.key"))
	must(t, err)
	h.api, err = client.New(client.Config{Server: "http://" + h.address, APIKey: strings.TrimSpace(string(key))})
	must(t, err)
	app, err := h.api.CreateApp(t.Context(), client.AppFields{Name: client.Value("bench")})
	must(t, err)
	h.app = app.ID
	secret, err := h.api.CreateKey(t.Context(), client.KeyFields{Name: client.Value("bench")})
	must(t, err)
	h.header = "X-API-Key: " + secret.Secret + "\r\n"
	for name, wasm := range guests {
		_, _, err := h.api.UploadModule(t.Context(), h.app, client.Upload{Name: moduleName(name), Content: bytes.NewReader(wasm), Size: int64(len(wasm))})
		must(t, err)
	}
	return h
}

// moduleName makes a guest's path one that a module can have.
func moduleName(guest string) string { return strings.NewReplacer("/", "-", "_", "-").Replace(guest) }

// serve makes an endpoint that runs a guest, and returns the path of it.
func (h *house) serve(t *testing.T, method, guest, function, isolation, input string) string {
	t.Helper()
	path := "/" + strings.Join([]string{moduleName(guest), function, isolation}, "/")
	_, _, err := h.api.CreateEndpoint(t.Context(), h.app, client.EndpointFields{
		Name: client.Value(path), Method: client.Value(method), Path: client.Value(path + "/{name}"), Module: client.Value(moduleName(guest)),
		Function: client.Value(function), Isolation: client.Value(isolation), Input: client.Value(input),
	})
	must(t, err)
	path = "/run/bench" + path + "/Ada"
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+h.address+path, nil)
	must(t, err)
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	must(t, response.Body.Close())
	if response.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%s without a key: status %d, want 401", path, response.StatusCode)
	}
	return path
}

// greetings are the peers of each guest and isolation; those that the go-sdk
// can run as well have one.
func (h *house) greetings(t *testing.T) (peers []*peer) {
	t.Helper()
	for _, p := range []struct{ guest, isolation, note string }{
		{"c/hello_extism", host.IsolationReset, ""},
		{"go/json", host.IsolationReuse, ""},
		{"go/json", host.IsolationReset, ", which runs as `fresh`"}, // it draws random bytes when it starts
		{"c/hello", host.IsolationFresh, ""},
		{"c/hello", host.IsolationReset, ""},
		{"c/hello", host.IsolationReuse, ""},
		{"go/hello", host.IsolationFresh, ""},
		{"go/hello", host.IsolationReset, ""},
		{"go/hello", host.IsolationReuse, ""},
	} {
		path := h.serve(t, http.MethodGet, p.guest, "handle", p.isolation, host.InputPayload)
		name := fmt.Sprintf("Postern `%s`, guest %s%s", p.isolation, p.guest, p.note)
		peers = append(peers, helloPeer(name, h.address, path, h.header))
	}
	return peers
}

// echoes are the peers that answer with what they were sent.
func (h *house) echoes(t *testing.T) (peers []*peer) {
	t.Helper()
	for _, p := range []struct{ guest, function, input, note string }{
		{"c/echo_extism", "handle", host.InputBody, ", no bulk copies"},
		{"c/echo", "handle", host.InputBody, ""},
		{"go/echo", "raw", host.InputBody, ""},
		{"go/echo", "handle", host.InputPayload, ", body within the payload"},
	} {
		path := h.serve(t, http.MethodPost, p.guest, p.function, host.IsolationReset, p.input)
		peers = append(peers, echoPeer("Postern `reset`, guest "+p.guest+p.note, h.address, path, h.header))
	}
	return peers
}

// counted expects the invocations in the host's log.
func (h *house) counted(t *testing.T) {
	t.Helper()
	list, err := h.api.Invocations(t.Context(), h.app, host.InvocationFilter{}, host.Page{Limit: 1})
	must(t, err)
	if list.Pagination.Total == 0 {
		t.Error("the host counted no invocation")
	}
}

// prices measures the engine alone: what a call costs that goes back to the
// snapshot, and one that does not. The difference is the price of isolation.
func prices(t *testing.T, guests map[string][]byte) {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{})
	must(t, err)
	defer func() { must(t, e.Close(context.Background())) }()
	fmt.Printf("\n| A call without HTTP | `reset`, µs | `reuse`, µs | price of isolation, µs |\n|---|---:|---:|---:|\n")
	for _, guest := range []string{"c/hello", "go/hello", "go/json"} {
		var reset, reuse []float64
		for range benchRounds {
			reset = append(reset, microseconds(t, e, guests[guest], host.IsolationReset))
			reuse = append(reuse, microseconds(t, e, guests[guest], host.IsolationReuse))
		}
		a, b := median(reset), median(reuse)
		fmt.Printf("| guest %s | %.2f | %.2f | %.2f |\n", guest, a, b, a-b)
	}
}

// microseconds is how long one call takes, one after the other.
func microseconds(t *testing.T, e *engine.Engine, wasm []byte, isolation string) float64 {
	t.Helper()
	sum := sha256.Sum256(wasm)
	c := engine.Call{
		Digest: hex.EncodeToString(sum[:]), Load: func(context.Context) ([]byte, error) { return wasm, nil },
		Function: "handle", Input: []byte(payloadBefore + "Ada" + payloadAfter), Isolation: isolation,
		// Whatever a guest draws when it starts does not matter here.
		RepeatRandom: true,
	}
	const calls = 500
	for range calls / 5 { // compiles, and learns what to keep
		_, err := e.Call(t.Context(), c)
		must(t, err)
	}
	start := time.Now()
	for range calls {
		_, err := e.Call(t.Context(), c)
		must(t, err)
	}
	return float64(time.Since(start).Nanoseconds()) / calls / 1000
}
