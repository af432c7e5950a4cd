package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host/server"
)

// waitUntilClosed returns when the server accepts no connection.
func (b *bundle) waitUntilClosed() {
	for {
		c, err := net.Dial("tcp", b.address)
		if err != nil {
			return
		}
		c.Close()
	}
}

func TestServer_Shutdown(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	idle, busy := b.dial(t), b.dial(t)
	if !idle.isKept() {
		t.Fatal("the connection was closed")
	}
	busy.send("GET /run/x/wait HTTP/1.1\r\nHost: h\r\n\r\n")
	<-b.gateway.entered

	done := make(chan error, 1)
	go func() { done <- b.Shutdown(context.Background()) }()
	b.waitUntilClosed()
	if !idle.isClosed() {
		t.Error("an idle connection was kept")
	}
	select {
	case err := <-done:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
	close(b.gateway.release)
	if a := busy.receive("GET"); a.StatusCode != 200 || !a.Close {
		t.Errorf("status %d, Connection: close sent: %t", a.StatusCode, a.Close)
	}
	if !busy.isClosed() {
		t.Error("the connection was kept")
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-b.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestServer_Shutdown_Impatient(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	c := b.dial(t)
	c.send("GET /run/x/wait HTTP/1.1\r\nHost: h\r\n\r\n")
	<-b.gateway.entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	// The gateway's context is cancelled: were it not, the request would
	// outlive the test and goleak would tell.
	if !c.isClosed() {
		t.Error("the connection was kept")
	}
}

func TestServer_Shutdown_First(t *testing.T) {
	t.Parallel()
	s := server.New(server.Config{Gateway: &gateway{}})
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

// patience is how long a server waits for clients here.
var patience = server.Config{Timeouts: server.Timeouts{Read: 5 * time.Second, Body: time.Minute, Idle: time.Hour, Discard: 2 * time.Second}}

// Clients that are slow or silent lose their connection.
func TestServer_Timeouts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, raw string
		status    int // 0 for no answer
		wait      time.Duration
	}{
		{"nothing sent", "", 0, patience.Timeouts.Read},
		{"half a head", "GET /run/x/ HTTP/1.1\r\nHost", 408, patience.Timeouts.Read},
		{"half a body", request("Content-Length: 10\r\n", "abc"), 400, patience.Timeouts.Read},
		{"half a chunk", chunked("a\r\nabc"), 400, patience.Timeouts.Read},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, patience, func(t *testing.T, dial func() *client) {
				c, begin := dial(), time.Now()
				c.send(test.raw)
				if test.status != 0 {
					a := c.receive("GET")
					if _, code := a.problem(t); a.StatusCode != test.status || code != "invalid_request" {
						t.Errorf("got %d %s", a.StatusCode, a.text)
					}
				}
				if !c.isClosed() {
					t.Error("the connection was kept")
				}
				if waited := time.Since(begin); waited != test.wait {
					t.Errorf("it lasted %v, want %v", waited, test.wait)
				}
			})
		})
	}
	t.Run("idle", func(t *testing.T) {
		t.Parallel()
		inBubble(t, patience, func(t *testing.T, dial func() *client) {
			c, begin := dial(), time.Now()
			if !c.isKept() || !c.isClosed() {
				t.Error("one answer and the end were expected")
			}
			if waited := time.Since(begin); waited != patience.Timeouts.Idle {
				t.Errorf("it lasted %v", waited)
			}
		})
	})
}

// A head or a body in drops, of which each comes in time, comes too late.
func TestServer_Timeouts_Drops(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, begin string
		status      int
		wait        time.Duration
	}{
		{"head", "POST /run/x/echo HTTP/1.1\r\nHost: h\r\nX-Long: ", 408, patience.Timeouts.Read},
		{"body", request("Content-Length: 60000\r\n", ""), 400, patience.Timeouts.Body},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, patience, func(t *testing.T, dial func() *client) {
				c, begin := dial(), time.Now()
				c.send(test.begin)
				dropped := make(chan struct{})
				go func() {
					defer close(dropped)
					c.drip()
				}()
				a := c.receive("POST")
				if waited := time.Since(begin); a.StatusCode != test.status || waited != test.wait {
					t.Errorf("got %d after %v: %s", a.StatusCode, waited, a.text)
				}
				c.Close()
				<-dropped
			})
		})
	}
}

// drip sends a byte every second until the connection is closed.
func (c *client) drip() {
	for {
		if _, err := c.Write([]byte("a")); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// Clients that read their answer slowly or not at all lose it: each byte is
// taken in time, all of them are not.
func TestServer_Timeouts_Answer(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("a", 60000)
	for _, path := range []string{"/run/x/echo", "/v1/things"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			config := server.Config{Mount: mountTest, Timeouts: server.Timeouts{Write: 19500 * time.Millisecond}}
			inBubble(t, config, func(t *testing.T, dial func() *client) {
				c := dial()
				c.send("POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + body)
				read := 0
				for one := make([]byte, 1); ; read++ {
					if _, err := c.Conn.Read(one); err == io.EOF {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second)
				}
				if read != 20 {
					t.Errorf("%d bytes came", read)
				}
			})
		})
	}
}
