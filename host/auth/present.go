package auth

import (
	"net/url"
	"strings"

	"github.com/posternhq/postern/host"
)

// present returns the first credential of a request: the X-API-Key header, the
// Authorization header's bearer token, the api_key query parameter. An empty
// one counts as absent, and "" means there is none. On a public endpoint a
// bearer token that is neither ours nor an issuer's of the app belongs to the
// module, not to us.
func (t *Table) present(p *Policy, r *host.Request) string {
	if found := header(r, "X-API-Key", func(value string) string { return value }); found != "" {
		return found
	}
	found := header(r, "Authorization", func(value string) string {
		token := bearer(value)
		if p.public && token != "" && !t.concerns(p, token) {
			return ""
		}
		return token
	})
	if found != "" || !strings.Contains(r.Query, "=") {
		return found
	}
	return queryValue(r.Query, "api_key")
}

// concerns reports whether a bearer token on a public endpoint is for us to
// check: one that Postern issues, or that claims an issuer of the app.
func (t *Table) concerns(p *Policy, token string) bool {
	// What was verified before needs no reading.
	if t.cache.get(cacheKey{token, p.app}) != nil || host.IsIssued(token) {
		return true
	}
	claimed, ok := host.JWTIssuer(token)
	return ok && t.app(p.app).issuers[claimed] != nil
}

// several stands for credentials that were given more than once in one place:
// a request that says two things is refused rather than guessed at. No
// credential holds this byte.
const several = "\x00"

// header picks the credential out of the headers called name.
func header(r *host.Request, name string, pick func(value string) string) string {
	found := ""
	for i := range r.Header {
		if h := &r.Header[i]; len(h.Name) == len(name) && strings.EqualFold(h.Name, name) {
			found = both(found, pick(h.Value))
		}
	}
	return found
}

// both is the one of two values that is there, or several.
func both(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return several
}

// bearer takes the token out of an Authorization header's value, "" if there
// is none; the scheme is case-insensitive (RFC 9110, section 11.1).
func bearer(value string) string {
	scheme, token, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// queryValue returns the value of a query parameter. What does not decode is
// taken as it stands, as the payload does.
func queryValue(query, name string) string {
	found := ""
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if unescape(key) == name {
			found = both(found, unescape(value))
		}
	}
	return found
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
