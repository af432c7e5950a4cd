package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// standIn is what fasthttp reads in place of every request's head. Its parser
// takes what must be refused, so it never sees
// a byte that a client sent: conn reads heads and bodies itself, and fasthttp
// is told when there is a request to handle.
const standIn = "GET / HTTP/1.1\r\nHost: postern\r\n\r\n"

// conn is a client's connection. It gives fasthttp one stand-in for each head
// that has arrived, and never looks for the next head inside a body. All but
// Close is for the one goroutine that serves the connection.
type conn struct {
	net.Conn
	in       *bufio.Reader
	timeouts *Timeouts
	pending  string // of standIn, still to be given to fasthttp
	served   bool   // at least one request came

	// The current request: its head or what is wrong with it, and its body.
	head  *head
	fault error
	body  *body

	// linger tells Close to wait until the client has read the answer.
	linger atomic.Bool
	once   sync.Once
	closed func(*conn)
}

// newConn wraps a connection; closed is called once, when it is closed.
func newConn(c net.Conn, timeouts *Timeouts, closed func(*conn)) *conn {
	return &conn{Conn: c, in: bufio.NewReaderSize(c, maxHeadBytes), timeouts: timeouts, closed: closed}
}

// Read gives fasthttp the stand-in when the next request's head has arrived
// whole, good or bad. Its only error is io.EOF: nobody is there to be answered.
func (c *conn) Read(p []byte) (int, error) {
	if c.pending == "" {
		if !c.next() {
			return 0, io.EOF
		}
		c.pending = standIn
	}
	n := copy(p, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

// next waits for a request. It reports false if none will come.
func (c *conn) next() bool {
	// After a bad head, or inside a body, there is no telling where the
	// next request begins.
	if c.fault != nil || !c.body.complete() {
		return false
	}
	wait := c.timeouts.Idle
	if !c.served {
		wait = c.timeouts.Read
	}
	if c.Conn.SetReadDeadline(time.Now().Add(wait)) != nil {
		return false
	}
	if _, err := c.in.Peek(1); err != nil {
		return false
	}
	c.served = true
	if c.Conn.SetReadDeadline(time.Now().Add(c.timeouts.Read)) != nil {
		return false
	}
	raw, err := readHead(c.in)
	if err == io.EOF {
		return false
	}
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

// readHead reads up to and with the first empty line. One empty line before
// the request line is skipped, as RFC 9112 asks. Errors are for the client,
// but for io.EOF: it is gone.
func readHead(in *bufio.Reader) (string, error) {
	for start, line := 0, 0; ; {
		buffered, _ := in.Peek(in.Buffered())
		for {
			length := bytes.IndexByte(buffered[line:], '\n')
			if length < 0 {
				break
			}
			end := line + length + 1
			if length == 0 || buffered[end-2] != '\r' {
				return "", malformed("lines must end with CR LF")
			}
			if length > 1 {
				line = end
				continue
			}
			if line > start {
				raw := string(buffered[start:end])
				_, err := in.Discard(end)
				return raw, err
			}
			if start > 0 {
				return "", malformed("the request line is empty")
			}
			start, line = end, end
		}
		if _, err := in.Peek(len(buffered) + 1); err != nil {
			return "", explainHead(err)
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

// writeContinue tells a client that waits for it to send the body. It is in
// order with the answers: fasthttp has sent the last one before it asked for
// this request.
func (c *conn) writeContinue() error {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeouts.Write)); err != nil {
		return err
	}
	_, err := io.WriteString(c.Conn, "HTTP/1.1 100 Continue\r\n\r\n")
	return err
}

// SetReadDeadline does nothing: conn sets the deadlines of its own reads, and
// others do not know whether it is waiting for a request or for a body.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// Close closes the connection once.
func (c *conn) Close() error {
	var err error
	c.once.Do(func() {
		if c.linger.Load() {
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
