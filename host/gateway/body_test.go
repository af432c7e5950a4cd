package gateway

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/posternhq/postern/host"
)

// TestReadBody: whatever a client announces, what it sends arrives, and it gets
// room in proportion to that.
func TestReadBody(t *testing.T) {
	t.Parallel()
	const limit = 8 << 20
	readers := map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r },
		"halves":  iotest.HalfReader,
		"end":     iotest.DataErrReader,
	}
	for name, by := range readers {
		for _, size := range []int{0, 1, smallBody, bodyRoom - 1, bodyRoom, bodyRoom + smallBody, 5 << 20, limit} {
			sent := bytes.Repeat([]byte("0123456789abcdefg"), size/17+1)[:size]
			for _, announced := range []int{-1, size, size / 2, limit} {
				body, err := readBody(&host.Request{Body: by(bytes.NewReader(sent)), ContentLength: int64(announced)}, limit)
				if err != nil || !bytes.Equal(body, sent) {
					t.Errorf("%s: %d bytes, announced %d: got %d, %v", name, size, announced, len(body), err)
				}
				if room := cap(body); room > bodyGrowth*max(size, bodyRoom+smallBody) || announced == size && size > bodyRoom+smallBody && room > size+size/8 {
					t.Errorf("%s: %d bytes, announced %d, took room for %d", name, size, announced, room)
				}
			}
		}
	}
	for _, announced := range []int64{-1, 10, limit + 1} {
		_, err := readBody(&host.Request{Body: bytes.NewReader(make([]byte, limit+1)), ContentLength: announced}, limit)
		if host.CodeOf(err) != host.CodeTooLarge {
			t.Errorf("a body over the limit, announced %d: got %v", announced, err)
		}
	}
}
