// Package fetch sends HTTP requests to other services. The app must grant the
// capability "http" and name the host in its allowed_hosts.
//
//	rate, err := fetch.GetJSON[Rate]("https://rates.example.com/EUR")
//
//	res, err := fetch.Do(fetch.Request{URL: url, JSON: order, Header: map[string]string{"authorization": "Bearer " + key}})
//
// In an atomic invocation requests come before the first write; after it they
// fail with the code [operation.TransactionOpen].
package fetch

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/posternhq/postern/sdk/go/operation"
)

// What becomes of a redirect.
const (
	Follow = "follow" // up to 5 of them; the default
	Manual = "manual" // it is the answer
	Refuse = "error"  // the request fails
)

// Request is what is sent. Only URL is needed.
type Request struct {
	URL    string // absolute, with https or http
	Method string // "" is GET, or POST if there is a body
	Header map[string]string

	// The body is the first of these that is set.
	JSON any    // what encoding/json makes of it
	Text string // in UTF-8
	Body []byte

	Timeout  time.Duration // to the end of the answer, up to 60 s; 0 is 10 s
	MaxBytes int64         // of the answer's body, up to 32 MiB; 0 is 5 MiB
	Redirect string        // Follow, Manual or Refuse; "" is Follow
	// Raw asks for the answer's body byte by byte. Without, JSON comes as the same
	// values with other spaces.
	Raw bool
}

// wire is the request of http_fetch.
type wire struct {
	URL          string            `json:"url"`
	Method       string            `json:"method,omitempty"`
	Header       map[string]string `json:"headers,omitempty"`
	Body         any               `json:"body,omitempty"`
	BodyEncoding string            `json:"bodyEncoding,omitempty"`
	TimeoutMS    int64             `json:"timeout_ms,omitempty"`
	MaxBytes     int64             `json:"max_bytes,omitempty"`
	Redirect     string            `json:"redirect,omitempty"`
	Raw          bool              `json:"raw,omitempty"`
}

func (r Request) wire() wire {
	w := wire{
		URL: r.URL, Method: r.Method, Header: r.Header, TimeoutMS: r.Timeout.Milliseconds(), MaxBytes: r.MaxBytes,
		Redirect: r.Redirect, Raw: r.Raw,
	}
	switch {
	case r.JSON != nil:
		w.Body, w.BodyEncoding = r.JSON, "json"
	case r.Text != "":
		w.Body, w.BodyEncoding = r.Text, "text"
	case r.Body != nil:
		w.Body, w.BodyEncoding = base64.StdEncoding.EncodeToString(r.Body), "base64"
	}
	if w.Method == "" && w.Body != nil {
		w.Method = "POST"
	}
	return w
}

// Do sends a request and returns the answer, whatever its status. An error is an
// [*operation.Error] of the host: there was no answer, or it may not be had.
func Do(r Request) (*Answer, error) {
	a, err := operation.Carry[struct {
		Status       int               `json:"status"`
		Headers      map[string]values `json:"headers"`
		Body         json.RawMessage   `json:"body"`
		BodyEncoding string            `json:"bodyEncoding"`
		URL          string            `json:"url"`
	}](operation.HTTPFetch, r.wire())
	if err != nil {
		return nil, err
	}
	body, err := decode(a.Body, a.BodyEncoding)
	if err != nil {
		return nil, err
	}
	return &Answer{Status: a.Status, URL: a.URL, header: a.Headers, body: body}, nil
}

// decode makes the bytes of a body.
func decode(body json.RawMessage, encoding string) ([]byte, error) {
	if encoding != "text" && encoding != "base64" {
		return body, nil
	}
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		return nil, err
	}
	if encoding == "base64" {
		return base64.StdEncoding.DecodeString(text)
	}
	return []byte(text), nil
}

// Get is [Do] for a URL.
func Get(url string) (*Answer, error) { return Do(Request{URL: url}) }

// GetJSON gets a URL and decodes the JSON of its answer. A status of 300 or more
// is a [*StatusError].
func GetJSON[T any](url string) (T, error) { return DoJSON[T](Request{URL: url}) }

// PostJSON posts the JSON of body to a URL and decodes the JSON of its answer, as
// [GetJSON] does.
func PostJSON[T any](url string, body any) (T, error) {
	return DoJSON[T](Request{URL: url, JSON: body})
}

// DoJSON sends a request and decodes the JSON of its answer, as [GetJSON] does.
func DoJSON[T any](r Request) (value T, err error) {
	a, err := Do(r)
	if err == nil {
		err = a.Succeeded()
	}
	if err == nil {
		err = a.JSON(&value)
	}
	return value, err
}
