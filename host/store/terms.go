package store

import (
	"encoding/json"
	"errors"

	"github.com/posternhq/postern/host"
)

// errDocument is the error of data that is no JSON object.
var errDocument = errors.New("the data of a record is not a JSON object")

// appendTerms appends the column terms of a document, whose members are sorted:
// see term.go. It reads the document as it comes, because a tree of it would
// cost more than all else that a write does here.
func appendTerms(b []byte, document json.RawMessage) ([]byte, error) {
	if !host.ValidJSON(document) {
		return nil, errDocument
	}
	r := termReader{JSONReader: host.ReadJSON(document)}
	if r.Kind() != '{' {
		return nil, errDocument
	}
	return r.appendMembers(b), nil
}

// termReader reads documents as terms.
type termReader struct {
	*host.JSONReader
	term []byte // room for one
}

// appendMembers appends the object that comes next, with terms.
func (r *termReader) appendMembers(b []byte) []byte {
	b = append(b, '{')
	empty := len(b)
	for r.More() {
		name := r.Name()
		kind := r.Kind()
		if kind == 'n' {
			r.Value()
			continue
		}
		if len(b) > empty {
			b = append(b, ',')
		}
		b = append(appendName(append(b, '"'), name), '"', ':')
		if kind == '{' {
			b = r.appendMembers(b)
		} else {
			r.term = r.appendTerm(r.term[:0])
			b = host.AppendText(b, string(r.term))
		}
	}
	return append(b, '}')
}

// appendTerm is appendTerm for the value that comes next, which is no object.
func (r *termReader) appendTerm(b []byte) []byte {
	switch r.Kind() {
	case '"':
		return appendTextTerm(b, r.Text())
	case '[':
		b = append(b, termList...)
		for r.More() {
			b = append(r.appendItem(append(b, itemOpen...)), itemEnd...)
		}
		return b
	case 't', 'f', 'n':
		return appendTerm(b, r.Decode())
	}
	return appendNumberTerm(b, string(r.Value()))
}

// appendItem is appendItem for the element that comes next.
func (r *termReader) appendItem(b []byte) []byte {
	switch r.Kind() {
	case '[':
		return r.appendCanonical(append(b, termList...))
	case '{':
		return r.appendCanonical(append(b, termObject...))
	}
	return r.appendTerm(b)
}

// appendCanonical is appendCanonical for the value that comes next. The members
// of documents are sorted.
func (r *termReader) appendCanonical(b []byte) []byte {
	switch r.Kind() {
	case '[':
		b = append(b, '[')
		for r.More() {
			b = append(r.appendCanonical(b), ',')
		}
		return append(b, ']')
	case '{':
		b = append(b, '{')
		for r.More() {
			b = append(host.AppendText(b, r.Name()), ':')
			b = append(r.appendCanonical(b), ',')
		}
		return append(b, '}')
	case '"':
		return host.AppendText(b, r.Text())
	}
	return r.appendTerm(b)
}

// fieldValue is the value of a field: its term, "" for none and for an object,
// and about how many bytes an index holds of it.
type fieldValue struct {
	term   string
	size   int
	object bool
}

// fieldTerm finds the value of a field of a document, which is valid.
func fieldTerm(document json.RawMessage, path host.Path) fieldValue {
	r := termReader{JSONReader: host.ReadJSON(document)}
	for _, name := range path {
		if r.Kind() != '{' || !r.find(name) {
			return fieldValue{}
		}
	}
	switch r.Kind() {
	case 'n':
		return fieldValue{}
	case '{':
		return fieldValue{size: 2 * len(r.appendMembers(nil)), object: true} // databases write objects with spaces of their own
	}
	r.term = r.appendTerm(nil)
	return fieldValue{term: string(r.term), size: len(r.term)}
}

// find goes to the value of a member of an object.
func (r *termReader) find(name string) bool {
	for r.More() {
		if r.Name() == name {
			return true
		}
		r.Value()
	}
	return false
}
