package postern

import (
	"bytes"
	"encoding/base64"
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// value is a well-formed JSON value as it is written, with nothing around it;
// nil for none.
type value []byte

// text is the string that the value is, "" if it is another.
func (v value) text() string {
	if at(v, 0) != '"' {
		return ""
	}
	return unquote(v[1 : len(v)-1])
}

// is says whether the value is the string s, which saves making it.
func (v value) is(s string) bool {
	if at(v, 0) != '"' {
		return false
	}
	inner := v[1 : len(v)-1]
	if string(inner) == s {
		return isPlain(inner)
	}
	for _, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			return unquote(inner) == s
		}
	}
	return false
}

// number is the value as a whole number, 0 if it is no such.
func (v value) number() (n int) {
	for _, c := range v {
		if c < '0' || c > '9' || n > (math.MaxInt-9)/10 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// base64 are the bytes that a string in base64 holds. It is decoded where it
// lies, as far as it is well-formed.
func (v value) base64() []byte {
	if at(v, 0) != '"' {
		return nil
	}
	inner := v[1 : len(v)-1]
	if bytes.IndexByte(inner, '\\') >= 0 {
		inner = []byte(unquote(inner)) // another writer may escape the slash
	}
	b, _ := base64.StdEncoding.AppendDecode(nil, inner)
	return b
}

// get is the value of an object's member, nil if there is none.
func (v value) get(name string) value {
	if at(v, 0) != '{' {
		return nil
	}
	for i := 1; i > 0; {
		key, start, end, next := memberAt(v, i)
		if key == nil {
			break
		}
		if key.is(name) {
			return v[start:end:end]
		}
		i = next
	}
	return nil
}

// texts are the members of an object that are strings; nil for no object.
func (v value) texts() map[string]string {
	if at(v, 0) != '{' {
		return nil
	}
	m := map[string]string{}
	for key, member := range v.members {
		if name := key.text(); at(member, 0) == '"' {
			if _, seen := m[name]; !seen {
				m[name] = member.text()
			}
		}
	}
	return m
}

// list are the elements of an array as texts; nil for no array.
func (v value) list() []string {
	if at(v, 0) != '[' {
		return nil
	}
	list := []string{}
	for i := skipSpace(v, 1); at(v, i) != ']'; {
		end := skipValue(v, i)
		if end < 0 {
			break
		}
		list = append(list, value(v[i:end]).text())
		if i = skipSpace(v, end); at(v, i) == ',' {
			i = skipSpace(v, i+1)
		}
	}
	return list
}

// members yields the members of an object with their names, quotes included.
func (v value) members(yield func(name, member value) bool) {
	if at(v, 0) != '{' {
		return
	}
	for i := 1; i > 0; {
		name, start, end, next := memberAt(v, i)
		if name == nil || !yield(name, v[start:end:end]) {
			return
		}
		i = next
	}
}

// isPlain says whether what is between the quotes of a string is the text.
func isPlain(inner []byte) bool {
	i := 0
	for ; i+8 <= len(inner); i += 8 {
		if w := word(inner, i); (w|below(w^'\\'*ones, 1))&tops != 0 {
			return bytes.IndexByte(inner[i:], '\\') < 0 && utf8.Valid(inner[i:])
		}
	}
	for ; i < len(inner); i++ {
		if inner[i] == '\\' || inner[i] >= utf8.RuneSelf {
			return bytes.IndexByte(inner[i:], '\\') < 0 && utf8.Valid(inner[i:])
		}
	}
	return true
}

// unquote makes the text of what is between the quotes of a string. What is
// not Unicode becomes U+FFFD, as in encoding/json.
func unquote(inner []byte) string {
	if isPlain(inner) {
		return string(inner)
	}
	b := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); {
		switch c := inner[i]; {
		case c == '\\' && at(inner, i+1) == 'u':
			var r rune
			r, i = escapedRune(inner, i)
			b = utf8.AppendRune(b, r)
		case c == '\\':
			b = append(b, unescaped(at(inner, i+1)))
			i += 2
		default:
			r, size := utf8.DecodeRune(inner[i:])
			b = utf8.AppendRune(b, r)
			i += size
		}
	}
	return string(b)
}

// escapedRune reads \uXXXX at i, or two of them that make one character.
func escapedRune(b []byte, i int) (r rune, next int) {
	r, next = hex4(b, i+2), i+6
	if !utf16.IsSurrogate(r) {
		return r, next
	}
	if at(b, next) == '\\' && at(b, next+1) == 'u' {
		if both := utf16.DecodeRune(r, hex4(b, next+2)); both != utf8.RuneError {
			return both, next + 6
		}
	}
	return utf8.RuneError, next
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
