package transfer

import (
	"bufio"
	"bytes"
	"io"

	"github.com/posternhq/postern/host"
)

type ndjsonReader struct {
	in     *bufio.Reader
	number int
}

func newNDJSONReader(r io.Reader) *ndjsonReader {
	return &ndjsonReader{in: bufio.NewReaderSize(r, 64<<10)}
}

// Next implements Reader. Lines without anything on them are skipped.
func (r *ndjsonReader) Next() (Line, error) {
	for {
		line, err := r.read()
		if len(line) > 0 || err != nil {
			return Line{r.number, line}, err
		}
	}
}

// read reads a line without the white space around it.
func (r *ndjsonReader) read() (line []byte, err error) {
	r.number++
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fault("the line has more than %d bytes", maxLine)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(line) > 0:
			// A last line need not end.
		case err != nil:
			return nil, err
		}
		if r.number == 1 {
			line = bytes.TrimPrefix(line, []byte(bom))
		}
		return bytes.TrimSpace(line), nil
	}
}

type ndjsonWriter struct {
	out  *bufio.Writer
	line []byte
}

func newNDJSONWriter(w io.Writer) *ndjsonWriter { return &ndjsonWriter{out: bufio.NewWriter(w)} }

// Write implements Writer.
func (w *ndjsonWriter) Write(records []*host.Record) error {
	for _, record := range records {
		w.line = append(record.AppendJSON(w.line[:0], nil), '\n')
		if _, err := w.out.Write(w.line); err != nil {
			return err
		}
	}
	return nil
}

// Flush implements Writer.
func (w *ndjsonWriter) Flush() error { return w.out.Flush() }
