package payload

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// shapeLength is how many letters and digits after a prefix make text look
// like a credential; real ones have 32 and more.
const shapeLength = 16

// Scrub returns the request without this host's credentials, for whoever must
// not have them: a guest, a log. The X-API-Key header and the query parameter
// api_key always go. Authorization goes if it holds one of ours, a JWT that was
// issued here among them, or if the caller was authenticated; a foreign one on a public endpoint stays, because
// it may be the guest's own business. A Referer loses its api_key, and goes
// altogether if there is more in it. The request itself is not changed.
func Scrub(r *host.Request, authenticated bool) host.Request {
	clean := *r
	clean.Query = withoutKey(r.Query)
	clean.Header = make([]host.Header, 0, len(r.Header))
	for _, h := range r.Header {
		switch {
		case strings.EqualFold(h.Name, "X-API-Key"):
			continue
		case strings.EqualFold(h.Name, "Authorization"):
			if authenticated || isOurs(h.Value) {
				continue
			}
		case strings.EqualFold(h.Name, "Referer"):
			if h.Value = scrubURL(h.Value); h.Value == "" {
				continue
			}
		}
		clean.Header = append(clean.Header, h)
	}
	return clean
}

// withoutKey removes the parameter api_key, however it is written, and leaves
// the rest of a query as it was sent.
func withoutKey(query string) string {
	isKey := func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return unescape(name) == "api_key"
	}
	for pair := range strings.SplitSeq(query, "&") {
		if isKey(pair) {
			return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), isKey), "&")
		}
	}
	return query
}

// isOurs reports whether the value of an Authorization header is a credential
// of this host, as the token itself or inside Basic.
func isOurs(value string) bool {
	scheme, token, _ := strings.Cut(strings.Trim(value, " \t"), " ")
	token = strings.Trim(token, " \t")
	if strings.EqualFold(scheme, "Basic") {
		if pair, err := base64.StdEncoding.DecodeString(token); err == nil {
			user, password, _ := strings.Cut(string(pair), ":")
			return host.IsIssued(user) || host.IsIssued(password)
		}
	}
	return host.IsIssued(scheme) || host.IsIssued(token)
}

// scrubURL removes api_key from the query of a URL. It returns "" if something
// shaped like a credential is left.
func scrubURL(u string) string {
	if front, rest, ok := strings.Cut(u, "?"); ok {
		query, fragment, hasFragment := strings.Cut(rest, "#")
		u = front
		if query = withoutKey(query); query != "" {
			u += "?" + query
		}
		if hasFragment {
			u += "#" + fragment
		}
	}
	if holdsCredential(u) || holdsCredential(unescape(u)) {
		return ""
	}
	return u
}

// holdsCredential looks for something shaped like a credential anywhere in s.
func holdsCredential(s string) bool { return holdsSecret(s) || holdsToken(s) }

// holdsToken looks for a JWT that was issued here.
func holdsToken(s string) bool {
	for word := range strings.FieldsFuncSeq(s, func(c rune) bool { return !isWord(c) && c != '-' && c != '_' && c != '.' }) {
		parts := strings.Split(word, ".")
		for i := 0; i+3 <= len(parts); i++ {
			issuer, _ := host.JWTIssuer(strings.Join(parts[i:i+3], "."))
			if strings.HasPrefix(issuer, host.TokenIssuerPrefix) {
				return true
			}
		}
	}
	return false
}

// holdsSecret looks for a credential that is known by its prefix.
func holdsSecret(s string) bool {
	for _, p := range host.CredentialPrefixes {
		for rest := s; ; {
			_, after, found := strings.Cut(rest, p)
			if !found {
				break
			}
			if wordLength(after) >= shapeLength {
				return true
			}
			rest = after
		}
	}
	return false
}

// wordLength counts the letters and digits s begins with.
func wordLength(s string) int {
	n := strings.IndexFunc(s, func(c rune) bool { return !isWord(c) })
	if n < 0 {
		return len(s)
	}
	return n
}

func isWord(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
