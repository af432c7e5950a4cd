package server

import (
	"bufio"
	"io"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin"
	"github.com/valyala/fasthttp"
)

// exchangeKey leads from a Fiber context to its exchange.
type exchangeKey struct{}

// newManagement builds the Fiber application of the management routes.
func (s *Server) newManagement() fasthttp.RequestHandler {
	app := fiber.New(fiber.Config{
		CaseSensitive: true,
		// Without it strings that handlers keep change under their hands,
		// because Fiber's buffers serve the next request.
		Immutable: true,
		// Handlers read the body as a stream, after they know who sent it.
		StreamRequestBody:     true,
		DisableStartupMessage: true,
		ErrorHandler: func(c *fiber.Ctx, err error) error {
			c.Locals(exchangeKey{}).(*exchange).fail(fromFiber(err))
			return nil
		},
	})
	app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(s.life)
		return c.Next()
	})
	if !s.AppsOnly {
		app.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) })
		app.Get("/readyz", s.ready)
	}
	if s.Mount != nil {
		s.Mount(app)
	}
	return app.Handler()
}

// ready answers whether the host can serve.
func (s *Server) ready(c *fiber.Ctx) error {
	if s.Ready != nil {
		if err := s.Ready(c.UserContext()); err != nil {
			return host.Caused(host.CodeUnavailable, err, "Not ready to serve")
		}
	}
	return c.JSON(fiber.Map{"status": "ok"})
}

// serveManagement hands the request to Fiber.
func (x *exchange) serveManagement(h *head) {
	if !x.manages(h) {
		x.fail(host.Errorf(host.CodeNotFound, "Not found"))
		return
	}
	segments, err := host.SplitPath(h.path)
	if err != nil {
		x.fail(err)
		return
	}
	x.fiber = &fasthttp.RequestCtx{}
	x.fiber.Init2(x.conn, quiet{x.Log}, true)
	// Handlers see whom the request comes from, not the proxy that brings it.
	x.fiber.SetRemoteAddr(net.TCPAddrFromAddrPort(netip.AddrPortFrom(x.client, 0)))
	x.fiber.Response.Header.SetNoDefaultContentType(true)
	x.fillRequest(h, segments)
	x.fiber.SetUserValue(admin.RequestIDKey, x.id)
	x.fiber.SetUserValue(exchangeKey{}, x)
	limited := x.limitBody(h)
	x.fiber.SetUserValue(admin.EndlessKey, func() { x.free(limited) })
	x.management(x.fiber)
	// Some of Fiber's ways to read a body lose the error.
	if limited != nil && limited.exceeded {
		x.fail(tooLarge())
	} else if fault := x.conn.body.fault(); fault != nil {
		x.fail(fault)
	}
	x.sortAllow()
}

// manages reports whether management routes answer on the request's host.
// Those for health do on every host: a load balancer knows addresses only.
func (x *exchange) manages(h *head) bool {
	return len(x.ManagementHosts) == 0 || h.path == "/healthz" || h.path == "/readyz" ||
		slices.Contains(x.ManagementHosts, host.HostName(h.host))
}

// fillRequest gives Fiber the request. The path is written in one way, whatever
// way it was sent in, so that routes and parameters need no decoding.
func (x *exchange) fillRequest(h *head, segments []string) {
	header := &x.fiber.Request.Header
	header.SetMethod(h.method)
	if h.method == fiber.MethodHead { // the answer goes without its body
		header.SetMethod(fiber.MethodGet)
	}
	if !slices.Contains(fiber.DefaultMethods, h.method) {
		// Fiber answers methods it does not know by itself. TRACE it knows,
		// and no management route has it, so that it answers as for any
		// other method that a route lacks.
		header.SetMethod(fiber.MethodTrace)
	}
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	target := "/" + strings.Join(segments, "/")
	if h.query != "" {
		target += "?" + h.query
	}
	x.fiber.Request.SetRequestURI(target)
	header.SetHost(h.host)
	for _, line := range h.header {
		switch strings.ToLower(line.Name) {
		case "host", "connection", "content-length", "transfer-encoding", "expect":
			// The wire's own, settled already.
		default:
			header.Add(line.Name, line.Value)
		}
	}
}

