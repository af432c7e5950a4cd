package host

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// ParseDocument reads the JSON object that a client wants to store, and
// normalises it: members sorted, of two with one name the last, numbers as they
// were sent. Of the members that the host keeps (see Record) it returns __id,
// "" for none or null, and ignores the others. Halves of surrogate pairs become
// U+FFFD. The error is a CodeInvalid with the rule.
func ParseDocument(raw json.RawMessage) (id string, doc json.RawMessage, err error) {
	return parseDocument("the record", raw)
}

// ParsePatch does the same with a JSON Merge Patch of a record.
func ParsePatch(raw json.RawMessage) (patch json.RawMessage, err error) {
	_, patch, err = parseDocument("the patch", raw)
	return patch, err
}

// parseDocument names in its errors what it reads.
func parseDocument(what string, raw json.RawMessage) (id string, doc json.RawMessage, err error) {
	// Decoded, a document may take thirty times the memory.
	if len(raw) > MaxSentBytes {
		return "", nil, Errorf(CodeInvalid, "%s was sent in %d bytes; at most %d are allowed", what, len(raw), MaxSentBytes)
	}
	if err := checkJSON(what, raw); err != nil {
		return "", nil, err
	}
	p := documentParser{JSONReader: ReadJSON(raw)}
	if p.Kind() != '{' {
		return "", nil, Errorf(CodeInvalid, "%s must be a JSON object", what)
	}
	if doc, err = p.appendObject(make([]byte, 0, len(raw)), 1); err != nil {
		return "", nil, err
	}
	if len(doc) > MaxRecordBytes {
		return "", nil, Errorf(CodeInvalid, "%s has %d bytes; at most %d are allowed", what, len(doc), MaxRecordBytes)
	}
	return p.id, doc, nil
}

// checkJSON refuses what is not one JSON value. what names it in the error.
func checkJSON(what string, raw []byte) error {
	switch {
	case ValidJSON(raw):
		return nil
	case !utf8.Valid(raw):
		return Errorf(CodeInvalid, "%s must be valid UTF-8", what)
	}
	var first json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&first); err != nil {
		return Caused(CodeInvalid, err, "%s must be valid JSON", what)
	}
	return Errorf(CodeInvalid, "%s must be one JSON value", what)
}

// parseJSON decodes one JSON value, with its numbers as json.Number. what names
// it in the error.
func parseJSON(what string, raw []byte) (value any, err error) {
	if err := checkJSON(what, raw); err != nil {
		return nil, err
	}
	return ReadJSON(raw).Decode(), nil
}

// Members of a record that the host keeps.
const (
	FieldID        = "__id"
	FieldCreatedAt = "__created_at"
	FieldUpdatedAt = "__updated_at"
	FieldVersion   = "__version"
)

func isSystemField(name string) bool {
	return name == FieldID || name == FieldCreatedAt || name == FieldUpdatedAt || name == FieldVersion
}

// documentParser reads a document and writes it anew, as it is stored.
type documentParser struct {
	*JSONReader
	id string // what the document says of it
}

// member is one that was written, at a place of what was written.
type member struct {
	name     string
	from, to int
}

// appendObject appends the object that comes next. depth is how many objects and lists
// it is in, itself counted.
func (p *documentParser) appendObject(b []byte, depth int) (_ []byte, err error) {
	if depth > MaxRecordDepth {
		return nil, errDepth()
	}
	var few [16]member
	members, sorted := few[:0], true
	b = append(b, '{')
	begin := len(b)
	for p.More() {
		name := p.Name()
		if depth == 1 && strings.HasPrefix(name, "__") {
			if err := p.systemField(name); err != nil {
				return nil, err
			}
			continue
		}
		if len(name) > MaxFieldName {
			return nil, Errorf(CodeInvalid, "the name %.100q has more than %d bytes", name, MaxFieldName)
		}
		if n := len(members); n > 0 {
			b = append(b, ',')
			sorted = sorted && members[n-1].name < name
		}
		from := len(b)
		if b, err = p.appendValue(append(AppendText(b, name), ':'), name, depth+1); err != nil {
			return nil, err
		}
		members = append(members, member{name, from, len(b)})
	}
	if !sorted {
		b = sortMembers(b, begin, members)
	}
	return append(b, '}'), nil
}

// sortMembers puts the members that were written from begin on in order. Of two
// with one name the last stays.
func sortMembers(b []byte, begin int, members []member) []byte {
	slices.SortStableFunc(members, func(x, y member) int { return strings.Compare(x.name, y.name) })
	written := bytes.Clone(b[begin:])
	b = b[:begin]
	for i, m := range members {
		if i+1 < len(members) && members[i+1].name == m.name {
			continue
		}
		if len(b) > begin {
			b = append(b, ',')
		}
		b = append(b, written[m.from-begin:m.to-begin]...)
	}
	return b
}

// systemField reads a member that the host keeps.
func (p *documentParser) systemField(name string) error {
	if !isSystemField(name) {
		return Errorf(CodeInvalid, "%.100s: names that begin with __ are reserved", name)
	}
	value := p.Value()
	if name != FieldID {
		return nil
	}
	p.id = ""
	if string(value) == "null" {
		return nil
	}
	if p.id, _ = ReadJSON(value).Decode().(string); !IsID(p.id) {
		return Errorf(CodeInvalid, "__id must be a UUID in lower case")
	}
	return nil
}

// appendValue appends the value that comes next, which is within the member name.
func (p *documentParser) appendValue(b []byte, name string, depth int) (_ []byte, err error) {
	switch p.Kind() {
	case '{':
		return p.appendObject(b, depth)
	case '[':
		return p.appendList(b, name, depth)
	case '"':
		text := p.quoted()
		if bytes.IndexByte(text, '\\') >= 0 {
			return AppendText(b, unquote(text)), nil
		}
		return append(b, text...), nil
	case 't', 'f', 'n':
		return append(b, p.Value()...), nil
	}
	number := p.Value()
	if !ModestNumber(string(number)) {
		return nil, Errorf(CodeInvalid, "%.100s: a number may have %d characters and an exponent of %d", name, maxDigits, maxExponent)
	}
	return append(b, number...), nil
}

func (p *documentParser) appendList(b []byte, name string, depth int) (_ []byte, err error) {
	if depth > MaxRecordDepth {
		return nil, errDepth()
	}
	b = append(b, '[')
	for first := true; p.More(); first = false {
		if !first {
			b = append(b, ',')
		}
		if b, err = p.appendValue(b, name, depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func errDepth() error {
	return Errorf(CodeInvalid, "the record has more than %d objects and lists within one another", MaxRecordDepth)
}

// appendJSON appends a decoded value with sorted members. Nothing is escaped
// that need not be.
func appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case map[string]any:
		b = append(b, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(AppendText(b, name), ':')
			b = appendJSON(b, v[name])
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, element)
		}
		return append(b, ']')
	case string:
		return AppendText(b, v)
	case json.Number:
		return append(b, v...)
	case json.RawMessage:
		return append(b, v...)
	case bool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	}
	return append(b, "null"...)
}

// AppendText appends s, which must be valid UTF-8, as a JSON string. Only
// quotes, backslashes and control characters are escaped.
func AppendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			b = append(b, '\\', c)
		}
	}
	return append(append(b, s[start:]...), '"')
}
