package server

import (
	"net"
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
	ctx   *fasthttp.RequestCtx
	conn  *conn
	id    string
	start time.Time
}

// handle is called by fasthttp when a request's head has arrived.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	x := &exchange{Server: s, ctx: ctx, conn: ctx.Conn().(*conn), id: host.NewID(), start: time.Now()}
	x.answer()
	x.settle()
	x.log()
}

// answer fills the response. A panic is our fault and never the end of the
// host.
func (x *exchange) answer() {
	defer func() {
		if v := recover(); v != nil {
			x.Log.Error("panic", "request_id", x.id, "panic", v, "stack", string(debug.Stack()))
			x.ctx.Response.Reset()
			x.fail(host.Errorf(host.CodeInternal, "Internal error"))
		}
	}()
	head := x.conn.head
	if head == nil {
		x.fail(x.conn.fault)
		return
	}
	// fasthttp leaves the body out of an answer to HEAD.
	x.ctx.Request.Header.SetMethod(head.method)
	if strings.HasPrefix(head.path, runPrefix) || x.Gateway.OwnsHost(head.host) {
		x.serveApp(head)
	} else {
		x.serveManagement(head)
	}
}

// serveApp hands the request to the gateway.
func (x *exchange) serveApp(h *head) {
	r, err := x.request(h)
	if err != nil {
		x.fail(err)
		return
	}
	response, err := x.Gateway.Serve(x.life, r)
	for _, line := range response.Header {
		if !isToken(line.Name) || !isFieldValue(line.Value) {
			x.Log.Error("response header dropped: it is malformed", "request_id", x.id)
			continue
		}
		x.ctx.Response.Header.Add(line.Name, line.Value)
	}
	if err != nil {
		if fault := x.conn.body.fault(); fault != nil {
			err = fault // whatever became of it on its way through
		}
		x.fail(err)
		return
	}
	x.ctx.Response.SetStatusCode(response.Status)
	x.ctx.Response.SetBodyRaw(response.Body)
}

// request makes the gateway's request. All of it is the request's own memory:
// nothing refers to fasthttp's buffers.
func (x *exchange) request(h *head) (*host.Request, error) {
	peer := remoteAddr(x.conn)
	client, vouched, err := x.proxies.client(peer, h.header)
	if err != nil {
		return nil, err
	}
	r := &host.Request{
		ID: x.id, ReceivedAt: host.At(x.start),
		Method: h.method, Host: h.host, Path: h.path, Query: h.query,
		Protocol: h.protocol, Header: h.header,
		Remote: peer, Client: client, ForwardedFor: vouched, ContentLength: h.length,
	}
	if x.conn.body != nil {
		r.Body = x.conn.body
	}
	return r, nil
}

// remoteAddr is the address of the peer; zero if it has no IP address.
func remoteAddr(c net.Conn) netip.Addr {
	addr, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return addr.AddrPort().Addr().Unmap()
}

// settle makes the answer ready to be sent: what is left of the body is out of
// the way, and the connection's fate is decided.
func (x *exchange) settle() {
	c, header := x.conn, &x.ctx.Response.Header
	header.Set("X-Request-Id", x.id)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Del("Server")
	switch {
	case c.fault != nil || !c.body.complete():
		// Where the next request begins is unknown, or behind a body that
		// nobody wanted: never look for it.
		c.body.discard()
		c.linger.Store(true)
		header.SetConnectionClose()
	case !c.head.keepAlive:
		header.SetConnectionClose()
	case c.head.protocol == "1.0":
		header.Set("Connection", "keep-alive")
	}
}

// log writes the line of the access log. The query, the headers and the body
// may hold secrets, so they are never logged.
func (x *exchange) log() {
	method, path, size := "", "", -1
	if h := x.conn.head; h != nil {
		method, path = h.method, h.path
	}
	if !x.ctx.Response.IsBodyStream() {
		size = len(x.ctx.Response.Body())
	}
	x.Log.Info("request", "request_id", x.id, "method", method, "path", path,
		"status", x.ctx.Response.StatusCode(), "bytes", size, "duration", time.Since(x.start))
}
