package payload

import (
	"encoding/json"
	"iter"
)

// members yields the members of a JSON object with their values as they are
// written, in order and with repeated keys; nothing for any other value. raw
// must be valid JSON, which makes the walk short: only strings and the depth
// of brackets matter.
func members(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		i := skipSpace(raw, 0)
		if raw[i] != '{' {
			return
		}
		i = skipSpace(raw, i+1)
		for raw[i] != '}' {
			end := skipString(raw, i)
			key, _ := decodeString(raw[i:end])
			i = skipSpace(raw, end)
			i = skipSpace(raw, i+1) // the colon
			end = skipValue(raw, i)
			if !yield(key, raw[i:end:end]) {
				return
			}
			i = skipSpace(raw, end)
			if raw[i] == ',' {
				i = skipSpace(raw, i+1)
			}
		}
	}
}

// values yields the elements of a JSON array as they are written, and any other
// value itself. raw must be valid JSON.
func values(raw []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		if raw[0] != '[' {
			yield(raw)
			return
		}
		i := skipSpace(raw, 1)
		for raw[i] != ']' {
			end := skipValue(raw, i)
			if !yield(raw[i:end:end]) {
				return
			}
			i = skipSpace(raw, end)
			if raw[i] == ',' {
				i = skipSpace(raw, i+1)
			}
		}
	}
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the end of the string that begins at i.
func skipString(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the end of the value that begins at i.
func skipValue(raw []byte, i int) int {
	for depth := 0; i < len(raw); {
		switch raw[i] {
		case '"':
			i = skipString(raw, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i // the end of a number, true, false or null
			}
			depth--
			i++
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return i
}
