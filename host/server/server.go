// Package server is Postern's HTTP front: it listens, reads requests strictly,
// hands each to an app's gateway or to the management routes, and answers.
//
// It owns the wire: connections, heads, bodies, limits of time and size, the
// table of errors and the access log. It is the one package, with admin, that
// knows Fiber and fasthttp, so that another server would be a change of one
// room. It must not know what a request means: routes of apps, credentials and
// modules are behind Gateway, the management API behind Config.Mount.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
	"github.com/valyala/fasthttp"
)

// Gateway serves the endpoints of apps.
type Gateway interface {
	// Serve answers a request. Beside an error the response holds the
	// headers that go out with it. The request's body need not be read; its
	// errors are *host.Error and meant for the client.
	Serve(ctx context.Context, r *host.Request) (host.Response, error)
	// OwnsHost reports whether the Host header is one of an app's domains.
	OwnsHost(hostHeader string) bool
}

// Config is what a Server is made of. Zero durations and sizes get defaults.
type Config struct {
	// Gateway serves apps; nil means that this server has none.
	Gateway Gateway
	// AppsOnly leaves out health, which another server has, as it has
	// management; Mount may add what both have.
	AppsOnly bool
	// Mount adds the management routes; nil adds none. An error that a
	// handler returns is answered by the table in errors.go.
	Mount func(*fiber.App)
	// Ready tells why the host cannot serve yet; nil means it always can.
	Ready func(context.Context) error
	// ManagementHosts are the hosts that management routes answer on; empty
	// means every host that is no app's domain.
	ManagementHosts []string
	// TrustedProxies are the peers whose X-Forwarded-For and Forwarded headers
	// say where a request comes from; empty trusts nobody.
	TrustedProxies []netip.Prefix
	// MaxManagementBytes bounds the body of every management request, so
	// that it must be the largest any route takes: that of an upload. Routes
	// set smaller limits themselves, or none: see admin.EndlessKey. Default
	// host.DefaultModuleBytes.
	MaxManagementBytes int64
	Timeouts           Timeouts
	Log                *slog.Logger
}

// Timeouts bound how long a client may take.
type Timeouts struct {
	// Read bounds the wait for a whole head, and for the next bytes of a
	// body. Default 30 s.
	Read time.Duration
	// Body bounds the wait for a whole body, unless a management route lets
	// it go on. Default 5 min.
	Body time.Duration
	// Write bounds the sending of a whole answer, or of the next part of one
	// that may go on. Default 2 min.
	Write time.Duration
	// Idle bounds the wait for the next request of a connection. Default
	// 2 min.
	Idle time.Duration
	// Discard bounds the wait for the rest of a body that nobody wanted,
	// before the answer, and for the client to read the answer, before the
	// connection closes. Default 2 s.
	Discard time.Duration
}

func (c *Config) setDefaults() {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.Timeouts.Read, 30 * time.Second},
		{&c.Timeouts.Body, 5 * time.Minute},
		{&c.Timeouts.Write, 2 * time.Minute},
		{&c.Timeouts.Idle, 2 * time.Minute},
		{&c.Timeouts.Discard, 2 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	if c.MaxManagementBytes == 0 {
		c.MaxManagementBytes = host.DefaultModuleBytes
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Server serves HTTP. Make one with New.
type Server struct {
	Config
	management fasthttp.RequestHandler
	clock      clock
	proxies    proxies
	// life ends when a shutdown stops waiting for requests.
	life context.Context
	end  context.CancelFunc
	// stopping tells that a shutdown has begun.
	stopping atomic.Bool

	mu     sync.Mutex
	unbind func() // closes the listener once; nil before Serve
	conns  map[*conn]struct{}
	open   sync.WaitGroup // one for each of conns
}

// New returns a server that does not listen yet.
func New(c Config) *Server {
	c.setDefaults()
	c.ManagementHosts = slices.Clone(c.ManagementHosts)
	for i, name := range c.ManagementHosts {
		c.ManagementHosts[i] = host.HostName(name)
	}
	s := &Server{Config: c, proxies: slices.Clone(c.TrustedProxies), conns: map[*conn]struct{}{}}
	s.life, s.end = context.WithCancel(context.Background())
	s.management = s.newManagement()
	return s
}

// Serve accepts connections until Shutdown is called, which makes it return
// nil, or until the listener fails. It closes the listener.
func (s *Server) Serve(l net.Listener) (err error) {
	defer host.Wrap(&err, "server.Serve")
	unbind := sync.OnceFunc(func() { _ = l.Close() })
	defer unbind()
	s.mu.Lock()
	s.unbind = unbind
	s.mu.Unlock()
	for !s.stopping.Load() {
		c, err := l.Accept()
		switch {
		case err == nil:
			s.accept(c)
		case s.stopping.Load():
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED):
			s.Log.Error("a connection was not accepted", "error", err)
			s.pause(acceptPause) // connections that close make room
		default:
			return err
		}
	}
	return nil
}

// acceptPause is how long to wait when there are too many open files.
const acceptPause = 100 * time.Millisecond

// pause waits, unless the server's life ends.
func (s *Server) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.life.Done():
	}
}

// accept begins to serve a connection, unless a shutdown has begun.
func (s *Server) accept(c net.Conn) {
	wrapped := newConn(c, &s.Timeouts, s.forget)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		_ = c.Close()
		return
	}
	s.conns[wrapped] = struct{}{}
	s.open.Add(1)
	go s.serve(wrapped)
}

// serve answers the requests of a connection, one after the other.
func (s *Server) serve(c *conn) {
	defer c.Close()
	if err := c.handshake(); err != nil {
		s.Log.Debug("no TLS handshake", "remote", c.remote, "error", err)
		return
	}
	for c.next(&s.stopping) {
		if !s.handle(c) {
			return
		}
	}
}

// forget drops a closed connection.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.open.Done()
}

// Shutdown stops accepting connections, lets the requests that have begun
// finish, and closes all connections. When ctx ends first, it cancels the
// requests, closes their connections and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) (err error) {
	defer host.Wrap(&err, "server.Shutdown")
	defer s.end()
	s.stop()
	closed := make(chan struct{})
	go func() {
		s.open.Wait()
		close(closed)
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		s.abandon()
		return ctx.Err()
	}
}

// stop closes the listener and the connections that wait for a request.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping.Store(true)
	if s.unbind != nil {
		s.unbind()
	}
	for c := range s.conns {
		c.closeIdle()
	}
}

// abandon closes every connection as it is.
func (s *Server) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		// Not conn's own Close: that may be waiting for the client, which
		// this ends.
		c.cut()
	}
}

// quiet is fasthttp's log. It keeps the kind of the event alone: the rest may
// quote what a client sent.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, _ ...any) { q.log.Debug("fasthttp", "event", format) }
