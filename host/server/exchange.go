package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/valyala/fasthttp"
)

// runPrefix begins the paths of apps on hosts that are no app's domain.
const runPrefix = "/run/"

// exchange is one request and its answer.
type exchange struct {
	*Server
	conn    *conn
	id      string
	start   time.Time
	request host.Request

	response host.Response
	fiber    *fasthttp.RequestCtx // has the response instead, if it is not nil
	endless  bool                 // whether a management route has freed it from limits

	// Where the request comes from, and which addresses proxies vouch for.
	client  netip.Addr
	vouched string

	// What goes into the access log: the status and the size of the body, -1
	// if it is streamed.
	status, size int
}

// handle answers a request whose head has arrived. It reports whether the
// connection can have another.
func (s *Server) handle(c *conn) bool {
	x := &exchange{Server: s, conn: c, id: host.NewID(), start: time.Now()}
	x.answer()
	kept := x.settle()
	send := x.send
	if x.fiber != nil {
		send = x.sendFiber
	}
	err := send(kept)
	x.log()
	return kept && err == nil
}

// answer fills the response. A panic is our fault and never the end of the
// host.
func (x *exchange) answer() {
	defer func() {
		if v := recover(); v != nil {
			x.Log.Error("panic", "request_id", x.id, "panic", v, "stack", string(debug.Stack()))
			x.response, x.fiber = host.Response{}, nil
			x.fail(host.Errorf(host.CodeInternal, "Internal error"))
		}
	}()
	head := x.conn.head
	if err := x.locate(head); err != nil {
		x.fail(err)
		return
	}
	switch {
	case head == nil:
		x.fail(x.conn.fault)
	case x.Gateway != nil && (strings.HasPrefix(head.path, runPrefix) || x.Gateway.OwnsHost(head.host)):
		x.serveApp(head)
	default:
		x.serveManagement(head)
	}
}

// locate finds out where the request comes from; without a head it comes from
// the peer.
func (x *exchange) locate(h *head) (err error) {
	x.client = x.conn.remote
	if h == nil {
		return nil
	}
	client, vouched, err := x.proxies.client(x.conn.remote, h.header)
	if err == nil {
		x.client, x.vouched = client, vouched
	}
	return err
}

// serveApp hands the request to the gateway.
func (x *exchange) serveApp(h *head) {
	x.request = host.Request{
		ID: x.id, ReceivedAt: host.At(x.start),
		Method: h.method, Host: h.host, Path: h.path, Query: h.query,
		Protocol: h.protocol, Header: h.header,
		Remote: x.conn.remote, Client: x.client, ForwardedFor: x.vouched, ContentLength: h.length,
	}
	if x.conn.body != nil {
		x.request.Body = x.conn.body
	}
	var err error
	x.response, err = x.Gateway.Serve(x.life, &x.request)
	if err == nil {
		return
	}
	if fault := x.conn.body.fault(); fault != nil {
		err = fault // whatever became of it on its way through
	}
	x.fail(err)
}

// settle gets what is left of the body out of the way and decides whether the
// connection is kept.
func (x *exchange) settle() bool {
	c := x.conn
	if c.fault != nil || !c.body.complete() {
		// Where the next request begins is unknown, or behind a body that
		// nobody wanted: never look for it.
		c.body.discard()
		c.linger = true
		return false
	}
	return c.head.keepAlive && !x.stopping.Load()
}

// isHead reports whether the answer goes without its body.
func (x *exchange) isHead() bool { return x.conn.head != nil && x.conn.head.method == http.MethodHead }

// log writes the line of the access log. The query, the headers and the body
// may hold secrets, so they are never logged.
func (x *exchange) log() {
	if !x.Log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	method, path := "", ""
	if h := x.conn.head; h != nil {
		method, path = h.method, h.path
	}
	x.Log.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("request_id", x.id), slog.String("client", x.client.String()), slog.String("method", method), slog.String("path", path),
		slog.Int("status", x.status), slog.Int("bytes", x.size), slog.Duration("duration", time.Since(x.start)))
}
