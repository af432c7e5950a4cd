package host

import (
	"bytes"
	"encoding/json"
)

// JSONReader goes through valid JSON, once, and decodes of it only what is asked
// for: encoding/json would read, and copy, every value several times.
type JSONReader struct{ checker }

// ReadJSON returns a reader of data, which must be valid (see ValidJSON).
func ReadJSON(data []byte) *JSONReader { return &JSONReader{checker{data: data}} }

// Kind is the byte that the next value begins with, 0 at the end.
func (r *JSONReader) Kind() byte { return r.next() }

// More goes to the name of the next member of an object, or to the next element
// of a list, from where the object or list or the value before it begins and
// ends. If there is none it goes behind the object or list, and is false. So it
// is for anything that is neither.
func (r *JSONReader) More() bool {
	switch r.next() {
	case '{', '[', ',':
		r.at++
	case 0:
		return false
	}
	if b := r.next(); b == '}' || b == ']' {
		r.at++
		return false
	}
	return true
}

// Value goes past a value and returns it as it is written.
func (r *JSONReader) Value() []byte {
	r.next()
	from := r.at
	r.value()
	return r.data[from:r.at:r.at]
}

// Name reads the name of a member and goes to its value.
func (r *JSONReader) Name() string {
	name := r.Text()
	r.next()
	r.at++ // the colon
	return name
}

// Text reads a text. Halves of surrogate pairs become U+FFFD.
func (r *JSONReader) Text() string { return unquote(r.quoted()) }

// quoted is Value for a text, of which there are so many.
func (r *JSONReader) quoted() []byte {
	r.next()
	from := r.at
	r.text()
	return r.data[from:r.at]
}

// unquote decodes a valid text.
func unquote(quoted []byte) (text string) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	_ = json.Unmarshal(quoted, &text)
	return text
}

// Decode reads a value as encoding/json does, with its numbers as json.Number.
func (r *JSONReader) Decode() any {
	switch r.Kind() {
	case '{':
		members := map[string]any{}
		for r.More() {
			name := r.Name()
			members[name] = r.Decode()
		}
		return members
	case '[':
		elements := []any{}
		for r.More() {
			elements = append(elements, r.Decode())
		}
		return elements
	case '"':
		return r.Text()
	case 't', 'f':
		return string(r.Value()) == "true"
	case 'n':
		r.Value()
		return nil
	}
	return json.Number(r.Value())
}
