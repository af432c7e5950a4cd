package postern

import (
	"bytes"
	"encoding/base64"
	"math"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// This file reads JSON where it lies, without reflection and without
// encoding/json: that package is most of the time a small handler takes, and a
// tenth of the module. It accepts what encoding/json accepts; of members with
// one name, which the host never writes, the first counts.

// maxDepth is how deep arrays and objects may be nested, as in encoding/json.
const maxDepth = 10_000

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
	for key, member := range v.members {
		if key.is(name) {
			return member
		}
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

// memberAt reads the member that begins at i or after spaces: its name, from
// where to where its value is, and where the next member begins, 0 for no
// other. The name is nil if there is none, or nothing that is well-formed.
func memberAt(b []byte, i int) (name value, start, end, next int) {
	i = skipSpace(b, i)
	named := skipString(b, i)
	if start = skipColon(b, named); start < 0 {
		return nil, 0, 0, 0
	}
	if end = skipValue(b, start); end < 0 {
		return nil, 0, 0, 0
	}
	if comma := skipSpace(b, end); at(b, comma) == ',' {
		next = comma + 1
	}
	return b[i:named], start, end, next
}

// isJSON says whether b is one JSON value.
func isJSON(b []byte) bool {
	end := skipValue(b, skipSpace(b, 0))
	return end >= 0 && skipSpace(b, end) == len(b)
}

// at is the byte at i, 0 past the end: no JSON has that outside of strings,
// nor as it is within one.
func at(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return 0
}

// skipSpace goes on to what is no space, which is mostly there already.
func skipSpace(b []byte, i int) int {
	if i < len(b) && b[i] > ' ' {
		return i
	}
	return skipSpaces(b, i)
}

func skipSpaces(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the end of the value that begins at i, -1 if none does. It
// does not recurse: the stack of a module is bounded.
func skipValue(b []byte, i int) int {
	if c := at(b, i); c != '{' && c != '[' {
		return skipScalar(b, i)
	}
	var few [32]byte
	due := few[:0] // the brackets to come, the innermost last
	for {
		switch c := at(b, i); c {
		case '{', '[':
			if len(due) == maxDepth {
				return -1
			}
			due = append(due, c+2) // in ASCII, } is two after { and ] two after [
			if i = skipSpace(b, i+1); at(b, i) == c+2 {
				break // an empty one
			}
			if c == '{' {
				i = skipName(b, i)
			}
			if i < 0 {
				return -1
			}
			continue
		default:
			if i = skipScalar(b, i); i < 0 {
				return -1
			}
		}
		if i, due = closeAll(b, i, due); i < 0 || len(due) == 0 {
			return i
		}
	}
}

// closeAll goes on after a value, over the brackets that close there, to where
// the next value of what is still open begins.
func closeAll(b []byte, i int, due []byte) (int, []byte) {
	for len(due) > 0 {
		last := due[len(due)-1]
		i = skipSpace(b, i)
		switch at(b, i) {
		case last:
			due = due[:len(due)-1]
			i++
		case ',':
			if i = skipSpace(b, i+1); last == '}' {
				i = skipName(b, i)
			}
			return i, due
		default:
			return -1, due
		}
	}
	return i, due
}

// skipName returns where the value begins whose name begins at i, or -1.
func skipName(b []byte, i int) int { return skipColon(b, skipString(b, i)) }

// skipColon returns where the value begins whose name ends at i, or -1; -1 for
// no name.
func skipColon(b []byte, i int) int {
	if i < 0 {
		return -1
	}
	if i = skipSpace(b, i); at(b, i) != ':' {
		return -1
	}
	return skipSpace(b, i+1)
}

// skipScalar returns the end of the string, number, true, false or null that
// begins at i, or -1.
func skipScalar(b []byte, i int) int {
	switch at(b, i) {
	case '"':
		return skipString(b, i)
	case 't':
		return skipWord(b, i, "true")
	case 'f':
		return skipWord(b, i, "false")
	case 'n':
		return skipWord(b, i, "null")
	}
	return skipNumber(b, i)
}

func skipWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func skipNumber(b []byte, i int) int {
	if at(b, i) == '-' {
		i++
	}
	digits := skipDigits(b, i)
	if digits == i || at(b, i) == '0' && digits > i+1 {
		return -1
	}
	i = digits
	if at(b, i) == '.' {
		if digits = skipDigits(b, i+1); digits == i+1 {
			return -1
		}
		i = digits
	}
	if c := at(b, i); c == 'e' || c == 'E' {
		if i++; at(b, i) == '+' || at(b, i) == '-' {
			i++
		}
		if digits = skipDigits(b, i); digits == i {
			return -1
		}
		i = digits
	}
	return i
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// skipString returns the end of the string that begins at i, or -1.
func skipString(b []byte, i int) int {
	if at(b, i) != '"' {
		return -1
	}
	for i = skipPlain(b, i+1); at(b, i) != '"'; i = skipPlain(b, i) {
		if at(b, i) != '\\' {
			return -1 // a control character, or the end
		}
		switch at(b, i+1) {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			if hex4(b, i+2) < 0 {
				return -1
			}
			i += 6
		default:
			return -1
		}
	}
	return i + 1
}

// skipPlain goes on to the next quote, backslash or control character. It
// looks at eight bytes at once: loops are slow in WebAssembly, and bodies of
// megabytes are strings.
func skipPlain(b []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		w := word(b[i : i+8])
		quote, backslash := w^'"'*ones, w^'\\'*ones
		// The top bit of a byte is set if it is below a space, a quote or a
		// backslash, for the first such byte at least; see hasless and haszero
		// in "Bit Twiddling Hacks".
		ends := ((w-' '*ones)&^w | (quote-ones)&^quote | (backslash-ones)&^backslash) & tops
		if ends != 0 {
			return i + bits.TrailingZeros64(ends)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// hex4 is the number that four hexadecimal digits at i make, or -1.
func hex4(b []byte, i int) rune {
	if len(b) < i+4 {
		return -1
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return -1
		}
	}
	return r
}

// isPlain says whether what is between the quotes of a string is the text.
func isPlain(inner []byte) bool {
	return bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner)
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
