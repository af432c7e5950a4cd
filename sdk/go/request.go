package postern

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Request is what the endpoint was called with. Its methods only read; text
// that is not there is "".
type Request struct {
	payload []byte
	e       envelope
}

// envelope mirrors schemas/payload.v1.json.
type envelope struct {
	FQDN             string              `json:"fqdn"`
	Host             string              `json:"host"`
	HTTPVersion      string              `json:"httpVersion"`
	Method           string              `json:"method"`
	Path             string              `json:"path"`
	Params           map[string]string   `json:"pathMapping"`
	Query            map[string]string   `json:"queryParams"`
	Header           map[string]string   `json:"header"`
	Cookies          map[string]string   `json:"cookies"`
	MultiValueQuery  map[string][]string `json:"multiValueQueryParams,omitempty"`
	MultiValueHeader map[string][]string `json:"multiValueHeader,omitempty"`
	Body             json.RawMessage     `json:"body,omitempty"`
	BodyEncoding     string              `json:"bodyEncoding,omitempty"`
	ClientIP         string              `json:"clientIp"`
	RequestID        string              `json:"requestId"`
	ReceivedAt       string              `json:"receivedAt"`
	App              App                 `json:"app"`
	Endpoint         Endpoint            `json:"endpoint"`
	Caller           *Caller             `json:"caller"`
}

// App is the app the endpoint belongs to.
type App struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Environment string `json:"environment"` // production, staging or development
}

// Endpoint is the endpoint that was called, and the release it is part of.
type Endpoint struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Release int    `json:"release"`
}

// Caller is who the request's credential belongs to.
type Caller struct {
	Kind      string                     `json:"kind"`
	ID        string                     `json:"id"`
	Name      string                     `json:"name"`
	Groups    []string                   `json:"groups"`
	Variables map[string]string          `json:"variables"`
	Claims    map[string]json.RawMessage `json:"claims"`
}

// ParseRequest reads a payload as the host sends it
// (schemas/payload.v1.json).
func ParseRequest(payload []byte) (Request, error) {
	r := Request{payload: payload}
	if err := json.Unmarshal(payload, &r.e); err != nil {
		return Request{}, fmt.Errorf("the input is no payload: %w", err)
	}
	if r.e.Method == "" {
		return Request{}, errors.New("the input is no payload: it has no method")
	}
	return r, nil
}

// Payload returns the whole payload as JSON.
func (r Request) Payload() []byte { return r.payload }

// Method returns the HTTP method, in capitals.
func (r Request) Method() string { return r.e.Method }

// Path returns the path inside the app, still percent-encoded.
func (r Request) Path() string { return r.e.Path }

// Host returns the Host header as sent, with its port if it has one.
func (r Request) Host() string { return r.e.Host }

// FQDN returns the name of the host that was called, without a port.
func (r Request) FQDN() string { return r.e.FQDN }

// HTTPVersion returns the version of the protocol, such as "1.1".
func (r Request) HTTPVersion() string { return r.e.HTTPVersion }

// Param returns what the parameter {name} of the endpoint's path stands for.
func (r Request) Param(name string) string { return r.e.Params[name] }

// Query returns the query parameter called name; the last one if it repeats.
func (r Request) Query(name string) string { return r.e.Query[name] }

// QueryAll returns every value of the query parameter called name, in the
// order sent.
func (r Request) QueryAll(name string) []string {
	return all(name, r.e.Query, r.e.MultiValueQuery)
}

// Header returns the header called name, in whatever case; values of one that
// repeats are joined with ", ".
func (r Request) Header(name string) string { return r.e.Header[strings.ToLower(name)] }

// HeaderAll returns every value of the header called name, in the order sent.
func (r Request) HeaderAll(name string) []string {
	return all(strings.ToLower(name), r.e.Header, r.e.MultiValueHeader)
}

func all(name string, single map[string]string, multi map[string][]string) []string {
	if values, ok := multi[name]; ok {
		return slices.Clone(values)
	}
	if value, ok := single[name]; ok {
		return []string{value}
	}
	return nil
}

// Cookie returns the value of the cookie called name.
func (r Request) Cookie(name string) string { return r.e.Cookies[name] }

// ClientIP returns the address of the client.
func (r Request) ClientIP() string { return r.e.ClientIP }

// RequestID returns the id of this request, which the response and the log
// carry as well.
func (r Request) RequestID() string { return r.e.RequestID }

// ReceivedAt returns when the host received the request, to the millisecond.
func (r Request) ReceivedAt() time.Time {
	t, _ := time.Parse(time.RFC3339, r.e.ReceivedAt)
	return t
}

// App returns the app the endpoint belongs to.
func (r Request) App() App { return r.e.App }

// Endpoint returns the endpoint that was called.
func (r Request) Endpoint() Endpoint { return r.e.Endpoint }

// Caller returns who the request's credential belongs to, nil for a request
// without one, which only a public endpoint gets.
func (r Request) Caller() *Caller { return r.e.Caller }

// How the host passed the body on.
const (
	bodyJSON   = "json"
	bodyForm   = "form"
	bodyText   = "text"
	bodyBase64 = "base64"
)

// Body returns the bytes of the body, nil if there is none. JSON comes as the
// client sent it. A form has no bytes here: read it with Form.
func (r Request) Body() []byte {
	switch r.e.BodyEncoding {
	case bodyJSON:
		return r.e.Body
	case bodyText:
		return []byte(r.bodyString())
	case bodyBase64:
		b, _ := base64.StdEncoding.DecodeString(r.bodyString())
		return b
	}
	return nil
}

// Text returns the body as text.
func (r Request) Text() string { return string(r.Body()) }

func (r Request) bodyString() string {
	var s string
	_ = json.Unmarshal(r.e.Body, &s)
	return s
}

// JSON decodes the body into v, which is what json.Unmarshal takes. It is an
// error if the client did not send JSON, content type included.
func (r Request) JSON(v any) error {
	if r.e.BodyEncoding != bodyJSON {
		return errors.New("the body must be JSON, with the content type application/json")
	}
	return json.Unmarshal(r.e.Body, v)
}

// Form returns the field of a form sent as application/x-www-form-urlencoded.
func (r Request) Form(name string) string { return r.FormValues()[name] }

// FormValues returns all fields of the form, nil if the body is none.
func (r Request) FormValues() map[string]string {
	if r.e.BodyEncoding != bodyForm {
		return nil
	}
	var fields map[string]string
	_ = json.Unmarshal(r.e.Body, &fields)
	return maps.Clone(fields)
}
