package postern

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// NewRequest makes a request for a test, such as
//
//	postern.NewRequest("GET", "/hello/Ada?lang=en").WithParam("name", "Ada")
//
// target is a path, with or without a query.
func NewRequest(method, target string) Request {
	path, query, _ := strings.Cut(target, "?")
	e := envelope{
		FQDN: "localhost", Host: "localhost", HTTPVersion: "1.1", Method: method, Path: path,
		Params: map[string]string{}, Query: map[string]string{}, Header: map[string]string{}, Cookies: map[string]string{},
		ClientIP: "127.0.0.1", RequestID: "test", ReceivedAt: "2026-01-01T00:00:00.000Z",
		App:      App{ID: "test", Name: "test", Environment: "development"},
		Endpoint: Endpoint{ID: "test", Name: "test", Release: 1},
	}
	values, _ := url.ParseQuery(query)
	for name, all := range values {
		e.Query[name] = all[len(all)-1]
		if len(all) > 1 {
			put(&e.MultiValueQuery, name, all)
		}
	}
	return e.request()
}

// WithParam returns the request with a path parameter.
func (r Request) WithParam(name, value string) Request {
	return r.with(func(e *envelope) { put(&e.Params, name, value) })
}

// WithHeader returns the request with a header; one of the same name is
// replaced.
func (r Request) WithHeader(name, value string) Request {
	return r.with(func(e *envelope) { put(&e.Header, strings.ToLower(name), value) })
}

// WithCookie returns the request with a cookie.
func (r Request) WithCookie(name, value string) Request {
	return r.with(func(e *envelope) { put(&e.Cookies, name, value) })
}

// WithCaller returns the request as one of an authenticated caller.
func (r Request) WithCaller(c Caller) Request {
	return r.with(func(e *envelope) { e.Caller = &c })
}

// WithJSON returns the request with v as its JSON body. It panics if v cannot
// be written as JSON.
func (r Request) WithJSON(v any) Request { return r.withBody("application/json", bodyJSON, v) }

// WithForm returns the request with a form as its body.
func (r Request) WithForm(fields map[string]string) Request {
	return r.withBody("application/x-www-form-urlencoded", bodyForm, fields)
}

// WithText returns the request with plain text as its body.
func (r Request) WithText(text string) Request { return r.withBody("text/plain", bodyText, text) }

// WithBytes returns the request with a body of any other content type.
func (r Request) WithBytes(contentType string, data []byte) Request {
	return r.withBody(contentType, bodyBase64, base64.StdEncoding.EncodeToString(data))
}

func (r Request) withBody(contentType, encoding string, v any) Request {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return r.with(func(e *envelope) { e.Body, e.BodyEncoding = body, encoding }).WithHeader("content-type", contentType)
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

// with returns a request whose envelope is changed; r stays as it is.
func (r Request) with(change func(*envelope)) Request {
	var e envelope
	if err := json.Unmarshal(r.Payload(), &e); err != nil {
		panic("postern: not a request of NewRequest or ParseRequest: " + err.Error())
	}
	change(&e)
	return e.request()
}

func (e envelope) request() Request {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false) // the body is the client's
	if err := w.Encode(e); err != nil {
		panic(err)
	}
	r, err := ParseRequest(b.Bytes())
	if err != nil {
		panic(err)
	}
	return r
}

// put sets an entry of a map that may not be there yet.
func put[V any](m *map[string]V, name string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[name] = value
}
