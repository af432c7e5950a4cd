package auth

import (
	"net/url"
	"strings"

	"github.com/posternhq/postern/host"
)

// Present returns the first credential of a request: the X-API-Key header, the
// Authorization header's bearer token, the api_key query parameter. An empty
// one counts as absent. public tells that the endpoint needs none: there a
// bearer token that Postern did not issue belongs to the module, not to us.
func Present(r *host.Request, public bool) (secret string, ok bool) {
	if values := nonEmpty(r.Values("X-API-Key")); len(values) > 0 {
		return single(values), true
	}
	var tokens []string
	for _, value := range r.Values("Authorization") {
		if token, isBearer := bearer(value); isBearer && (!public || host.IsIssued(token)) {
			tokens = append(tokens, token)
		}
	}
	if tokens = nonEmpty(tokens); len(tokens) > 0 {
		return single(tokens), true
	}
	if values := nonEmpty(queryValues(r.Query, "api_key")); len(values) > 0 {
		return single(values), true
	}
	return "", false
}

// single joins several values into one that is no credential, so that a
// request that says two things is refused rather than guessed at.
func single(values []string) string { return strings.Join(values, ", ") }

func nonEmpty(values []string) []string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// bearer takes the token out of an Authorization header's value; the scheme is
// case-insensitive (RFC 9110, section 11.1).
func bearer(value string) (string, bool) {
	scheme, token, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// queryValues returns the values of one query parameter. What does not decode
// is taken as it stands, as the payload does.
func queryValues(query, name string) []string {
	var out []string
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if unescape(key) == name {
			out = append(out, unescape(value))
		}
	}
	return out
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
