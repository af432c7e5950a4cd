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

// Clients that are slow or silent lose their connection.
func TestServer_Timeouts(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		c.Timeouts = server.Timeouts{Read: 500 * time.Millisecond, Body: 600 * time.Millisecond, Idle: 500 * time.Millisecond, Discard: 200 * time.Millisecond}
	})
	for _, test := range []struct {
		name, raw string
		status    int // 0 for no answer
	}{
		{"nothing sent", "", 0},
		{"half a head", "GET /run/x/ HTTP/1.1\r\nHost", 408},
		{"half a body", request("Content-Length: 10\r\n", "abc"), 400},
		{"half a chunk", chunked("a\r\nabc"), 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
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
		})
	}
	t.Run("idle", func(t *testing.T) {
		t.Parallel()
		c := b.dial(t)
		if !c.isKept() || !c.isClosed() {
			t.Error("one answer and the end were expected")
		}
	})
	for name, begin := range map[string]string{
		"a head in drops": "POST /run/x/echo HTTP/1.1\r\nHost: h\r\nX-Long: ",
		"a body in drops": request("Content-Length: 60000\r\n", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
			c.send(begin)
			dropped := make(chan struct{})
			go func() {
				defer close(dropped)
				c.drip()
			}()
			if a := c.receive("POST"); a.StatusCode != 400 && a.StatusCode != 408 {
				t.Errorf("got %d %s", a.StatusCode, a.text)
			}
			c.Close()
			<-dropped
		})
	}
}

// drip sends byte after byte until the connection is closed: each is in time,
// all of them are not.
func (c *client) drip() {
	for {
		if _, err := c.Write([]byte("a")); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// Clients that read their answer slowly or not at all lose it.
func TestServer_Timeouts_Answer(t *testing.T) {
	t.Parallel()
	s := server.New(server.Config{Gateway: &gateway{}, Mount: mountTest, Timeouts: server.Timeouts{Write: 200 * time.Millisecond}})
	l := &pipes{make(chan net.Conn), make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	body := strings.Repeat("a", 60000)
	for _, path := range []string{"/run/x/echo", "/v1/things"} {
		ours, theirs := net.Pipe()
		l.conns <- theirs
		if err := ours.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(ours, "POST "+path+" HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n"+body); err != nil {
			t.Fatal(err)
		}
		read := 0
		for one := make([]byte, 1); ; read++ {
			if _, err := ours.Read(one); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			time.Sleep(time.Millisecond) // each byte is taken in time, all of them are not
		}
		if read == 0 || read >= len(body) {
			t.Errorf("%s: %d bytes came", path, read)
		}
	}
	if err := errors.Join(s.Shutdown(context.Background()), <-served); err != nil {
		t.Error(err)
	}
}
