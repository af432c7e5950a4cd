package store

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// A term is a value as a text whose bytes are in the order of the values, so
// that both databases compare, sort and search records in the same way: neither
// their numbers nor their letters, nor where they put nothing, are alike. The
// column terms of a record is its document with a term in place of every scalar
// and list; null is left out. The first digit is the type:
//
//	1  false is 10, true is 11
//	2  a number: see appendNumberTerm
//	3  a text: folded, \x01, as it is
//	4  a list: for each element \x02, its term, \x03
//
// Within lists there are also 0 for null, and lists (4) and objects (5) as a
// text of their own that is not searched. Characters below \x08 are escaped, so
// that the separators separate and no NUL is ever stored.
const (
	termNull   = "0"
	termNumber = "2"
	termText   = "3"
	termList   = "4"
	termObject = "5"

	foldEnd  = "\x01" // between a folded text and the text
	foldPast = "\x02" // just after foldEnd
	itemOpen = "\x02"
	itemEnd  = "\x03"
)

// escapeName writes the name of a member so that no database takes it for
// anything but a name: a percent sign and two digits stand for each byte that
// is no ASCII letter or digit, and a percent sign alone for the empty name.
func escapeName(name string) string { return string(appendName(nil, name)) }

func appendName(b []byte, name string) []byte {
	if name == "" {
		return append(b, '%')
	}
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(name) {
		if c == '_' || c == '-' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// term is the term of a decoded value.
func term(value any) string { return string(appendTerm(nil, value)) }

func appendTerm(b []byte, value any) []byte {
	switch v := value.(type) {
	case bool:
		if v {
			return append(b, "11"...)
		}
		return append(b, "10"...)
	case json.Number:
		return appendNumberTerm(b, string(v))
	case string:
		return appendTextTerm(b, v)
	case []any:
		b = append(b, termList...)
		for _, element := range v {
			b = append(appendItem(append(b, itemOpen...), element), itemEnd...)
		}
		return b
	}
	return append(b, termNull...)
}

func appendTextTerm(b []byte, text string) []byte {
	b = append(b, termText...)
	b = append(appendEscaped(b, text, foldRune), foldEnd...)
	return appendEscaped(b, text, nil)
}

// appendItem appends the term of an element of a list.
func appendItem(b []byte, value any) []byte {
	switch value.(type) {
	case []any:
		return appendCanonical(append(b, termList...), value)
	case map[string]any:
		return appendCanonical(append(b, termObject...), value)
	}
	return appendTerm(b, value)
}

// appendCanonical appends a value like JSON, the same for equal values. Members
// that are null count: only at the path of a field is a null like nothing.
func appendCanonical(b []byte, value any) []byte {
	switch v := value.(type) {
	case []any:
		b = append(b, '[')
		for _, element := range v {
			b = append(appendCanonical(b, element), ',')
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b = append(appendCanonical(append(host.AppendText(b, name), ':'), v[name]), ',')
		}
		return append(b, '}')
	case string:
		return host.AppendText(b, v)
	case nil:
		return append(b, termNull...)
	}
	return appendTerm(b, value)
}

// appendEscaped appends a text, each of its characters as change makes it, with
// what is below \x08 as \x04 and two of \x05, \x06 and \x07: in order, and
// nowhere else do those characters occur.
func appendEscaped(b []byte, s string, change func(rune) rune) []byte {
	for _, r := range s {
		if change != nil {
			r = change(r)
		}
		if r < 8 {
			b = append(b, 4, 5+byte(r)/3, 5+byte(r)%3)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// escaped is a text as it is within a term.
func escaped(s string) string { return string(appendEscaped(nil, s, nil)) }

// folded is what the terms begin with, before foldEnd, of all texts that equal
// s regardless of case.
func folded(s string) string { return termText + string(appendEscaped(nil, s, foldRune)) }

// foldRune is the smallest of the characters that differ in case only, as
// strings.EqualFold sees it.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// appendNumberTerm writes a number of valid JSON so that texts are ordered as
// numbers are: 1 for zero, 2 for more, with four digits of exponent and the digits
// behind the point of 0.ddd, 0 for less, with all of that turned around. Only
// modest numbers (host.ModestNumber) have so small an exponent.
func appendNumberTerm(b []byte, number string) []byte {
	b = append(b, termNumber...)
	negative, digits, exponent := splitNumber(number)
	if digits == "" {
		return append(b, '1')
	}
	const bias = 5000
	if !negative {
		return append(strconv.AppendInt(append(b, '2'), int64(bias+exponent), 10), digits...)
	}
	b = strconv.AppendInt(append(b, '0'), int64(9999-bias-exponent), 10)
	for _, digit := range []byte(digits) {
		b = append(b, '0'+'9'-digit)
	}
	return append(b, '~') // of two with the same beginning, the longer is less
}

// splitNumber takes a number apart: it is 0.digits times ten to the exponent.
// The digits of zero are "".
func splitNumber(number string) (negative bool, digits string, exponent int) {
	number, negative = strings.CutPrefix(number, "-")
	number, power, _ := strings.Cut(strings.ToLower(number), "e")
	exponent, _ = strconv.Atoi(power) // none is 0
	whole, fraction, _ := strings.Cut(number, ".")
	digits = whole + fraction
	exponent += len(whole)
	significant := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(significant)
	return negative, strings.TrimRight(significant, "0"), exponent
}
