package postern

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Response is what a handler answers. Make one with JSON, Text, HTML, Bytes,
// NoContent, Redirect, SeeOther or Error; the zero Response is an empty 200.
type Response struct {
	status   int
	header   []field
	body     []byte
	encoding string // "" for no body, json, text or base64
	redirect string
	err      error // what went wrong while it was made
}

type field struct{ name, value string }

// JSON answers with v as json.Marshal writes it. A v that cannot be written
// fails the invocation.
func JSON(status int, v any) Response {
	body, err := json.Marshal(v)
	return Response{status: status, body: body, encoding: bodyJSON, err: err}
}

// Text answers with plain text.
func Text(status int, text string) Response {
	return Response{status: status, body: []byte(text), encoding: bodyText}
}

// HTML answers with a page.
func HTML(status int, page string) Response {
	return Text(status, page).WithHeader("content-type", "text/html; charset=utf-8")
}

// Bytes answers with data of any content type.
func Bytes(status int, contentType string, data []byte) Response {
	r := Response{status: status, body: data, encoding: bodyBase64}
	return r.WithHeader("content-type", contentType)
}

// NoContent answers 204, without a body.
func NoContent() Response { return Response{status: 204} }

// Redirect sends the client to url with a 302, which no browser keeps.
func Redirect(url string) Response { return Response{redirect: url} }

// SeeOther sends the client to url with a 303: the answer to a form that was
// accepted, so that reloading the page does not send it again.
func SeeOther(url string) Response { return Response{status: 303, redirect: url} }

// Error answers with a status of 400 or above and {"error": message}.
func Error(status int, message string) Response {
	return JSON(status, map[string]string{"error": message})
}

// WithHeader returns the response with one more header. A name given before
// is sent again, except content-type, which is replaced.
func (r Response) WithHeader(name, value string) Response {
	header := slices.Clone(r.header)
	if strings.EqualFold(name, "content-type") {
		header = slices.DeleteFunc(header, func(f field) bool { return strings.EqualFold(f.name, name) })
	}
	r.header = append(header, field{strings.ToLower(name), value})
	return r
}

// WithStatus returns the response with another status.
func (r Response) WithStatus(status int) Response {
	r.status = status
	return r
}

// Status returns the HTTP status.
func (r Response) Status() int {
	switch {
	case r.status != 0:
		return r.status
	case r.redirect != "":
		return 302
	}
	return 200
}

// Header returns the first value of a header the handler set, or "". The
// location of a redirect counts as one.
func (r Response) Header(name string) string {
	if r.redirect != "" && strings.EqualFold(name, "location") {
		return r.redirect
	}
	for _, f := range r.header {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// Body returns the bytes of the body.
func (r Response) Body() []byte { return r.body }

// encode writes the response as schemas/response.v1.json says.
func (r Response) encode() ([]byte, error) {
	if r.err != nil {
		return nil, fmt.Errorf("the response cannot be written: %w", r.err)
	}
	if r.status != 0 && (r.status < 200 || r.status > 599) {
		return nil, fmt.Errorf("the response has the status %d; it must be 200-599", r.status)
	}
	out := struct {
		Status       int                 `json:"status,omitempty"`
		Headers      map[string][]string `json:"headers,omitempty"`
		Body         json.RawMessage     `json:"body,omitempty"`
		BodyEncoding string              `json:"bodyEncoding,omitempty"`
		Redirect     string              `json:"redirect,omitempty"`
	}{Status: r.status, Redirect: r.redirect, BodyEncoding: r.encoding}
	if r.redirect == "" {
		out.Status = r.Status()
	}
	for _, f := range r.header {
		if out.Headers == nil {
			out.Headers = map[string][]string{}
		}
		out.Headers[f.name] = append(out.Headers[f.name], f.value)
	}
	var err error
	if out.Body, err = r.encodeBody(); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func (r Response) encodeBody() (json.RawMessage, error) {
	switch r.encoding {
	case bodyJSON:
		return r.body, nil
	case bodyText:
		if !utf8.Valid(r.body) {
			return nil, errors.New("the response's text is not UTF-8: answer with postern.Bytes")
		}
		return json.Marshal(string(r.body))
	case bodyBase64:
		return json.Marshal(base64.StdEncoding.EncodeToString(r.body))
	}
	return nil, nil
}
