package postern

import (
	"math/bits"
	"unicode/utf8"
	"unsafe"
)

// appendString writes s as a JSON string; see appendText.
func appendString(b []byte, s string) []byte {
	return appendText(b, unsafe.Slice(unsafe.StringData(s), len(s)))
}

// appendText writes a text as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendText(b, text []byte) []byte {
	b = append(b, '"')
	done := 0
	for i := skipASCII(text, 0); i < len(text); i = skipASCII(text, i) {
		size, escaped := 1, ""
		if c := text[i]; c < utf8.RuneSelf {
			escaped = escapes[c]
		} else {
			var r rune
			if r, size = utf8.DecodeRune(text[i:]); r == utf8.RuneError && size == 1 {
				escaped = "\ufffd"
			}
		}
		if escaped != "" {
			b = append(append(b, text[done:i]...), escaped...)
			done = i + size
		}
		i += size
	}
	return append(append(b, text[done:]...), '"')
}

// skipASCII goes on to what appendText must look at.
func skipASCII(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		w := word(text, i)
		if ends := special(w) | w&tops; ends != 0 {
			return i + bits.TrailingZeros64(ends)/8
		}
	}
	for i < len(text) && text[i] < utf8.RuneSelf && escapes[text[i]] == "" {
		i++
	}
	return i
}

// escapes are the ASCII characters that JSON strings cannot hold.
var escapes = [utf8.RuneSelf]string{
	0: `\u0000`, 1: `\u0001`, 2: `\u0002`, 3: `\u0003`, 4: `\u0004`, 5: `\u0005`, 6: `\u0006`, 7: `\u0007`,
	8: `\b`, 9: `\t`, 10: `\n`, 11: `\u000b`, 12: `\f`, 13: `\r`, 14: `\u000e`, 15: `\u000f`,
	16: `\u0010`, 17: `\u0011`, 18: `\u0012`, 19: `\u0013`, 20: `\u0014`, 21: `\u0015`, 22: `\u0016`, 23: `\u0017`,
	24: `\u0018`, 25: `\u0019`, 26: `\u001a`, 27: `\u001b`, 28: `\u001c`, 29: `\u001d`, 30: `\u001e`, 31: `\u001f`,
	'"': `\"`, '\\': `\\`,
}
