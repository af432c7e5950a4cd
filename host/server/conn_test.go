package server

import (
	"bufio"
	"io"
	"net"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// deaf is a connection without deadlines, so that a fuzz target can read a
// string through it.
type deaf struct{ net.Conn }

func (deaf) SetReadDeadline(time.Time) error { return nil }

// chunkedBody returns the body a connection would read from in.
func chunkedBody(in io.Reader) *body {
	c := &conn{Conn: deaf{}, in: bufio.NewReaderSize(in, maxHeadBytes), timeouts: &Timeouts{}}
	return newBody(c, &head{length: -1})
}

// A connection whose request is not over looks for no other, even if nobody
// has closed it.
func TestConn_NextInsideBody(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/9\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		c := &conn{Conn: deaf{}, in: bufio.NewReaderSize(strings.NewReader(raw), maxHeadBytes), timeouts: &Timeouts{}}
		var stopping atomic.Bool
		if !c.next(&stopping) || c.next(&stopping) {
			t.Errorf("%q: one request was expected", raw)
		}
	}
}

// FuzzChunks holds our reading of chunks against the standard library's: what
// ours takes must be the same data, and end at the same byte.
func FuzzChunks(f *testing.F) {
	for _, seed := range []string{
		"0\r\n\r\nrest",
		"3\r\nabc\r\n0\r\n\r\n",
		"3;a=b\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\nrest",
		"3\nabc\r\n0\r\n\r\n",
		"3 \r\nabc\r\n0\r\n\r\n",
		"3 ;a\r\nabc\r\n0\r\n\r\n",
		"3\r\nabcd\r\n0\r\n\r\n",
		"-1\r\n", "0x1\r\n", "\r\n", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		ours := chunkedBody(strings.NewReader(raw))
		data, err := io.ReadAll(ours)
		slowly, slowErr := io.ReadAll(chunkedBody(iotest.OneByteReader(strings.NewReader(raw))))
		if string(data) != string(slowly) || (err == nil) != (slowErr == nil) {
			t.Errorf("%q: %q, %v; byte by byte %q, %v", raw, data, err, slowly, slowErr)
		}
		if _, again := ours.Read(make([]byte, 1)); again != ours.err || again == nil {
			t.Errorf("%q: the error is not sticky: %v, then %v", raw, err, again)
		}
		if err != nil {
			return
		}
		rest, _ := io.ReadAll(ours.conn.in)
		in := bufio.NewReader(strings.NewReader(raw))
		want, stdErr := io.ReadAll(httputil.NewChunkedReader(in))
		if stdErr != nil || string(want) != string(data) {
			t.Errorf("%q: %q, the standard library %q, %v", raw, data, want, stdErr)
		}
		// The standard library leaves the trailer to its caller.
		stdRest, _ := io.ReadAll(in)
		trailer, found := strings.CutSuffix(string(stdRest), string(rest))
		if !found || !strings.HasSuffix("\r\n"+trailer, "\r\n\r\n") {
			t.Errorf("%q: ends before %q, the standard library before %q", raw, rest, stdRest)
		}
	})
}
