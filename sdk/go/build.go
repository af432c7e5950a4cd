package postern

import (
	"encoding/base64"
	"encoding/json"
	"maps"
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
	r := Request{e: envelope{
		FQDN: "localhost", Host: "localhost", HTTPVersion: "1.1", Method: method, Path: path,
		Params: map[string]string{}, Query: map[string]string{}, Header: map[string]string{}, Cookies: map[string]string{},
		ClientIP: "127.0.0.1", RequestID: "test", ReceivedAt: "2026-01-01T00:00:00.000Z",
		App:      App{ID: "test", Name: "test", Environment: "development"},
		Endpoint: Endpoint{ID: "test", Name: "test", Release: 1},
	}}
	values, _ := url.ParseQuery(query)
	for name, all := range values {
		r.e.Query[name] = all[len(all)-1]
		if len(all) > 1 {
			r.e.MultiValueQuery = with(r.e.MultiValueQuery, name, all)
		}
	}
	return r.built()
}

// WithParam returns the request with a path parameter.
func (r Request) WithParam(name, value string) Request {
	r.e.Params = with(r.e.Params, name, value)
	return r.built()
}

// WithHeader returns the request with a header; one of the same name is
// replaced.
func (r Request) WithHeader(name, value string) Request {
	r.e.Header = with(r.e.Header, strings.ToLower(name), value)
	return r.built()
}

// WithCookie returns the request with a cookie.
func (r Request) WithCookie(name, value string) Request {
	r.e.Cookies = with(r.e.Cookies, name, value)
	return r.built()
}

// WithCaller returns the request as one of an authenticated caller.
func (r Request) WithCaller(c Caller) Request {
	r.e.Caller = &c
	return r.built()
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
	r.e.Body, r.e.BodyEncoding = body, encoding
	return r.WithHeader("content-type", contentType)
}

// built brings the payload in line with the fields.
func (r Request) built() Request {
	payload, err := json.Marshal(r.e)
	if err != nil {
		panic(err)
	}
	r.payload = payload
	return r
}

// with returns a copy of m with one more entry, so that requests that share a
// map stay apart.
func with[V any](m map[string]V, name string, value V) map[string]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]V{}
	}
	m[name] = value
	return m
}
