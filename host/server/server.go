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
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
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
	Gateway Gateway
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
	// set smaller limits themselves. Default host.DefaultModuleBytes.
	MaxManagementBytes int64
	Timeouts           Timeouts
	Log                *slog.Logger
}

// Timeouts bound how long a client may take.
type Timeouts struct {
	// Read bounds the wait for a whole head, and for the next bytes of a
	// body. Default 30 s.
	Read time.Duration
	// Body bounds the wait for a whole body. Default 5 min.
	Body time.Duration
	// Write bounds the sending of a whole answer. Default 2 min.
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
	http       *fasthttp.Server
	management fasthttp.RequestHandler
	proxies    proxies
	// life ends when a shutdown stops waiting for requests.
	life context.Context
	end  context.CancelFunc

	mu       sync.Mutex
	listener *listener // nil before Serve
	stopped  bool
	conns    map[*conn]struct{}
	open     sync.WaitGroup // one for each of conns
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
	s.http = &fasthttp.Server{
		Handler:               s.handle,
		Logger:                quiet{c.Log},
		WriteTimeout:          c.Timeouts.Write,
		ReadBufferSize:        len(standIn),
		NoDefaultServerHeader: true,
		NoDefaultContentType:  true,
		CloseOnShutdown:       true,
	}
	return s
}

// Serve accepts connections until Shutdown is called, which makes it return
// nil, or until the listener fails. It closes the listener.
func (s *Server) Serve(l net.Listener) (err error) {
	defer host.Wrap(&err, "server.Serve")
	wrapped := &listener{Listener: l, server: s}
	s.mu.Lock()
	s.listener = wrapped
	stopped := s.stopped
	s.mu.Unlock()
	if stopped {
		return wrapped.Close()
	}
	return s.http.Serve(wrapped)
}

// Shutdown stops accepting connections, lets the requests that have begun
// finish, and closes all connections. When ctx ends first, it cancels the
// requests, closes their connections and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) (err error) {
	defer host.Wrap(&err, "server.Shutdown")
	defer s.end()
	s.stopListening()
	if err := s.http.ShutdownWithContext(ctx); err != nil {
		s.abandon()
		return err
	}
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

// stopListening closes the listener. fasthttp would do it too, but misses one
// that Serve is only about to give it.
func (s *Server) stopListening() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.listener != nil {
		_ = s.listener.Close()
	}
}

// abandon closes every connection as it is.
func (s *Server) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		// The inner connection: conn's own Close may be waiting for the
		// client, which this ends.
		_ = c.Conn.Close()
	}
}

// listener wraps the connections it accepts. It may be closed twice.
type listener struct {
	net.Listener
	server *Server
	once   sync.Once
}

func (l *listener) Close() error {
	var err error
	l.once.Do(func() { err = l.Listener.Close() })
	return err
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s := l.server
	wrapped := newConn(c, &s.Timeouts, s.forget)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[wrapped] = struct{}{}
	s.open.Add(1)
	return wrapped, nil
}

// forget drops a closed connection.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.open.Done()
}

// quiet is fasthttp's log. It keeps the kind of the event alone: the rest may
// quote what a client sent.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, _ ...any) { q.log.Debug("fasthttp", "event", format) }
