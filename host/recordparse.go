package host

import (
	"bytes"
	"encoding/json"
	"io"
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
	value, err := parseJSON(what, raw)
	if err != nil {
		return "", nil, err
	}
	document, ok := value.(map[string]any)
	if !ok {
		return "", nil, Errorf(CodeInvalid, "%s must be a JSON object", what)
	}
	if id, err = takeSystemFields(document); err != nil {
		return "", nil, err
	}
	if err := checkDocument("", document, 1); err != nil {
		return "", nil, err
	}
	doc = appendJSON(make([]byte, 0, len(raw)), document)
	if len(doc) > MaxRecordBytes {
		return "", nil, Errorf(CodeInvalid, "%s has %d bytes; at most %d are allowed", what, len(doc), MaxRecordBytes)
	}
	return id, doc, nil
}

// parseJSON decodes one JSON value, with its numbers as json.Number. what names
// it in the error.
func parseJSON(what string, raw []byte) (value any, err error) {
	if !utf8.Valid(raw) {
		return nil, Errorf(CodeInvalid, "%s must be valid UTF-8", what)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, Caused(CodeInvalid, err, "%s must be valid JSON", what)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, Errorf(CodeInvalid, "%s must be one JSON value", what)
	}
	return value, nil
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

// takeSystemFields removes the members that the host keeps and returns the id.
func takeSystemFields(document map[string]any) (id string, err error) {
	for name, value := range document {
		if !strings.HasPrefix(name, "__") {
			continue
		}
		if !isSystemField(name) {
			return "", Errorf(CodeInvalid, "%.100s: names that begin with __ are reserved", name)
		}
		if name == FieldID && value != nil {
			if id, _ = value.(string); !IsID(id) {
				return "", Errorf(CodeInvalid, "__id must be a UUID in lower case")
			}
		}
		delete(document, name)
	}
	return id, nil
}

// checkDocument checks the bounds of a value within a record. path is where it
// is, depth how many objects and lists it is in, itself counted.
func checkDocument(path string, value any, depth int) error {
	switch v := value.(type) {
	case map[string]any:
		if depth > MaxRecordDepth {
			return errDepth()
		}
		for name, member := range v {
			if len(name) > MaxFieldName {
				return Errorf(CodeInvalid, "the name %.100q has more than %d bytes", name, MaxFieldName)
			}
			if err := checkDocument(name, member, depth+1); err != nil {
				return err
			}
		}
	case []any:
		if depth > MaxRecordDepth {
			return errDepth()
		}
		for _, element := range v {
			if err := checkDocument(path, element, depth+1); err != nil {
				return err
			}
		}
	case json.Number:
		if !ModestNumber(string(v)) {
			return Errorf(CodeInvalid, "%.100s: a number may have %d characters and an exponent of %d", path, maxDigits, maxExponent)
		}
	}
	return nil
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
