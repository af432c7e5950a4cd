package httpout

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Answer is what http_fetch answers.
type Answer struct {
	Status int `json:"status"`
	// Headers have lower-case names; a header that repeats is a list.
	Headers map[string]any `json:"headers"`
	// Body is JSON if the answer says so and is, a text if it is text, else, or if
	// Request.Raw asks for it, base64; BodyEncoding tells which. Both are absent
	// for an empty one.
	Body         json.RawMessage `json:"body,omitempty"`
	BodyEncoding string          `json:"bodyEncoding,omitempty"`
	URL          string          `json:"url"` // where the answer came from, after redirects
}

func answerOf(response *http.Response, body []byte, raw bool) *Answer {
	a := &Answer{Status: response.StatusCode, Headers: map[string]any{}, URL: response.Request.URL.String()}
	for name, values := range response.Header {
		name = strings.ToLower(name)
		if len(values) == 1 {
			a.Headers[name] = strings.ToValidUTF8(values[0], "\ufffd")
			continue
		}
		list := make([]string, len(values))
		for i, value := range values {
			list[i] = strings.ToValidUTF8(value, "\ufffd")
		}
		a.Headers[name] = list
	}
	switch {
	case len(body) == 0:
	case raw:
		a.BodyEncoding, a.Body = "base64", quote(base64.StdEncoding.EncodeToString(body))
	default:
		a.BodyEncoding, a.Body = encode(response.Header.Get("Content-Type"), body)
	}
	return a
}

// encode writes a body as its type suggests.
func encode(contentType string, body []byte) (encoding string, value json.RawMessage) {
	kind, _, err := mime.ParseMediaType(contentType)
	isJSON := err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
	if isJSON && utf8.Valid(body) && json.Valid(body) {
		return "json", body
	}
	isText := isJSON || strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+xml") ||
		kind == "application/xml" || kind == "application/javascript" || kind == "application/x-www-form-urlencoded"
	if isText && utf8.Valid(body) {
		return "text", quote(string(body))
	}
	return "base64", quote(base64.StdEncoding.EncodeToString(body))
}

func quote(text string) json.RawMessage {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text
	}
	return quoted
}

// Allowed reports whether a list of hosts admits a URL. An entry is a name, or
// "*." and a name for those below it, or "*" for all; a name without a port
// stands for the ports 80 and 443.
func Allowed(hosts []string, u *url.URL) bool {
	name, port := nameOf(u), u.Port()
	standard := port == "" || port == "80" || port == "443"
	for _, entry := range hosts {
		pattern, given, hasPort := cutPort(strings.ToLower(entry))
		if hasPort && given != port || !hasPort && !standard {
			continue
		}
		below, isBelow := strings.CutPrefix(pattern, "*.")
		if pattern == "*" || pattern == name || isBelow && strings.HasSuffix(name, "."+below) {
			return true
		}
	}
	return false
}

// nameOf is the name of a URL's host as names are compared.
func nameOf(u *url.URL) string { return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) }

// cutPort splits "name:port"; an IPv6 address stands in brackets.
func cutPort(entry string) (name, port string, found bool) {
	if i := strings.LastIndexByte(entry, ':'); i >= 0 && !strings.HasSuffix(entry, "]") {
		return strings.Trim(entry[:i], "[]"), entry[i+1:], true
	}
	return strings.Trim(entry, "[]"), "", false
}
