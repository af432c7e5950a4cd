package capability

import (
	"bytes"
	"encoding/json"
)

// Split takes a JSON object apart without decoding its values, until fn says that
// it is enough. It reports whether it is an object. raw is valid JSON, and the
// values are parts of it. (encoding/json would read, and copy, every value several
// times.)
func Split(raw []byte, fn func(name string, value []byte) bool) bool {
	s := splitter{raw: raw}
	for s.next('{', '}') {
		name := s.value()
		s.space()
		s.at++ // the colon
		s.space()
		if !fn(Unquote(name), s.value()) {
			break
		}
	}
	return s.began
}

// Elements takes a JSON list apart as Split does an object, until it has so many
// elements.
func Elements(raw []byte, most int) (list []json.RawMessage, ok bool) {
	s := splitter{raw: raw}
	for len(list) < most && s.next('[', ']') {
		list = append(list, s.value())
	}
	return list, s.began
}

// splitter goes through valid JSON.
type splitter struct {
	raw   []byte
	at    int
	began bool
}

// next goes to the next member or element of what open and end enclose. It
// reports whether there is one.
func (s *splitter) next(open, end byte) bool {
	s.space()
	switch {
	case s.began && s.at < len(s.raw) && s.raw[s.at] == ',':
	case !s.began && s.at < len(s.raw) && s.raw[s.at] == open:
		s.began = true
	default: // the end, or something else altogether
		return false
	}
	s.at++
	s.space()
	return s.raw[s.at] != end
}

func (s *splitter) space() {
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// value passes one value.
func (s *splitter) value() []byte {
	from := s.at
	for depth := 0; s.at < len(s.raw); {
		switch s.raw[s.at] {
		case '"':
			s.text()
			if depth == 0 {
				return s.raw[from:s.at:s.at]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // behind a number or a word
				return s.raw[from:s.at:s.at]
			}
			if depth--; depth == 0 {
				s.at++
				return s.raw[from:s.at:s.at]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.raw[from:s.at:s.at]
			}
		}
		s.at++
	}
	return s.raw[from:s.at:s.at]
}

// text passes a string.
func (s *splitter) text() {
	for s.at++; s.raw[s.at] != '"'; s.at++ {
		if s.raw[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// Unquote decodes a valid JSON string.
func Unquote(raw []byte) (text string) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	_ = json.Unmarshal(raw, &text)
	return text
}
