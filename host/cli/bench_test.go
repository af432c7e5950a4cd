package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	extism "github.com/extism/go-sdk"
	"github.com/gofiber/fiber/v2"
	"github.com/tetratelabs/wazero"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/posternhq/postern/host/config"
)

// Bounds of the load: keep-alive connections, and rounds of a time for each
// peer. Rounds take turns, so that a machine that slows down slows all.
const (
	benchConnections = 16
	benchRounds      = 3
	benchTime        = time.Second
)

// peer is one of those compared.
type peer struct {
	name    string
	address string
	path    string
	header  string // a whole header line, or ""
}

// TestPeers measures requests per second over HTTP and prints them as a table
// with ratios to a bare Fiber handler. It asserts nothing about time, only that
// every peer answers the same; `make bench` asks for it.
func TestPeers(t *testing.T) {
	if os.Getenv("POSTERN_BENCH") == "" {
		t.Skip("set POSTERN_BENCH=1, or run make bench")
	}
	guest := buildHello(t)
	tiny, err := os.ReadFile("../engine/testdata/ok/hello.wasm")
	must(t, err)
	peers := []peer{
		{name: "bare Fiber handler", address: serveFiber(t, func(c *fiber.Ctx) error {
			return c.JSON(fiber.Map{"message": "Hello, " + c.Params("name") + "!"})
		}), path: "/hello/Ada"},
		{name: "go-sdk, pooled behind Fiber, wat guest", address: serveFiber(t, pooledExtism(t, tiny)), path: "/hello/Ada"},
	}
	peers = append(peers, servePostern(t, tiny, guest)...)
	results := make([][]float64, len(peers))
	for range benchRounds {
		for i, p := range peers {
			results[i] = append(results[i], load(t, p))
		}
	}
	base := median(results[0])
	fmt.Printf("| peer | requests/s | × bare Fiber |\n|---|---:|---:|\n")
	for i, p := range peers {
		fmt.Printf("| %s | %.0f | %.3f |\n", p.name, median(results[i]), median(results[i])/base)
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// buildHello compiles the example plug-in hello.
func buildHello(t *testing.T) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "hello.wasm")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, ".")
	build.Dir = "../../plugins/hello"
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	wasm, err := os.ReadFile(out)
	must(t, err)
	return wasm
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serveFiber serves one handler as Fiber does by default.
func serveFiber(t *testing.T, handler fiber.Handler) string {
	t.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/hello/:name", handler)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = app.Listener(listener) }()
	t.Cleanup(func() { must(t, app.Shutdown()) })
	return listener.Addr().String()
}

// pooledExtism calls the guest through the go-sdk, with instances kept in a
// pool: the fastest way the SDK offers.
func pooledExtism(t *testing.T, guest []byte) fiber.Handler {
	t.Helper()
	manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: guest}}}
	compiled, err := extism.NewCompiledPlugin(context.Background(), manifest, extism.PluginConfig{EnableWasi: true}, nil)
	must(t, err)
	pool := sync.Pool{New: func() any {
		p, err := compiled.Instance(context.Background(), extism.PluginInstanceConfig{ModuleConfig: wazero.NewModuleConfig()})
		if err != nil {
			return err
		}
		return p
	}}
	return func(c *fiber.Ctx) error {
		switch p := pool.Get().(type) {
		case error:
			return p
		case *extism.Plugin:
			defer pool.Put(p)
			_, out, err := p.Call("handle", []byte(`{"method":"GET","path":"/hello/Ada","pathMapping":{"name":"Ada"},"queryParams":{},"header":{}}`))
			if err != nil {
				return err
			}
			return c.Type("json").Send(out)
		}
		return fiber.ErrInternalServerError
	}
}

// servePostern serves the guests on a whole host, and returns a peer for each
// guest and isolation.
func servePostern(t *testing.T, tiny, guest []byte) []peer {
	t.Helper()
	dir := t.TempDir()
	address := startHouse(t, dir)
	key, err := os.ReadFile(filepath.Join(dir, adminKeyFile))
	must(t, err)
	api, err := client.New(client.Config{Server: "http://" + address, APIKey: strings.TrimSpace(string(key))})
	must(t, err)
	ctx := context.Background()
	app, err := api.CreateApp(ctx, client.AppFields{Name: client.Value("bench")})
	must(t, err)
	secret, err := api.CreateKey(ctx, client.KeyFields{Name: client.Value("bench")})
	must(t, err)
	var peers []peer
	for _, g := range []struct {
		name string
		wasm []byte
	}{{"wat", tiny}, {"go", guest}} {
		_, _, err := api.UploadModule(ctx, app.ID, client.Upload{Name: g.name, Content: bytes.NewReader(g.wasm), Size: int64(len(g.wasm))})
		must(t, err)
		for _, isolation := range []string{host.IsolationFresh, host.IsolationReset, host.IsolationReuse} {
			path := "/" + g.name + "/" + isolation
			_, _, err := api.CreateEndpoint(ctx, app.ID, client.EndpointFields{
				Name: client.Value(path), Method: client.Value("GET"), Path: client.Value(path + "/{name}"),
				Module: client.Value(g.name), Isolation: client.Value(isolation),
			})
			must(t, err)
			peers = append(peers, peer{
				name: "Postern, " + g.name + " guest, " + isolation, address: address,
				path: "/run/bench" + path + "/Ada", header: "X-API-Key: " + secret.Secret + "\r\n",
			})
		}
	}
	return peers
}

// startHouse runs `postern serve` in this process until the test ends.
func startHouse(t *testing.T, dir string) string {
	t.Helper()
	cfg, err := config.Load([]string{"--data=" + dir, "--listen=127.0.0.1:0", "--log-level=error"}, nil, os.ReadFile)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- (&console{out: in, err: io.Discard}).serve(ctx, cfg) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, ok := strings.CutPrefix(lines.Text(), "listening on http://"); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return address
		}
	}
	t.Fatal("the host does not serve")
	return ""
}

// load sends requests on keep-alive connections for benchTime and returns how
// many were answered in a second.
func load(t *testing.T, p peer) float64 {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), benchTime)
	defer stop()
	var answered atomic.Int64
	var wait sync.WaitGroup
	start := time.Now()
	for range benchConnections {
		wait.Go(func() {
			conn, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			request := []byte("GET " + p.path + " HTTP/1.1\r\nHost: " + p.address + "\r\n" + p.header + "\r\n")
			in := bufio.NewReader(conn)
			for ctx.Err() == nil {
				if err := exchangeOnce(conn, in, request); err != nil {
					t.Errorf("%s: %v", p.name, err)
					return
				}
				answered.Add(1)
			}
		})
	}
	wait.Wait()
	return float64(answered.Load()) / time.Since(start).Seconds()
}

// exchangeOnce sends a request and checks its answer.
func exchangeOnce(conn net.Conn, in *bufio.Reader, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"message":"Hello, Ada!"`)) {
		slog.Error("unexpected answer", "status", response.StatusCode, "body", string(body))
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
