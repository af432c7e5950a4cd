package outbound

import (
	"fmt"
	"io"
	"net/http"
)

// bounded refuses responses with a larger body than limit.
type bounded struct {
	next  http.RoundTripper
	limit int64
}

// RoundTrip does one request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.ContentLength > b.limit && r.Method != http.MethodHead {
		response.Body.Close()
		return nil, tooLarge(b.limit)
	}
	response.Body = &boundedBody{ReadCloser: response.Body, limit: b.limit, left: b.limit}
	return response, nil
}

// CloseIdleConnections is what http.Client's method of that name calls.
func (b bounded) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func tooLarge(limit int64) error { return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit) }

// boundedBody fails at the first byte past the limit.
type boundedBody struct {
	io.ReadCloser
	limit, left int64
}

// Read reads on. One byte more than allowed is asked for, to tell a body that
// ends there from one that does not.
func (b *boundedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		err = tooLarge(b.limit)
	}
	b.left -= int64(n)
	return n, err
}