// limitBody gives Fiber the body, up to MaxManagementBytes; nil for none.
func (x *exchange) limitBody(h *head) *limitedBody {
	if x.conn.body == nil {
		return nil
	}
	limited := &limitedBody{body: x.conn.body, left: x.MaxManagementBytes, announced: h.length}
	x.fiber.Request.SetBodyStream(limited, int(h.length))
	return limited
}

// free lifts the limits of size and of time in all from a request and its
// answer. A client that stops for longer than Timeouts.Read or Write is still
// given up.
func (x *exchange) free(limited *limitedBody) {
	x.endless = true
	if limited != nil {
		limited.left = math.MaxInt64 - 1
		x.conn.body.endless = true
	}
}

// patient writes to a connection; each part may take as long as an answer.
type patient struct{ *conn }

func (p patient) Write(b []byte) (int, error) {
	now := time.Now()
	if err := p.writeUntil(now, now.Add(p.timeouts.Write)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// limitedBody is a body that fails when it is too large: at the first read if
// its announced size says so, else where it passes the limit.
type limitedBody struct {
	body      io.Reader
	left      int64
	announced int64 // what is still to come of it; -1 if it is chunked
	exceeded  bool
}

func (l *limitedBody) Read(p []byte) (int, error) {
	if l.exceeded || l.announced > l.left {
		l.exceeded = true
		return 0, tooLarge()
	}
	// One byte more than is left tells a body at the limit from one past it.
	n, err := l.body.Read(p[:min(int64(len(p)), l.left+1)])
	if int64(n) > l.left {
		n, l.exceeded = int(l.left), true
		err = tooLarge()
	}
	l.left -= int64(n)
	l.announced = max(-1, l.announced-int64(n))
	return n, err
}

// sortAllow puts the methods of an Allow header in order.
func (x *exchange) sortAllow() {
	if allow := string(x.fiber.Response.Header.Peek("Allow")); allow != "" {
		methods := strings.Split(allow, ", ")
		if slices.Contains(methods, fiber.MethodGet) {
			methods = append(methods, fiber.MethodHead)
		}
		slices.Sort(methods)
		methods = slices.Compact(methods)
		x.fiber.Response.Header.Set("Allow", strings.Join(methods, ", "))
	}
}

// sendFiber writes Fiber's response, whose body may be a stream.
func (x *exchange) sendFiber(kept bool) error {
	response := &x.fiber.Response
	x.status, x.size = response.StatusCode(), -1
	if !response.IsBodyStream() {
		x.size = len(response.Body())
	}
	response.SkipBody = x.isHead()
	header := &response.Header
	header.Set("X-Request-Id", x.id)
	header.Set("X-Content-Type-Options", "nosniff")
	x.setSecurity(header)
	header.Del("Server")
	if option := x.connectionOption(kept); option != "" {
		header.Set("Connection", option)
	}
	now := time.Now()
	if err := x.conn.writeUntil(now, now.Add(x.conn.timeouts.Write)); err != nil {
		return err
	}
	out := bufio.NewWriter(x.conn.Conn)
	if x.endless {
		out.Reset(patient{x.conn})
	}
	if err := response.Write(out); err != nil {
		return err
	}
	return out.Flush()
}

// security is what management answers tell a browser, unless the route says
// something else: nothing may be loaded, framed, kept or passed on.
var security = [...]host.Header{
	{Name: "Content-Security-Policy", Value: "default-src 'none'; frame-ancestors 'none'"},
	{Name: "X-Frame-Options", Value: "DENY"},
	{Name: "Referrer-Policy", Value: "no-referrer"},
	{Name: "Cross-Origin-Resource-Policy", Value: "same-origin"},
	{Name: "Cache-Control", Value: "no-store"},
}

func (x *exchange) setSecurity(header *fasthttp.ResponseHeader) {
	for _, line := range security {
		if len(header.Peek(line.Name)) == 0 {
			header.Set(line.Name, line.Value)
		}
	}
	if x.conn.secure() {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
