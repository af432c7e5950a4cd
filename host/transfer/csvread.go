package transfer

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

type csvReader struct {
	in      *csv.Reader
	bounded *bounded
	typing  *typing
	columns []column // nil before the header
	next    int      // line where the next record is thought to begin
}

func newCSVReader(r io.Reader, schema json.RawMessage) *csvReader {
	b := &bounded{in: bufio.NewReader(r)}
	in := csv.NewReader(b)
	in.ReuseRecord = true
	return &csvReader{in: in, bounded: b, typing: newTyping(schema), next: 1}
}

// bounded fails when more is read than a record may have: the decoder itself
// would read on to the end for a quote that never closes.
type bounded struct {
	in    *bufio.Reader
	read  int64
	limit int64
	err   error // of in
}

var errLong = errors.New("the record is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.read >= b.limit {
		return 0, errLong
	}
	n, err := b.in.Read(p)
	b.read += int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// Next implements Reader.
func (r *csvReader) Next() (Line, error) {
	if r.columns == nil {
		if start, _ := r.bounded.in.Peek(len(bom)); string(start) == bom {
			_, _ = r.bounded.in.Discard(len(bom))
		}
		cells, number, err := r.record()
		if err == io.EOF {
			err = fault("the first line must name the fields")
		}
		if err == nil {
			err = r.head(cells)
		}
		if err != nil {
			return Line{Number: number}, err
		}
	}
	cells, number, err := r.record()
	if err != nil {
		return Line{Number: number}, err
	}
	document, err := r.document(cells)
	return Line{number, document}, err
}

// record reads the cells of a record and the number of its first line.
func (r *csvReader) record() (cells []string, number int, err error) {
	r.bounded.limit = r.in.InputOffset() + maxLine
	cells, err = r.in.Read()
	var wrong *csv.ParseError
	switch {
	case err == nil:
		number, _ = r.in.FieldPos(0)
		r.next = number + 1
		for _, cell := range cells {
			r.next += strings.Count(cell, "\n")
		}
		return cells, number, nil
	case r.bounded.err != nil:
		return nil, r.next, r.bounded.err
	case errors.As(err, &wrong):
		r.next = wrong.StartLine
	}
	switch {
	case errors.Is(err, errLong):
		err = fault("the record has more than %d bytes; a quote may be missing", maxLine)
	case errors.Is(err, csv.ErrFieldCount):
		err = fault("the line has %d cells, the first line %d", len(cells), r.in.FieldsPerRecord)
	case errors.Is(err, csv.ErrQuote):
		err = fault(`a quote is missing, or stands where none may; within quotes " is written ""`)
	case errors.Is(err, csv.ErrBareQuote):
		err = fault(`a cell with a quote in it must be in quotes, and the quote doubled`)
	}
	return nil, r.next, err
}

// head makes columns of the first record.
func (r *csvReader) head(names []string) error {
	if len(names) > maxColumns+len(kept) {
		return fault("the first line names %d fields; at most %d are allowed", len(names), maxColumns)
	}
	if len(names) == 1 && strings.ContainsAny(names[0], ";\t") {
		return fault("the first line names one field, %.100q: fields are separated by commas", names[0])
	}
	if strings.Contains(strings.Join(names, ""), "\r") {
		return fault("the first line has a carriage return in it: lines must end with a line feed")
	}
	columns := make([]column, 0, len(names))
	taken, within := map[string]bool{}, map[string]bool{}
	for i, name := range names {
		c, err := r.column(name)
		if err != nil {
			return fault("column %d: %s", i+1, host.AsError(err).Message)
		}
		name = c.path.String()
		clash := taken[name] || within[name]
		taken[name] = true
		for n := 1; n < len(c.path); n++ {
			outer := c.path[:n].String()
			clash = clash || taken[outer]
			within[outer] = true
		}
		if clash {
			return fault("column %d: another column holds %.100s, too", i+1, name)
		}
		columns = append(columns, c)
	}
	r.columns = columns
	return nil
}

// column reads the name of a column.
func (r *csvReader) column(name string) (column, error) {
	path, err := host.ParsePath(strings.Clone(name))
	if err != nil {
		return column{}, err
	}
	if own := strings.HasPrefix(path[0], "__"); own && (len(path) > 1 || !slices.Contains(kept, path[0])) {
		return column{}, fault("%.100s: names that begin with __ are reserved", name)
	}
	return column{path.String(), path, r.typing.isText(path)}, nil
}

// kept are the columns of what is no field of a document.
var kept = []string{host.FieldID, host.FieldCreatedAt, host.FieldUpdatedAt, host.FieldVersion, otherName}

// document makes a JSON object of a record's cells.
func (r *csvReader) document(cells []string) (json.RawMessage, error) {
	document := map[string]any{}
	other := ""
	for i := range r.columns {
		c := &r.columns[i]
		switch c.name {
		case otherName:
			other = cells[i]
			continue
		case host.FieldCreatedAt, host.FieldUpdatedAt, host.FieldVersion:
			continue
		}
		value, err := c.parse(cells[i])
		if err != nil {
			return nil, err
		}
		if value != nil {
			plant(document, c.path, value)
		}
	}
	if err := addOther(document, other); err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

// plant puts a value at a path. No other column is within the path or around
// it.
func plant(document map[string]any, path host.Path, value json.RawMessage) {
	for _, name := range path[:len(path)-1] {
		inner, ok := document[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			document[name] = inner
		}
		document = inner
	}
	document[path[len(path)-1]] = value
}

// addOther adds the members that a cell of the column __other holds.
func addOther(document map[string]any, cell string) error {
	if cell == "" {
		return nil
	}
	var members map[string]json.RawMessage
	if !utf8.ValidString(cell) || json.Unmarshal([]byte(cell), &members) != nil || members == nil {
		return fault("%s must be a JSON object", otherName)
	}
	for name, value := range members {
		if document[name] != nil {
			return fault("%s must not hold %.100s, which has a cell", otherName, name)
		}
		document[name] = value
	}
	return nil
}
