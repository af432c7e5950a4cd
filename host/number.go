package host

import "strings"

// Bounds of the numbers that are read with exact arithmetic. Without them
// 1e999999 would cost a client nothing and the host a million digits.
const (
	maxDigits   = 400
	maxExponent = 400
)

// ModestNumber reports whether a number of valid JSON has so few digits and so
// small an exponent that it may be computed with exactly.
func ModestNumber(number string) bool {
	if len(number) > maxDigits {
		return false
	}
	_, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	n := 0
	for _, c := range strings.TrimLeft(exponent, "+-") {
		if n = 10*n + int(c-'0'); n > maxExponent {
			return false
		}
	}
	return true
}
