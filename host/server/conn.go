package server

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a client's connection. It reads heads and bodies, and never looks for
// the next head inside a body. All but Close and closeIdle is for the one
// goroutine that serves the connection.
type conn struct {
	net.Conn
	in       *bufio.Reader
	out      []byte // room for the head of an answer
	timeouts *Timeouts
	remote   netip.Addr // of the peer; zero if it has no IP address
	served   bool       // at least one request came

	// The deadlines that the connection has. Moving one costs more than reading
	// a head, so that it is moved only when it is off by much.
	readBy, writeBy time.Time

	// The current request: its head or what is wrong with it, and its body.
	head  *head
	fault error
	body  *body

	phase atomic.Int32 // idle, busy or ended
	// linger tells Close to wait until the client has read the answer.
	linger bool
	once   sync.Once
	closed func(*conn)
}

// What a connection does: it waits for a whole head, or has a request to
// answer, or is closed although a head may just have come.
const (
	idle = iota
	busy
	ended
)

// newConn wraps a connection; closed is called once, when it is closed.
func newConn(c net.Conn, timeouts *Timeouts, closed func(*conn)) *conn {
	return &conn{Conn: c, in: bufio.NewReaderSize(c, maxHeadBytes), timeouts: timeouts, remote: remoteAddr(c), closed: closed}
}

func remoteAddr(c net.Conn) netip.Addr {
	addr, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return addr.AddrPort().Addr().Unmap()
}

// next waits for a request, whose head may be good or bad. It reports false if
// none will come, or if stopping is set before the whole head is there.
func (c *conn) next(stopping *atomic.Bool) bool {
	// After a bad head, or inside a body, there is no telling where the
	// next request begins.
	if c.fault != nil || !c.body.complete() {
		return false
	}
	// In this order: whoever sets stopping looks for idle connections after it.
	if c.phase.Store(idle); stopping.Load() {
		return false
	}
	raw, err := c.readHead()
	if err == io.EOF || !c.phase.CompareAndSwap(idle, busy) {
		return false
	}
	c.served = true
	c.head, c.body = nil, nil
	if err == nil {
		c.head, err = parseHead(raw)
	}
	c.fault = err
	if c.head != nil {
		c.body = newBody(c, c.head)
	}
	return true
}

// closeIdle closes a connection that waits for a head.
func (c *conn) closeIdle() {
	if c.phase.CompareAndSwap(idle, ended) {
		c.cut()
	}
}

// cut closes the connection at once, beneath TLS, which would take up to five
// seconds for its good-bye to a client that reads nothing.
func (c *conn) cut() {
	inner := c.Conn
	if secured, ok := inner.(*tls.Conn); ok {
		inner = secured.NetConn()
	}
	_ = inner.Close()
}

// handshake makes the handshake of a TLS connection, within the time for a
// head.
func (c *conn) handshake() error {
	secured, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	now := time.Now()
	end := now.Add(c.timeouts.Read)
	if err := errors.Join(c.readUntil(now, end), c.writeUntil(now, end)); err != nil {
		return err
	}
	err := secured.Handshake()
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) && plain.Conn != nil {
		// Most likely a request without TLS, whose sender should see why.
		_, _ = io.WriteString(plain.Conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\r\nThis port speaks HTTPS, only.\n")
	}
	return err
}

// secure reports whether the connection is encrypted.
func (c *conn) secure() bool {
	_, ok := c.Conn.(*tls.Conn)
	return ok
}

// readHead waits for a request and reads up to and with the first empty line.
// Errors are for the client, but for io.EOF: it is gone.
func (c *conn) readHead() (string, error) {
	wait := c.timeouts.Idle
	if !c.served {
		wait = c.timeouts.Read
	}
	now := time.Now()
	if c.readUntil(now, now.Add(wait)) != nil {
		return "", io.EOF
	}
	if _, err := c.in.Peek(1); err != nil {
		return "", io.EOF
	}
	for begun := false; ; begun = true {
		buffered, _ := c.in.Peek(c.in.Buffered())
		start, end, err := findHead(buffered)
		if err != nil {
			return "", err
		}
		if end > 0 {
			raw := string(buffered[start:end])
			_, err := c.in.Discard(end)
			return raw, err
		}
		if now := time.Now(); !begun && c.readUntil(now, now.Add(c.timeouts.Read)) != nil {
			return "", io.EOF
		}
		if _, err := c.in.Peek(len(buffered) + 1); err != nil {
			return "", explainHead(err)
		}
	}
}

// findHead returns where the head in b begins and ends, an end of 0 if more of
// it has to come. One empty line before the request line is skipped, as RFC
// 9112 asks.
func findHead(b []byte) (start, end int, err error) {
	for line := 0; ; {
		length := bytes.IndexByte(b[line:], '\n')
		if length < 0 {
			return 0, 0, nil
		}
		end := line + length + 1
		switch {
		case length == 0 || b[end-2] != '\r':
			return 0, 0, malformed("lines must end with CR LF")
		case length > 1:
			line = end
		case line > start:
			return start, end, nil
		case start > 0:
			return 0, 0, malformed("the request line is empty")
		default:
			start, line = end, end
		}
	}
}

func explainHead(err error) error {
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return errHeadTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errHeadTimeout
	}
	return io.EOF
}

// writeContinue tells a client that waits for it to send the body.
func (c *conn) writeContinue() error {
	now := time.Now()
	if err := c.writeUntil(now, now.Add(c.timeouts.Write)); err != nil {
		return err
	}
	_, err := io.WriteString(c.Conn, "HTTP/1.1 100 Continue\r\n\r\n")
	return err
}

// readUntil sets the deadline of reads to about t: not later, and not earlier
// by more than an eighth of what is left.
func (c *conn) readUntil(now, t time.Time) error {
	if isAbout(c.readBy, now, t) {
		return nil
	}
	c.readBy = t
	return c.Conn.SetReadDeadline(t)
}

// writeUntil does the same for writes.
func (c *conn) writeUntil(now, t time.Time) error {
	if isAbout(c.writeBy, now, t) {
		return nil
	}
	c.writeBy = t
	return c.Conn.SetWriteDeadline(t)
}

func isAbout(have, now, want time.Time) bool {
	early := want.Sub(have)
	return early >= 0 && early <= want.Sub(now)/8
}

// Close closes the connection once.
func (c *conn) Close() error {
	var err error
	c.once.Do(func() {
		if c.linger {
			c.waitForClient()
		}
		err = c.Conn.Close()
		c.closed(c)
	})
	return err
}

// waitForClient says that no more will be written and reads until the client
// says the same. Were the connection closed while bytes of the client are on
// their way, its system would throw the answer away with the connection.
func (c *conn) waitForClient() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.Conn.SetReadDeadline(time.Now().Add(c.timeouts.Discard)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.Conn, discardBytes)
}
