package postern

import "math/bits"

// This file reads JSON where it lies, without reflection and without
// encoding/json: that package is most of the time a small handler takes, and a
// tenth of the module. It accepts what encoding/json accepts; of members with
// one name, which the host never writes, the first counts.

// maxDepth is how deep arrays and objects may be nested, as in encoding/json.
const maxDepth = 10_000

// memberAt reads the member that begins at i or after spaces: its name, from
// where to where its value is, and where the next member begins, 0 for no
// other. The name is nil if there is none, or nothing that is well-formed.
func memberAt(b []byte, i int) (name value, start, end, next int) {
	i = skipSpace(b, i)
	named := skipString(b, i)
	if named > 0 && named+1 < len(b) && b[named] == ':' && b[named+1] > ' ' { // calls are dear
		start = named + 1
	} else if start = skipColon(b, named); start < 0 {
		return nil, 0, 0, 0
	}
	switch at(b, start) {
	case '"':
		end = skipString(b, start)
	case '{', '[':
		end = skipNested(b, start)
	default:
		end = skipScalar(b, start)
	}
	if end < 0 {
		return nil, 0, 0, 0
	}
	if comma := skipSpace(b, end); at(b, comma) == ',' {
		next = comma + 1
	}
	return b[i:named], start, end, next
}

// skipNested returns the end of the object or array that begins at i, or -1. It
// looks for the bracket that closes it, and at nothing else that is within.
func skipNested(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			if i = skipString(b, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
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

// skipString returns the end of the string that begins at i, or -1. It looks
// at eight bytes at once: loops are slow in WebAssembly, and bodies of
// megabytes are strings.
func skipString(b []byte, i int) int {
	if at(b, i) != '"' {
		return -1
	}
	for i++; i+8 <= len(b); i += 8 {
		if ends := special(word(b, i)); ends != 0 {
			if i += bits.TrailingZeros64(ends) / 8; b[i] == '"' {
				return i + 1
			}
			break
		}
	}
	return skipRest(b, i)
}

// skipRest returns the end of the string within which i is, or -1.
func skipRest(b []byte, i int) int {
	for i = skipPlain(b, i); at(b, i) != '"'; i = skipPlain(b, i) {
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

// skipPlain goes on to the next quote, backslash or control character.
func skipPlain(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if ends := special(word(b, i)); ends != 0 {
			return i + bits.TrailingZeros64(ends)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// ones and tops have the lowest and the highest bit of each byte.
const ones, tops = 0x0101010101010101, 0x8080808080808080

// below sets the highest bit of the first byte in w that is below n, and of no
// byte before it; what the others become means nothing. See hasless in "Bit
// Twiddling Hacks".
func below(w, n uint64) uint64 { return (w - n*ones) &^ w & tops }

// special marks the first quote, backslash or control character in w, as below
// does.
func special(w uint64) uint64 {
	return below(w, ' ') | below(w^'"'*ones, 1) | below(w^'\\'*ones, 1)
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
