package store

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/posternhq/postern/host"
)

// errDocument is the error of data that is no JSON object.
var errDocument = errors.New("the data of a record is not a JSON object")

// appendTerms appends the column terms of a document: see term.go. It reads the
// document as it comes, because a tree of it would cost more than all else that
// a write does here.
func appendTerms(b []byte, document json.RawMessage) ([]byte, error) {
	if !json.Valid(document) {
		return nil, errDocument
	}
	r := &reader{rest: document}
	if r.next() != '{' {
		return nil, errDocument
	}
	return r.terms(b)
}

// fieldValue is the value of a field: its term, "" for none and for an object,
// and about how many bytes an index holds of it.
type fieldValue struct {
	term   string
	size   int
	object bool
}

// fieldTerm finds the value of a field.
func fieldTerm(document json.RawMessage, path host.Path) (v fieldValue, err error) {
	r := &reader{rest: document}
	for _, name := range path {
		if r.next() != '{' {
			return v, nil
		}
		if found, err := r.find(name); err != nil || !found {
			return v, err
		}
	}
	switch r.next() {
	case 'n':
		return v, nil
	case '{':
		terms, err := r.terms(nil)
		return fieldValue{size: 2 * len(terms), object: true}, err // databases write objects with spaces of their own
	}
	term, err := r.term(nil)
	return fieldValue{term: string(term), size: len(term)}, err
}

// reader reads valid JSON.
type reader struct {
	rest    []byte
	scratch []byte
}

// next skips white space and returns what begins then.
func (r *reader) next() byte {
	for len(r.rest) > 0 && r.rest[0] <= ' ' {
		r.rest = r.rest[1:]
	}
	if len(r.rest) == 0 {
		return 0
	}
	return r.rest[0]
}

// member steps to the name of the next member of an object, and behind the
// object after the last.
func (r *reader) member() bool {
	c := r.next()
	if c == '{' || c == ',' {
		r.rest = r.rest[1:]
		c = r.next()
	}
	if c == '}' {
		r.rest = r.rest[1:]
		return false
	}
	return c != 0
}

// name reads the name of a member, up to its value.
func (r *reader) name() (string, error) {
	name, err := r.text()
	r.next()
	r.rest = r.rest[min(1, len(r.rest)):] // the colon
	return name, err
}

// find steps to the value of a member of an object.
func (r *reader) find(name string) (found bool, err error) {
	for r.member() {
		this, err := r.name()
		if err != nil || this == name {
			return err == nil, err
		}
		r.value()
	}
	return false, nil
}

// value reads a value and returns it as it is written.
func (r *reader) value() []byte {
	r.next()
	whole, depth := r.rest, 0
	for len(r.rest) > 0 {
		switch r.rest[0] {
		case '"':
			r.string()
		case '{', '[':
			depth++
			r.rest = r.rest[1:]
		case '}', ']', ',':
			if depth == 0 { // behind a number or a word
				return whole[:len(whole)-len(r.rest)]
			}
			if r.rest[0] != ',' {
				depth--
			}
			r.rest = r.rest[1:]
		default:
			r.rest = r.rest[1:]
			continue
		}
		if depth == 0 {
			break
		}
	}
	return whole[:len(whole)-len(r.rest)]
}

// string reads a string and returns it with its quotes, and whether it has
// escapes.
func (r *reader) string() (quoted []byte, escapes bool) {
	for i := 1; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '\\':
			escapes = true
			i++
		case '"':
			quoted, r.rest = r.rest[:i+1], r.rest[i+1:]
			return quoted, escapes
		}
	}
	quoted, r.rest = r.rest, nil
	return quoted, escapes
}

// text reads a string.
func (r *reader) text() (string, error) {
	r.next()
	quoted, escapes := r.string()
	if !escapes && len(quoted) > 1 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}

// terms reads an object and appends it with terms.
func (r *reader) terms(b []byte) ([]byte, error) {
	b = append(b, '{')
	empty := len(b)
	for r.member() {
		name, err := r.name()
		if err != nil {
			return nil, err
		}
		kind := r.next()
		if kind == 'n' {
			r.value()
			continue
		}
		if len(b) > empty {
			b = append(b, ',')
		}
		b = append(appendName(append(b, '"'), name), '"', ':')
		if kind == '{' {
			b, err = r.terms(b)
		} else if r.scratch, err = r.term(r.scratch[:0]); err == nil {
			b = host.AppendText(b, string(r.scratch))
		}
		if err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// term reads anything but an object and appends its term.
func (r *reader) term(b []byte) ([]byte, error) {
	switch r.next() {
	case '"':
		text, err := r.text()
		return appendTerm(b, text), err
	case '[':
		list, err := decodeNumbers(r.value())
		return appendTerm(b, list), err
	case 't', 'f', 'n':
		return appendTerm(b, map[byte]any{'t': true, 'f': false, 'n': nil}[r.value()[0]]), nil
	}
	return appendTerm(b, json.Number(bytes.TrimSpace(r.value()))), nil
}
