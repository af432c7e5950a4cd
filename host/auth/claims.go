package auth

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// leeway allows for the clocks of issuers.
const leeway = 60 * time.Second

// inForce checks a JWT's dates at the instant now, in milliseconds since 1970:
// exp, which grace is added to, nbf and iat. It returns when the JWT ends.
func (p *parsed) inForce(now int64, grace time.Duration, mustEnd bool) (until int64, why reason) {
	until = math.MaxInt64
	exp, present := p.claims["exp"]
	if !present && mustEnd {
		return 0, reasonExpiry
	}
	if present {
		end, ok := date(exp)
		if !ok {
			return 0, reasonDate
		}
		if until = end + grace.Milliseconds(); now >= until {
			return 0, reasonExpired
		}
	}
	for _, name := range []string{"nbf", "iat"} {
		value, present := p.claims[name]
		if !present {
			continue
		}
		start, ok := date(value)
		if !ok {
			return 0, reasonDate
		}
		if now+leeway.Milliseconds() < start {
			return 0, reasonNotYet
		}
	}
	return until, ""
}

// date reads a NumericDate (RFC 7519, section 2) in milliseconds since 1970:
// seconds up to the year 9999, perhaps with a fraction. Whoever writes an
// exponent, a sign or a text there means something else.
func date(claim any) (ms int64, ok bool) {
	number, _ := claim.(json.Number)
	whole, fraction, _ := strings.Cut(number.String(), ".")
	seconds, err := strconv.ParseUint(whole, 10, 64)
	const year10000 = 253402300800
	if err != nil || seconds >= year10000 || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	thousandths, _ := strconv.Atoi((fraction + "000")[:3])
	return int64(seconds)*1000 + int64(thousandths), true
}

// meets reports whether a claim has the value wanted or is a list that holds it.
func meets(want, got any) bool {
	if equal(want, got) {
		return true
	}
	list, ok := got.([]any)
	return ok && slices.ContainsFunc(list, func(entry any) bool { return equal(want, entry) })
}

// equal compares two values of JSON. Numbers are compared by their value,
// without rounding, however they are written.
func equal(a, b any) bool {
	if x, isNumber := numeral(a); isNumber {
		y, both := numeral(b)
		return both && x == y
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for name, value := range x {
			if other, present := y[name]; !present || !equal(value, other) {
				return false
			}
		}
		return true
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	}
	return a == nil && b == nil
}

// decimal is a number in its one form: digits without zeros at either end,
// times ten to the exponent. Zero is "" and 0.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

// numeral brings a number into its one form.
func numeral(value any) (decimal, bool) {
	switch n := value.(type) {
	case json.Number:
		return parseDecimal(n.String()), true
	case float64:
		return parseDecimal(strconv.FormatFloat(n, 'g', -1, 64)), true
	case int:
		return parseDecimal(strconv.Itoa(n)), true
	case int64:
		return parseDecimal(strconv.FormatInt(n, 10)), true
	}
	return decimal{}, false
}

// parseDecimal reads a number of JSON. An exponent is cut to one that no
// arithmetic overflows with.
func parseDecimal(text string) decimal {
	text, negative := strings.CutPrefix(text, "-")
	mantissa, power := text, 0
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		mantissa = text[:e]
		power, _ = strconv.Atoi(text[e+1:])
		power = min(max(power, -maxExponent), maxExponent)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return decimal{}
	}
	return decimal{negative: negative, digits: trimmed, exponent: power - len(fraction) + len(digits) - len(trimmed)}
}

const maxExponent = 1 << 30

// plainText is a text, a number or a boolean as text.
func plainText(claim any) (string, bool) {
	switch value := claim.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}
