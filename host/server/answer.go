package server

import (
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// maxOut is how much room for answers a connection keeps, and up to which size
// head and body are sent as one piece.
const maxOut = 16 << 10

// send writes the response; kept tells whether the connection is kept.
func (x *exchange) send(kept bool) error {
	c, r := x.conn, &x.response
	x.status, x.size = r.Status, len(r.Body)
	out := x.appendHead(c.out[:0], kept)
	now := time.Now()
	if err := c.writeUntil(now, now.Add(c.timeouts.Write)); err != nil {
		return err
	}
	body := r.Body
	if x.isHead() || !hasBody(r.Status) {
		body = nil
	}
	if len(out)+len(body) > maxOut {
		pieces := net.Buffers{out, body}
		_, err := pieces.WriteTo(c.Conn)
		return err
	}
	c.out = append(out, body...)
	_, err := c.Conn.Write(c.out)
	return err
}

// appendHead adds the status line and the header, with what is the host's to
// say in place of what the response says of it.
func (x *exchange) appendHead(b []byte, kept bool) []byte {
	r := &x.response
	b = strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(r.Status), 10)
	b = append(append(b, ' '), http.StatusText(r.Status)...)
	b = append(x.clock.append(append(b, "\r\nDate: "...), x.start), "\r\n"...)
	for _, line := range r.Header {
		switch {
		case !isToken(line.Name) || !isFieldValue(line.Value):
			x.Log.Error("response header dropped: it is malformed", "request_id", x.id)
		case !isOwn(line.Name):
			b = append(append(b, line.Name...), ": "...)
			b = append(append(b, line.Value...), "\r\n"...)
		}
	}
	b = append(append(b, "X-Request-Id: "...), x.id...)
	b = append(b, "\r\nX-Content-Type-Options: nosniff\r\n"...)
	if hasBody(r.Status) {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(r.Body)), 10)
		b = append(b, "\r\n"...)
	}
	if option := x.connectionOption(kept); option != "" {
		b = append(append(append(b, "Connection: "...), option...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// connectionOption is what the client must be told of the connection, if
// anything.
func (x *exchange) connectionOption(kept bool) string {
	switch {
	case !kept:
		return "close"
	case x.conn.head.protocol == "1.0":
		return "keep-alive"
	}
	return ""
}

// isOwn tells which headers of an answer only this package sends.
func isOwn(name string) bool {
	for _, own := range [...]string{
		"X-Content-Type-Options", "X-Request-Id", "Server", "Date", "Connection", "Content-Length", "Transfer-Encoding",
	} {
		if isName(name, own) {
			return true
		}
	}
	return false
}

// hasBody tells whether answers of a status have a body (RFC 9110, 6.4.1).
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// clock writes the time as HTTP does. It keeps the text of the second.
type clock struct{ now atomic.Pointer[second] }

type second struct {
	unix int64
	text string
}

func (c *clock) append(b []byte, t time.Time) []byte {
	now := c.now.Load()
	if now == nil || now.unix != t.Unix() {
		now = &second{t.Unix(), t.UTC().Format(http.TimeFormat)}
		c.now.Store(now)
	}
	return append(b, now.text...)
}

// fail makes an error the answer. Headers that are set already stay.
func (x *exchange) fail(err error) {
	status, body := x.problem(err)
	if x.fiber != nil {
		response := &x.fiber.Response
		response.ResetBody()
		response.SetStatusCode(status)
		response.Header.SetContentType("application/json")
		response.SetBodyRaw(body)
		return
	}
	x.response.Status, x.response.Body = status, body
	x.response.Set("Content-Type", "application/json")
}
