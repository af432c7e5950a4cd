package payload

import (
	"strings"

	"github.com/posternhq/postern/host"
)

// parseQuery reads a query string or a form. It never fails: what cannot be
// decoded is kept as it was sent, as browsers' own parser does it.
func parseQuery(query string) fields {
	var f fields
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		f.add(unescape(name), unescape(value))
	}
	return f
}

// unescape decodes one name or value: + is a space, %XX a byte, and a % that
// no two hexadecimal digits follow is itself.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, fromHex(s[i+1])<<4|fromHex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// parseCookies reads the cookies of a request. The first of several with one
// name counts, because browsers send the one of the longest path first. Parts
// without a name or "=" are no cookies. Quotes around a value are not part of
// it; nothing else is decoded.
func parseCookies(r *host.Request) fields {
	var f fields
	for _, h := range r.Header {
		if !strings.EqualFold(h.Name, "Cookie") {
			continue
		}
		for part := range strings.SplitSeq(h.Value, ";") {
			name, value, ok := strings.Cut(part, "=")
			name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
			if !ok || name == "" || f.has(validUTF8(name)) {
				continue
			}
			if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
				value = value[1 : n-1]
			}
			f.add(name, value)
		}
	}
	return f
}
