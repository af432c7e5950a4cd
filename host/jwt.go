package host

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// JWTIssuer reads the claim iss of something shaped like a JWT; ok tells
// whether s has that shape. Nothing is verified. It is lenient where a
// verifier is strict, about padding, blanks and the alphabet: it tells whose a
// token is meant to be, so that what is almost ours is refused or hidden like
// what is, never handed on.
func JWTIssuer(s string) (issuer string, ok bool) {
	if strings.Count(s, ".") != 2 {
		return "", false
	}
	_, payload, _ := strings.Cut(s, ".")
	payload, _, _ = strings.Cut(payload, ".")
	raw, err := base64.RawStdEncoding.DecodeString(lenient.Replace(payload))
	if err != nil {
		return "", false
	}
	// A map, because a struct's fields would match names in any case.
	var claims map[string]json.RawMessage
	if json.Unmarshal(raw, &claims) != nil || claims == nil {
		return "", false
	}
	// A claim of another type is no issuer's.
	_ = json.Unmarshal(claims["iss"], &issuer)
	return issuer, true
}

// lenient turns any base64 into the standard alphabet without padding.
var lenient = strings.NewReplacer("-", "+", "_", "/", "=", "", " ", "", "\t", "", "\r", "", "\n", "")

// DecodeBase64URL decodes base64 as JWTs and JWKs write it: the URL alphabet,
// no padding, no line breaks, and no bits left over, so that each value has
// one form.
func DecodeBase64URL(s string) ([]byte, error) {
	// The decoder skips line breaks wherever they are.
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		return nil, base64.CorruptInputError(i)
	}
	return strictBase64.DecodeString(s)
}

var strictBase64 = base64.RawURLEncoding.Strict()
