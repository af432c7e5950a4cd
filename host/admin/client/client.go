// Package client is the Go client of the management API.
//
// It owns how requests are made and answers are read: a method per route, with
// the types of package host, and errors that turn back into *host.Error. The
// command line and the tests use it, so that what they see is what any other
// client sees. It must not know how the server works, nor print or retry
// anything.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/posternhq/postern/host"
)

// maxAnswer bounds what is read of a JSON answer: 500 endpoints with schemas
// take less.
const maxAnswer = 64 << 20

// Config says where the server is and who asks.
type Config struct {
	// Server is the base URL, such as http://127.0.0.1:8080.
	Server string
	// APIKey is the organization API key, "apps_…", or the token of a member,
	// "pat_…".
	APIKey string
	// HTTP makes the requests; nil means a client of its own.
	HTTP *http.Client
}

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	base *url.URL
	key  string
	http http.Client
}

// New returns a client. The error says why Server is no base URL.
func New(c Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(c.Server, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" ||
		base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("the server must be a URL such as http://127.0.0.1:8080, not %q", c.Server)
	}
	client := &Client{base: base, key: c.APIKey}
	if c.HTTP != nil {
		client.http = *c.HTTP
	}
	// net/http takes X-API-Key along to whatever host a redirect names.
	client.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, nil
}

// Option changes one request.
type Option func(*http.Request)

// IfMatch has a change refused with CodeStale unless the resource still has
// this revision. For releases it is the number of the active one.
func IfMatch[N int | int64](revision N) Option {
	return func(r *http.Request) { r.Header.Set("If-Match", fmt.Sprintf(`"%d"`, revision)) }
}

// call is one request to be made.
type call struct {
	method  string
	path    []string // segments below /v1, not yet escaped
	query   url.Values
	body    any // encoded as JSON unless it is an *upload; nil for none
	options []Option
}

// send makes the request and returns an answer with a status of success; its
// body must be closed. Any other answer is an *Error.
func (c *Client) send(ctx context.Context, what call) (*http.Response, error) {
	request, err := c.request(ctx, what)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the method and the URL
		}
		return nil, &ConnectionError{Server: c.base.String(), Err: err}
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		defer response.Body.Close()
		return nil, readError(response)
	}
	return response, nil
}

func (c *Client) request(ctx context.Context, what call) (*http.Request, error) {
	target, err := c.url(what)
	if err != nil {
		return nil, err
	}
	body, contentType, err := encode(what.body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, what.method, target, body)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(c.key, host.MemberPrefix) {
		request.Header.Set("Authorization", "Bearer "+c.key)
	} else {
		request.Header.Set("X-API-Key", c.key)
	}
	request.Header.Set("Accept", "application/json")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if u, ok := body.(*upload); ok {
		request.ContentLength = u.total
	}
	for _, option := range what.options {
		option(request)
	}
	return request, nil
}

func (c *Client) url(what call) (string, error) {
	target := c.base.String() + "/v1"
	for _, segment := range what.path {
		// An empty name would lead to another route: DELETE of "no app"
		// must not become a request about all apps.
		if segment == "" || segment == "." || segment == ".." {
			return "", host.Errorf(host.CodeInvalid, "%q is no name or id", segment)
		}
		target += "/" + url.PathEscape(segment)
	}
	if len(what.query) > 0 {
		target += "?" + what.query.Encode()
	}
	return target, nil
}

// encode returns the body of a request and its media type.
func encode(body any) (io.Reader, string, error) {
	switch b := body.(type) {
	case nil:
		return nil, "", nil
	case *upload:
		return b, b.mediaType, nil
	}
	encoded, err := json.Marshal(body)
	return bytes.NewReader(encoded), "application/json", err
}

// into makes the request and decodes the JSON answer into out. It returns the
// status and headers.
func (c *Client) into(ctx context.Context, what call, out any) (*http.Response, error) {
	response, err := c.send(ctx, what)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(out); err != nil {
		return nil, &ConnectionError{Server: c.base.String(), Err: fmt.Errorf("the answer is not the JSON of a Postern server: %w", err)}
	}
	return response, nil
}

// download writes the body of the answer of a GET to w.
func (c *Client) download(ctx context.Context, path []string, query url.Values, w io.Writer) error {
	return c.save(ctx, call{method: http.MethodGet, path: path, query: query}, w)
}

// save writes the body of an answer that is no JSON to w.
func (c *Client) save(ctx context.Context, what call, w io.Writer) error {
	response, err := c.send(ctx, what)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(w, response.Body); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return nil
}

// remove makes a DELETE whose answer is only a message.
func (c *Client) remove(ctx context.Context, path []string, options []Option) error {
	var out struct{}
	_, err := c.into(ctx, call{method: http.MethodDelete, path: path, options: options}, &out)
	return err
}

// List is one page of a list.
type List[T any] struct {
	Items      []T
	Pagination Pagination
}

// Pagination tells which part of a list a page is.
type Pagination struct {
	Limit   int  `json:"limit"`
	Offset  int  `json:"offset"`
	Total   int  `json:"total"`
	HasMore bool `json:"has_more"`
}

// list reads one page of the list called name.
func list[T any](ctx context.Context, c *Client, name string, path []string, query url.Values, page host.Page) (List[T], error) {
	if query == nil {
		query = url.Values{}
	}
	if page.Limit != 0 {
		query.Set("limit", strconv.Itoa(page.Limit))
	}
	if page.Offset != 0 {
		query.Set("offset", strconv.Itoa(page.Offset))
	}
	var fields map[string]json.RawMessage
	if _, err := c.into(ctx, call{method: http.MethodGet, path: path, query: query}, &fields); err != nil {
		return List[T]{}, err
	}
	out := List[T]{Items: []T{}}
	if err := json.Unmarshal(fields[name], &out.Items); err != nil {
		return List[T]{}, fmt.Errorf("the answer has no list called %s: %w", name, err)
	}
	if err := json.Unmarshal(fields["pagination"], &out.Pagination); err != nil {
		return List[T]{}, fmt.Errorf("the answer has no pagination: %w", err)
	}
	return out, nil
}

// revision reads the ETag of an answer, 0 if there is none.
func revision(r *http.Response) int64 {
	n, err := strconv.ParseInt(strings.Trim(r.Header.Get("ETag"), `"`), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
