package postern

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Response is what a handler answers. Make one with JSON, RawJSON, Text, HTML,
// Bytes, NoContent, Redirect, SeeOther or Error; the zero Response is an empty
// 200.
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
// fails the invocation. See RawJSON for small and fast modules.
func JSON(status int, v any) Response {
	body, err := json.Marshal(v)
	return Response{status: status, body: body, encoding: bodyJSON, err: err}
}

// RawJSON answers with JSON that is written already. A text that is no JSON
// fails the invocation. Unlike JSON it leaves encoding/json, a tenth of a small
// module, out of one that does not use it otherwise; [Quote] writes the strings.
func RawJSON(status int, json []byte) Response {
	r := Response{status: status, body: json, encoding: bodyJSON}
	if !isJSON(json) {
		r.err = errors.New("postern.RawJSON was given what is no JSON")
	}
	return r
}

// Quote writes a text as a JSON string, quotes included, for RawJSON:
//
//	postern.RawJSON(200, []byte(`{"message":`+postern.Quote(text)+`}`))
func Quote(text string) string { return string(appendString(nil, text)) }

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
	body := append(appendString([]byte(`{"error":`), message), '}')
	return Response{status: status, body: body, encoding: bodyJSON}
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
	if r.encoding == bodyText && !utf8.Valid(r.body) {
		return nil, errors.New("the response's text is not UTF-8: answer with postern.Bytes")
	}
	// Room for base64, or for some escapes, and for a few headers.
	b := append(make([]byte, 0, len(r.body)+len(r.body)/3+256), '{')
	if r.redirect == "" || r.status != 0 {
		b = strconv.AppendInt(append(b, `"status":`...), int64(r.Status()), 10)
		b = append(b, ',')
	}
	b = r.appendHeaders(b)
	b = r.appendBody(b)
	if r.redirect != "" {
		b = appendString(append(b, `"redirect":`...), r.redirect)
		return append(b, '}'), nil
	}
	b[len(b)-1] = '}' // instead of the last comma
	return b, nil
}

// appendHeaders writes the values of each header as a list, where its name
// first occurs, and a comma.
func (r Response) appendHeaders(b []byte) []byte {
	if len(r.header) == 0 {
		return b
	}
	b = append(b, `"headers":{`...)
	for i, f := range r.header {
		if slices.ContainsFunc(r.header[:i], func(other field) bool { return other.name == f.name }) {
			continue
		}
		b = append(appendString(b, f.name), ":["...)
		for _, same := range r.header[i:] {
			if same.name == f.name {
				b = append(appendString(b, same.value), ',')
			}
		}
		b[len(b)-1] = ']'
		b = append(b, ',')
	}
	b[len(b)-1] = '}'
	return append(b, ',')
}

// appendBody writes the body and its encoding, and a comma.
func (r Response) appendBody(b []byte) []byte {
	if r.encoding == "" {
		return b
	}
	b = append(b, `"body":`...)
	switch r.encoding {
	case bodyJSON:
		b = append(b, r.body...)
	case bodyText:
		b = appendText(b, r.body)
	case bodyBase64:
		b = base64.StdEncoding.AppendEncode(append(b, '"'), r.body)
		b = append(b, '"')
	}
	return append(append(append(b, `,"bodyEncoding":"`...), r.encoding...), `",`...)
}
