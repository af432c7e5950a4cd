package host

import (
	"io"
	"net/netip"
	"strings"
)

// Header is one header line: a name and a value without the blanks around it.
type Header struct{ Name, Value string }

// Request is an HTTP request, free of the server that read it.
type Request struct {
	ID         string
	ReceivedAt Time
	Method     string
	// Host is the Host header as sent, with its port if it has one.
	Host string
	// Path is the raw path, still encoded, and Query what follows the "?".
	Path, Query string
	// Protocol is the HTTP version: "1.1" or "1.0".
	Protocol string
	Header   []Header
	// Remote is the address of the socket's peer; Client is that of the
	// client, which differs if Remote is a trusted proxy.
	Remote, Client netip.Addr
	// ForwardedFor is the list of addresses, the client first, that trusted
	// proxies vouch for; "" if the client came directly.
	ForwardedFor string
	// Body streams the body; nil if there is none. ContentLength is its
	// size as announced, -1 if it is chunked.
	Body          io.Reader
	ContentLength int64
}

// Values returns the values of every header called name, in the order sent.
func (r *Request) Values(name string) []string {
	var out []string
	for _, h := range r.Header {
		if strings.EqualFold(h.Name, name) {
			out = append(out, h.Value)
		}
	}
	return out
}

// Get returns the first value of the header called name, or "".
func (r *Request) Get(name string) string {
	for _, h := range r.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Response is what the gateway answers. Beside an error it holds the headers
// that go out with the error.
type Response struct {
	Status int
	Header []Header
	Body   []byte
}

// Set replaces every header called name by one, or removes them if value is "".
func (r *Response) Set(name, value string) {
	kept := r.Header[:0]
	for _, h := range r.Header {
		if !strings.EqualFold(h.Name, name) {
			kept = append(kept, h)
		}
	}
	if value != "" {
		kept = append(kept, Header{name, value})
	}
	r.Header = kept
}

// Get returns the first value of the header called name, or "".
func (r *Response) Get(name string) string {
	for _, h := range r.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Caller is who a credential resolved to.
type Caller struct {
	Kind        string            `json:"kind"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Groups      []string          `json:"groups"`
	Variables   map[string]string `json:"variables"`
	Claims      map[string]any    `json:"claims"`
	Environment string            `json:"-"` // "" opens all
	RateLimit   *RateLimit        `json:"-"` // of the credential
	Quota       *int64            `json:"-"` // requests per month
}

// Kinds of a caller: with an "ask_" key, with a token issued here, and with a
// JWT of an issuer that the app registered.
const (
	CallerKey   = "key"
	CallerToken = "token"
	CallerJWT   = "jwt"
)
