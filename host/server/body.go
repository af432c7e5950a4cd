package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
)

// discardBytes is how much is read of a body that nobody wanted, so that the
// client gets its answer: one that is still sending when the connection closes
// may never see it.
const discardBytes = 16 << 20

// Bounds of what surrounds the data of a chunked body.
const (
	maxChunkLine    = 256
	maxChunkExcess  = 16 << 10
	maxTrailerBytes = 8 << 10
)

// body reads one request's body from its connection, and not a byte more: what
// follows is the next request. Its error is sticky; io.EOF means that the body
// is complete, any other is a *host.Error and leaves the connection useless.
type body struct {
	conn    *conn
	chunked bool
	// left is what is still to come of the body, or of the current chunk.
	left int64
	// excess is what chunk lines took beyond what their data justifies.
	excess int64
	// awaited tells that the client waits for "100 Continue" before it sends.
	awaited bool
	// end is when the last byte must be there; set by the first read.
	end time.Time
	// endless tells that there is no such time.
	endless bool
	err     error
}

// newBody returns the body announced by h; nil for none.
func newBody(c *conn, h *head) *body {
	if h.length == 0 {
		return nil
	}
	b := &body{conn: c, awaited: h.awaitsContinue, chunked: h.length < 0}
	if !b.chunked {
		b.left = h.length
	}
	return b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	n, err := b.read(p)
	if err != nil {
		b.err = explain(err)
	}
	return n, b.err
}

func (b *body) read(p []byte) (int, error) {
	if b.awaited {
		b.awaited = false
		if err := b.conn.writeContinue(); err != nil {
			return 0, err
		}
	}
	if err := b.setDeadline(); err != nil {
		return 0, err
	}
	if b.chunked {
		return b.readChunked(p)
	}
	n, err := b.readData(p)
	if err == nil && b.left == 0 {
		err = io.EOF
	}
	return n, err
}

// setDeadline lets the next bytes take a while, and all of them longer.
func (b *body) setDeadline() error {
	now := time.Now()
	if b.end.IsZero() {
		b.end = now.Add(b.conn.timeouts.Body)
	}
	next := now.Add(b.conn.timeouts.Read)
	if b.end.Before(next) && !b.endless {
		next = b.end
	}
	return b.conn.readUntil(now, next)
}

// readData reads of what is left; it is never the end yet.
func (b *body) readData(p []byte) (int, error) {
	n, err := b.conn.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

var errChunks = errors.New("malformed chunks")

func (b *body) readChunked(p []byte) (int, error) {
	if b.left == 0 {
		size, err := b.readChunkSize()
		if err != nil {
			return 0, err
		}
		if size == 0 {
			return 0, b.readTrailer()
		}
		b.left = size
	}
	n, err := b.readData(p)
	if err != nil || b.left > 0 {
		return n, err
	}
	if line, err := b.readLine(); err != nil || line != "" {
		return n, errors.Join(errChunks, err)
	}
	return n, nil
}

// readChunkSize reads the line before a chunk: hexadecimal digits and maybe an
// extension, which means nothing to us.
func (b *body) readChunkSize() (int64, error) {
	line, err := b.readLine()
	if err != nil {
		return 0, err
	}
	// Blanks may end the line; between the digits and a semicolon, where some
	// read them and others do not, they would be room to smuggle.
	digits, extension, _ := strings.Cut(strings.TrimRight(line, " \t"), ";")
	if len(line) > maxChunkLine || len(digits) > 15 || strings.Trim(digits, "0123456789abcdefABCDEF") != "" || !isFieldValue(extension) {
		return 0, errChunks
	}
	size, err := strconv.ParseInt(digits, 16, 64)
	if err != nil {
		return 0, errChunks
	}
	// Chunks of one byte with long extensions would pass any limit on the
	// body while the connection carries a hundred times as much.
	b.excess = max(0, b.excess+int64(len(line))+4-16-2*size)
	if b.excess > maxChunkExcess {
		return 0, errChunks
	}
	return size, nil
}

// readTrailer reads the header lines after the last chunk, which nobody needs,
// and the empty line. It returns io.EOF when the body is complete.
func (b *body) readTrailer() error {
	for size := 0; size <= maxTrailerBytes; {
		line, err := b.readLine()
		if err != nil {
			return err
		}
		if line == "" {
			return io.EOF
		}
		if err := new(head).parseHeaderLine(line); err != nil {
			return errChunks
		}
		size += len(line)
	}
	return errChunks
}

// readLine reads a line that ends with CR LF and returns it without them.
func (b *body) readLine() (string, error) {
	line, err := b.conn.in.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return "", errChunks
	case err == io.EOF:
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return "", errChunks
	}
	return string(text), nil
}

// explain makes an error of reading one for the client.
func explain(err error) error {
	switch {
	case err == io.EOF:
		return err
	case errors.Is(err, errChunks):
		return host.Errorf(host.CodeInvalid, "Malformed request: the body's chunks are malformed")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return host.Errorf(host.CodeInvalid, "The request's body did not arrive in time")
	}
	return host.Caused(host.CodeInvalid, err, "The request's body ended early")
}

// complete reports whether the body has been read to its end.
func (b *body) complete() bool { return b == nil || b.err == io.EOF }

// fault is what went wrong with the body on the wire, nil for nothing.
func (b *body) fault() error {
	if b.complete() {
		return nil
	}
	return b.err
}

// discard reads what is left of the body, within bounds. A client that waits
// for "100 Continue" sends nothing, so there is nothing to read.
func (b *body) discard() {
	if b.complete() || b.awaited {
		return
	}
	b.endless = false
	b.end = time.Now().Add(b.conn.timeouts.Discard)
	_, _ = io.CopyN(io.Discard, b, discardBytes)
}
