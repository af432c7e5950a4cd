// Package transfer writes records as a stream of lines, in CSV or NDJSON, and
// reads them back.
//
// It owns both formats: what a line and a cell mean, and which line is at fault.
// What it writes, it reads as the same documents. It must not know where
// records are kept, nor whether an object admits a document. Streams are
// hostile and have no end: memory is bounded by one record.
//
// A column of CSV is a field; its name is the field's path. A cell is a text
// where the object's schema admits only texts. Elsewhere it is JSON if it is
// valid JSON, and a text if not. An empty cell is a missing field. The column
// __other holds, as one JSON object, what has no column or no cell of its own:
// an empty text in a column of texts, for example.
package transfer

import (
	"encoding/json"
	"io"

	"github.com/posternhq/postern/host"
)

// Format is how records are written.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// MediaType is that of a stream in the format.
func (f Format) MediaType() string {
	if f == CSV {
		return "text/csv; charset=utf-8"
	}
	return "application/x-ndjson"
}

// maxLine bounds a line, or a record of CSV, as it is sent: a document that
// escapes every character takes a few times its size.
const maxLine = 4 * host.MaxRecordBytes

// Line is one document of a stream.
type Line struct {
	Number   int // of its first line, from 1
	Document json.RawMessage
}

// Reader reads documents.
type Reader interface {
	// Next returns the next one, or io.EOF after the last. What is wrong with
	// the stream is a CodeInvalid, without the number of the line, which is
	// in Line all the same; nothing can be read after it. Errors of the
	// stream itself are returned as they are.
	Next() (Line, error)
}

// NewReader returns a reader of a stream. schema is that of the object; nil for
// none.
func NewReader(f Format, r io.Reader, schema json.RawMessage) Reader {
	if f == CSV {
		return newCSVReader(r, schema)
	}
	return newNDJSONReader(r)
}

// Writer writes records. Flush must follow the last.
type Writer interface {
	Write(records []*host.Record) error
	Flush() error
}

// NewWriter returns a writer to w. schema is that of the object; nil for none.
func NewWriter(f Format, w io.Writer, schema json.RawMessage) Writer {
	if f == CSV {
		return newCSVWriter(w, schema)
	}
	return newNDJSONWriter(w)
}

// bom may begin a stream in UTF-8, and means nothing.
const bom = "\xef\xbb\xbf"

func fault(format string, args ...any) error { return host.Errorf(host.CodeInvalid, format, args...) }
