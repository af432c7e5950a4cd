package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	extism "github.com/extism/go-sdk"
	"github.com/gofiber/fiber/v2"
	"github.com/tetratelabs/wazero"
)

// child runs the test binary as one of the peers below until the test ends.
func child(t *testing.T, name string, args ...string) (address string) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	process := exec.Command(self)
	process.Args = append([]string{name}, args...)
	process.Stderr = os.Stderr
	address, err = start(process, io.Discard)
	endWithTest(t, process)
	must(t, err)
	return address
}

func endWithTest(t *testing.T, process *exec.Cmd) {
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
}

// barePeer is what a handler costs without any guest.
func barePeer() error {
	return serveFiber(func(c *fiber.Ctx) error {
		return c.JSON(fiber.Map{"message": "Hello, " + c.Params("name") + "!"})
	}, func(c *fiber.Ctx) error { return c.Send(c.Body()) })
}

func serveFiber(hello, echo fiber.Handler) error {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: 2 * echoBytes})
	app.Get("/hello/:name", hello)
	app.Post("/echo", echo)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on http://" + listener.Addr().String())
	return app.Listener(listener)
}

// What the go-sdk's guests are told of a request: as much as Postern tells its
// own, so that they have as much to read.
const (
	payloadBefore = `{"fqdn":"localhost","host":"127.0.0.1:40000","httpVersion":"1.1","method":"GET","path":"/hello/Ada","pathMapping":{"name":"`
	payloadAfter  = `"},"queryParams":{},"header":{},"cookies":{},"clientIp":"127.0.0.1","requestId":"01900000-0000-7000-8000-000000000000",` +
		`"receivedAt":"2025-01-01T00:00:00.000Z","app":{"id":"01900000-0000-7000-8000-000000000001","name":"bench","environment":"production"},` +
		`"endpoint":{"id":"01900000-0000-7000-8000-000000000002","name":"/c/hello/reset","release":7},` +
		`"caller":{"type":"key","id":"01900000-0000-7000-8000-000000000003","name":"bench","variables":{}}}`
)

// extismPeer calls a guest through the go-sdk. Its instances are started
// before, one for each connection: the fastest way that the SDK offers.
func extismPeer(file string) error {
	ctx := context.Background()
	manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmFile{Path: file}}}
	compiled, err := extism.NewCompiledPlugin(ctx, manifest, extism.PluginConfig{EnableWasi: true}, nil)
	if err != nil {
		return err
	}
	pool := make(chan *extism.Plugin, helloConnections)
	for range cap(pool) {
		p, err := compiled.Instance(ctx, extism.PluginInstanceConfig{ModuleConfig: wazero.NewModuleConfig()})
		if err != nil {
			return err
		}
		pool <- p
	}
	call := func(c *fiber.Ctx, input []byte) error {
		p := <-pool
		defer func() { pool <- p }()
		_, out, err := p.Call("handle", input)
		if err != nil {
			return err
		}
		return c.Type("json").Send(out)
	}
	return serveFiber(func(c *fiber.Ctx) error {
		return call(c, []byte(payloadBefore+c.Params("name")+payloadAfter))
	}, func(c *fiber.Ctx) error { return call(c, c.Body()) })
}

// Cloudflare's runtime of JavaScript workers, as npm has it.
const workerdVersion = "1.20261117.1"

var workerdFiles = map[string]string{
	"hello.js": `export default {
  fetch(request) {
    const name = new URL(request.url).pathname.split("/").pop();
    return Response.json({message: ` + "`Hello, ${name}!`" + `});
  },
};`,
	"config.capnp": `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "hello", worker = (
    compatibilityDate = "2025-01-01",
    modules = [(name = "hello.js", esModule = embed "hello.js")],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "hello")],
);`,
}

// workerd installs and starts workerd with a greeting in JavaScript.
func workerd(t *testing.T) *peer {
	t.Helper()
	name := "workerd " + workerdVersion + ", JavaScript"
	if _, err := exec.LookPath("npm"); err != nil {
		return &peer{name: name, absent: "not measured: no npm"}
	}
	dir := t.TempDir()
	for file, text := range workerdFiles {
		must(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	install := exec.Command("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, "workerd@"+workerdVersion)
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("npm install: %v\n%s", err, out)
		return &peer{name: name, absent: "not measured: npm does not have it"}
	}
	binaries, err := filepath.Glob(filepath.Join(dir, "node_modules/@cloudflare/workerd-*/bin/workerd"))
	if err != nil || len(binaries) != 1 {
		return &peer{name: name, absent: "not measured: not for this platform"}
	}
	process := exec.Command(binaries[0], "serve", filepath.Join(dir, "config.capnp"), "--control-fd=1")
	out, err := process.StdoutPipe()
	must(t, err)
	must(t, process.Start())
	endWithTest(t, process)
	return helloPeer(name, workerdAddress(t, out), "/hello/Ada", "")
}

// workerdAddress reads what workerd says when it listens.
func workerdAddress(t *testing.T, out io.Reader) string {
	t.Helper()
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	var event struct {
		Event string `json:"event"`
		Port  int    `json:"port"`
	}
	must(t, json.NewDecoder(strings.NewReader(line)).Decode(&event))
	if event.Event != "listen" {
		t.Fatalf("workerd says %s", line)
	}
	return fmt.Sprintf("127.0.0.1:%d", event.Port)
}
