package httpout

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/posternhq/postern/host"
)

// What becomes of a redirect.
const (
	RedirectFollow = "follow" // the default
	RedirectManual = "manual" // it is the answer
	RedirectError  = "error"
)

// Request is what http_fetch takes.
type Request struct {
	URL    string `json:"url"`
	Method string `json:"method"` // "" is GET
	// Headers are sent beside content-type and user-agent, which the host adds; an
	// empty list keeps it from that.
	Headers map[string]HeaderList `json:"headers"`
	// Body is as in a response of a module: a text goes as it is, or decoded if
	// BodyEncoding is "base64"; any other value goes as JSON.
	Body         json.RawMessage `json:"body"`
	BodyEncoding string          `json:"bodyEncoding"`
	TimeoutMS    int             `json:"timeout_ms"` // 1 to 60,000; 0 is 10,000
	MaxBytes     int64           `json:"max_bytes"`  // of the answer's body: 1 to 32 MiB; 0 is 5 MiB
	Redirect     string          `json:"redirect"`
	// Raw asks for the answer's body byte by byte: JSON and text would come as the
	// same values, but perhaps as other bytes.
	Raw bool `json:"raw"`
}

// HeaderList is one value or a list of them.
type HeaderList []string

// UnmarshalJSON reads a text or a list of texts.
func (l *HeaderList) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		*l = HeaderList{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

// Bounds of what a module sends.
const (
	maxURL         = 8 << 10
	maxHeaders     = 100
	maxHeaderBytes = 32 << 10
	maxBody        = 32 << 20
)

// reserved are the headers that say how the request travels: the host's.
var reserved = []string{
	"Connection", "Content-Length", "Expect", "Host", "Http2-Settings", "Keep-Alive", "Proxy-Authenticate",
	"Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func (r *Request) timeout() time.Duration {
	if r.TimeoutMS == 0 {
		return DefaultTimeout
	}
	return time.Duration(r.TimeoutMS) * time.Millisecond
}

func (r *Request) maxBytes() int64 {
	if r.MaxBytes == 0 {
		return DefaultBytes
	}
	return r.MaxBytes
}

// validate checks what is not part of the HTTP request.
func (r *Request) validate() error {
	switch {
	case r.TimeoutMS < 0 || int64(r.TimeoutMS) > MaxTimeout.Milliseconds():
		return host.Errorf(host.CodeInvalid, "timeout_ms must be between 1 and %d", MaxTimeout.Milliseconds())
	case r.MaxBytes < 0 || r.MaxBytes > MaxBytes:
		return host.Errorf(host.CodeInvalid, "max_bytes must be between 1 and %d", MaxBytes)
	case !slices.Contains([]string{"", RedirectFollow, RedirectManual, RedirectError}, r.Redirect):
		return host.Errorf(host.CodeInvalid, "redirect must be one of follow, manual, error")
	}
	return nil
}

// build makes the HTTP request.
func (r *Request) build(ctx context.Context) (*http.Request, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	u, err := parseURL(r.URL)
	if err != nil {
		return nil, err
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	if !slices.Contains(host.Methods, method) {
		return nil, host.Errorf(host.CodeInvalid, "method must be one of %s", strings.Join(host.Methods, ", "))
	}
	body, kind, err := r.body()
	if err != nil {
		return nil, err
	}
	made, err := http.NewRequestWithContext(ctx, method, "", reader(body))
	if err != nil {
		return nil, host.Errorf(host.CodeInvalid, "the request is malformed")
	}
	made.URL, made.Host = u, u.Host // which need no second reading
	if err := r.header(made.Header); err != nil {
		return nil, err
	}
	if _, given := made.Header["Content-Type"]; !given && kind != "" {
		made.Header.Set("Content-Type", kind)
	}
	if _, given := made.Header["User-Agent"]; !given {
		made.Header.Set("User-Agent", "Postern")
	}
	return made, nil
}

// parseURL reads an absolute URL of HTTP. Its text is not repeated: it may hold
// secrets.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "" || len(text) > maxURL {
		return nil, host.Errorf(host.CodeInvalid, "url must be an absolute URL that starts with https:// or http://")
	}
	if u.User != nil {
		return nil, host.Errorf(host.CodeInvalid, "url must not hold a name or password: send the header authorization")
	}
	u.Fragment, u.Host = "", strings.TrimSuffix(u.Host, ":") // a port that is left out
	u.RawQuery = strings.ReplaceAll(u.RawQuery, " ", "%20")  // which would end the URL
	return u, nil
}

// header fills in the headers.
func (r *Request) header(to http.Header) error {
	size, count := 0, 0
	for name, values := range r.Headers {
		canonical := http.CanonicalHeaderKey(name)
		if !httpguts.ValidHeaderFieldName(name) {
			return host.Errorf(host.CodeInvalid, "headers: %.100q is not the name of a header", name)
		}
		if slices.Contains(reserved, canonical) {
			return host.Errorf(host.CodeInvalid, "headers: %s is set by the host", canonical)
		}
		if _, given := to[canonical]; !given {
			to[canonical] = nil
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return host.Errorf(host.CodeInvalid, "headers: the value of %s holds characters that no header may hold", canonical)
			}
			size, count = size+len(name)+len(value), count+1
			to.Add(canonical, value)
		}
	}
	if count > maxHeaders || size > maxHeaderBytes {
		return host.Errorf(host.CodeInvalid, "headers must be at most %d of %d bytes together", maxHeaders, maxHeaderBytes)
	}
	return nil
}

// reader reads a body; there is a difference between none and an empty one.
func reader(body []byte) io.Reader {
	if body == nil {
		return nil
	}
	return bytes.NewReader(body)
}

// body is what is sent, nil for nothing, and its type unless a header says it.
func (r *Request) body() (body []byte, kind string, err error) {
	if len(r.Body) == 0 {
		return nil, "", nil
	}
	if len(r.Body) > maxBody {
		return nil, "", host.Errorf(host.CodeInvalid, "body must be at most %d bytes", maxBody)
	}
	var text string
	isText := r.Body[0] == '"' && json.Unmarshal(r.Body, &text) == nil
	switch {
	case r.BodyEncoding == "json" || r.BodyEncoding == "" && !isText:
		return r.Body, "application/json", nil
	case !isText:
		return nil, "", host.Errorf(host.CodeInvalid, "body must be a text for the bodyEncoding %.20q", r.BodyEncoding)
	case r.BodyEncoding == "" || r.BodyEncoding == "text":
		return []byte(text), "text/plain; charset=utf-8", nil
	case r.BodyEncoding != "base64":
		return nil, "", host.Errorf(host.CodeInvalid, "bodyEncoding must be one of json, text, base64")
	}
	if body, err = base64.StdEncoding.DecodeString(text); err != nil {
		return nil, "", host.Errorf(host.CodeInvalid, "body must be base64")
	}
	return body, "application/octet-stream", nil
}
