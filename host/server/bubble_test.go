package server_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/posternhq/postern/host/server"
	"github.com/valyala/fasthttp"
)

// pipes is a listener whose connections have no buffers: who writes waits for
// the other side to read.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// inBubble runs a test with a server on pipes, where time passes only while
// everybody waits. dial makes a connection.
func inBubble(t *testing.T, c server.Config, test func(t *testing.T, dial func() *client)) {
	t.Helper()
	_ = new(fasthttp.ResponseHeader).Header() // starts fasthttp's clock, which no bubble could end
	synctest.Test(t, func(t *testing.T) {
		c.Gateway = &gateway{}
		s := server.New(c)
		l := &pipes{make(chan net.Conn), make(chan struct{})}
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		test(t, func() *client {
			ours, theirs := net.Pipe()
			l.conns <- theirs
			return &client{t, ours, bufio.NewReader(ours)}
		})
		if err := errors.Join(s.Shutdown(context.Background()), <-served); err != nil {
			t.Error(err)
		}
	})
}
