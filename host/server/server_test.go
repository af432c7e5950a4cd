package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/server"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp's clock outlives every server.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
	)
}

// maxBody is the largest body the fake gateway takes.
const maxBody = 64 << 10

// gateway answers by the path, for the app "x" and the domain app.example.com.
type gateway struct {
	entered chan struct{} // told when /run/x/wait has begun
	release chan struct{} // closed to let it answer
}

func (g *gateway) OwnsHost(hostHeader string) bool {
	return host.HostName(hostHeader) == "app.example.com"
}

func (g *gateway) Serve(ctx context.Context, r *host.Request) (host.Response, error) {
	response := host.Response{Status: 200, Header: []host.Header{{Name: "Content-Type", Value: "application/json"}}}
	switch strings.TrimPrefix(r.Path, "/run/x") {
	case "/unread":
		response.Body = []byte("unread")
		return response, nil
	case "/wait":
		g.entered <- struct{}{}
		select {
		case <-g.release:
		case <-ctx.Done():
			return host.Response{}, ctx.Err()
		}
	case "/panic":
		panic("of the test")
	case "/error":
		return host.Response{}, errors.New("the cause, with secret-word")
	case "/refused":
		return host.Response{Header: []host.Header{{Name: "Allow", Value: "GET"}, {Name: "Vary", Value: "Origin"}}},
			host.Errorf(host.CodeMethodNotAllowed, "Not that")
	case "/headers":
		return host.Response{Status: 201, Header: []host.Header{
			{Name: "Set-Cookie", Value: "a=1; Path=/; HttpOnly"}, {Name: "Set-Cookie", Value: "b=2"},
			{Name: "X-Bad", Value: "a\r\nInjected: yes"}, {Name: "Bad Name", Value: "x"},
			{Name: "content-length", Value: "99"}, {Name: "CONNECTION", Value: "close"}, {Name: "Transfer-Encoding", Value: "chunked"},
			{Name: "x-request-id", Value: "the guest's"}, {Name: "Server", Value: "the guest's"}, {Name: "date", Value: "the guest's"},
		}, Body: []byte("made")}, nil
	case "/empty":
		return host.Response{Status: 204}, nil
	}
	return echo(response, r)
}

// echoed is the body of the fake gateway's answer.
type echoed struct {
	Method, Host, Path, Query, Protocol, Remote, Client, ForwardedFor, Body string
	Length                                                                  int64
	Header                                                                  []host.Header
}

func echo(response host.Response, r *host.Request) (host.Response, error) {
	var body []byte
	if r.ContentLength > maxBody {
		return host.Response{}, host.Errorf(host.CodeTooLarge, "Too large")
	}
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
			return host.Response{}, fmt.Errorf("reading: %s", err) // loses the chain
		}
		if len(body) > maxBody {
			return host.Response{}, host.Errorf(host.CodeTooLarge, "Too large")
		}
	}
	response.Body, _ = json.Marshal(echoed{r.Method, r.Host, r.Path, r.Query, r.Protocol, r.Remote.String(), r.Client.String(), r.ForwardedFor, string(body), r.ContentLength, r.Header})
	return response, nil
}

// logs is a log that tests read while the server writes.
type logs struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// bundle is a running server with its fake gateway.
type bundle struct {
	*server.Server
	address string
	gateway *gateway
	logs    *logs
	served  chan error // what Serve returned
}

// start runs a server until the end of the test. change may alter its config.
func start(t testing.TB, change func(*server.Config)) *bundle {
	t.Helper()
	return startOn(t, func(l net.Listener) net.Listener { return l }, change)
}

// startOn is start with a listener made of that of a free port.
func startOn(t testing.TB, wrap func(net.Listener) net.Listener, change func(*server.Config)) *bundle {
	t.Helper()
	b := &bundle{
		gateway: &gateway{make(chan struct{}), make(chan struct{})},
		logs:    &logs{}, served: make(chan error, 1),
	}
	config := server.Config{Gateway: b.gateway, Log: slog.New(slog.NewJSONHandler(b.logs, nil))}
	if change != nil {
		change(&config)
	}
	b.Server = server.New(config)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = l.Addr().String()
	go func() { b.served <- b.Serve(wrap(l)) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = b.Shutdown(ctx)
	})
	return b
}

// client is one connection that speaks raw bytes.
type client struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

func (b *bundle) dial(t testing.TB) *client {
	t.Helper()
	c, err := net.Dial("tcp", b.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// So that a fault of the server fails the test instead of hanging it.
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t, c, bufio.NewReader(c)}
}

// send writes; a server that has closed is noticed by what is read.
func (c *client) send(raw string) { _, _ = io.WriteString(c, raw) }

// answer is a response read whole.
type answer struct {
	*http.Response
	text string
}

// receive reads the answer to a request of the method.
func (c *client) receive(method string) answer {
	c.t.Helper()
	response, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("reading an answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("reading a body: %v", err)
	}
	return answer{response, string(body)}
}

// isClosed reports whether the server ends the connection, without a byte more.
func (c *client) isClosed() bool {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	if len(rest) > 0 {
		c.t.Errorf("the server sent more: %q", rest)
	}
	return err == nil
}

// isKept reports whether the connection serves another request.
func (c *client) isKept() bool {
	c.t.Helper()
	c.send("GET /run/x/again HTTP/1.1\r\nHost: h\r\n\r\n")
	a := c.receive("GET")
	return a.StatusCode == 200 && a.echoed(c.t).Path == "/run/x/again"
}

func (a answer) echoed(t testing.TB) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(a.text), &e); err != nil {
		t.Fatalf("%q: %v", a.text, err)
	}
	return e
}

// problem checks that the answer is an error of our shape and returns its
// text and code.
func (a answer) problem(t testing.TB) (text, code string) {
	t.Helper()
	var p struct {
		Error, Code string
		RequestID   string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(a.text), &p); err != nil {
		t.Fatalf("%q: %v", a.text, err)
	}
	if p.Error == "" || p.Code == "" || p.RequestID == "" || p.RequestID != a.Header.Get("X-Request-Id") {
		t.Errorf("not the shape of an error: %s, X-Request-Id %q", a.text, a.Header.Get("X-Request-Id"))
	}
	if got := a.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	return p.Error, p.Code
}

// mountedMax is the largest body of the management routes of mounted.
const mountedMax = 1000

// mounted gives a server management routes.
func mounted(c *server.Config) {
	c.Mount, c.MaxManagementBytes = mountTest, mountedMax
}

// mountTest adds management routes that read bodies in the ways Fiber has.
func mountTest(app *fiber.App) {
	app.Get("/v1/things/:name", func(c *fiber.Ctx) error {
		return c.SendString(c.Params("name") + "|" + c.Query("q") + "|" + c.Get("X-Custom") + "|" + c.Hostname())
	})
	app.Put("/v1/things/:name", func(c *fiber.Ctx) error { return c.SendString(string(c.Body())) })
	app.Post("/v1/things", func(c *fiber.Ctx) error {
		body, err := io.ReadAll(c.Context().RequestBodyStream())
		if err != nil {
			return err
		}
		return c.Status(201).SendString(string(body))
	})
	app.Post("/v1/refuse", func(*fiber.Ctx) error { return host.Errorf(host.CodeConflict, "Taken") })
	app.Delete("/v1/refuse", func(*fiber.Ctx) error { return nil })
	app.Get("/v1/panic", func(*fiber.Ctx) error { panic("of the test") })
	app.Get("/v1/fail", func(*fiber.Ctx) error { return errors.New("secret-word") })
}
