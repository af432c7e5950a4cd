package httpout

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// Answer is what http_fetch answers.
type Answer struct {
	Status int // "status"
	// Headers, "headers", are written with lower-case names; one that repeats is a
	// list.
	Headers http.Header
	// Body, "body", is JSON if the answer says so and is, a text if it is text,
	// else, or if Request.Raw asks for it, base64; BodyEncoding, "bodyEncoding",
	// tells which. Both are left out for an empty one.
	Body         json.RawMessage
	BodyEncoding string
	URL          string // "url": where the answer came from, after redirects
}

// AppendJSON writes the answer. A body of JSON is not looked at again, which
// takes longer than the rest of a request.
func (a *Answer) AppendJSON(to []byte) []byte {
	to = slices.Grow(to, len(a.Body)+roomForHead)
	to = strconv.AppendInt(append(to, `{"status":`...), int64(a.Status), 10)
	to = append(to, `,"headers":{`...)
	names := slices.AppendSeq(make([]string, 0, len(a.Headers)), maps.Keys(a.Headers))
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(appendName(to, name), ':')
		to = appendHeader(to, a.Headers[name])
	}
	to = append(to, '}')
	if a.BodyEncoding != "" {
		to = append(append(to, `,"body":`...), a.Body...)
		to = host.AppendText(append(to, `,"bodyEncoding":`...), a.BodyEncoding)
	}
	return append(appendValid(append(to, `,"url":`...), a.URL), '}')
}

// roomForHead is room for all of most answers but the body.
const roomForHead = 512

// appendName writes the name of a header, which is ASCII, in lower case.
func appendName(to []byte, name string) []byte {
	from := len(to)
	to = host.AppendText(to, name)
	for i := range to[from:] {
		if c := &to[from+i]; 'A' <= *c && *c <= 'Z' {
			*c += 'a' - 'A'
		}
	}
	return to
}

// appendHeader writes a value, or a list of them.
func appendHeader(to []byte, values []string) []byte {
	if len(values) == 1 {
		return appendValid(to, values[0])
	}
	to = append(to, '[')
	for i, value := range values {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendValid(to, value)
	}
	return append(to, ']')
}

// appendValid writes a text of a server, which may be no UTF-8.
func appendValid(to []byte, text string) []byte {
	return host.AppendText(to, strings.ToValidUTF8(text, "\ufffd"))
}

func answerOf(response *http.Response, body []byte, raw bool) *Answer {
	a := &Answer{Status: response.StatusCode, Headers: response.Header, URL: response.Request.URL.String()}
	switch {
	case len(body) == 0:
	case raw:
		a.BodyEncoding, a.Body = "base64", encoded(body)
	default:
		a.BodyEncoding, a.Body = encode(response.Header.Get("Content-Type"), body)
	}
	return a
}

// encode writes a body as its type suggests.
func encode(contentType string, body []byte) (encoding string, value json.RawMessage) {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	isJSON := kind == "application/json" || strings.HasSuffix(kind, "+json")
	if isJSON && host.ValidJSON(body) {
		return "json", body
	}
	isText := isJSON || strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+xml") ||
		kind == "application/xml" || kind == "application/javascript" || kind == "application/x-www-form-urlencoded"
	if isText && utf8.Valid(body) {
		return "text", host.AppendText(make([]byte, 0, len(body)+len(body)/16+2), string(body))
	}
	return "base64", encoded(body)
}

// encoded is a body in base64, as a text of JSON.
func encoded(body []byte) json.RawMessage {
	text := append(make([]byte, 0, base64.StdEncoding.EncodedLen(len(body))+2), '"')
	return append(base64.StdEncoding.AppendEncode(text, body), '"')
}
