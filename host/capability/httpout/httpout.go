// Package httpout lets modules call HTTP services, those that their app allows.
//
// It owns which hosts an app's modules reach, what a request may say and how an
// answer is told. It must not know how addresses are guarded (package outbound),
// nor what a guest is. Requests, answers and redirects are hostile.
package httpout

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/outbound"
)

// Codes of what may go wrong, beside host.CodeInvalid and host.CodePermission.
const (
	CodeAddress     host.Code = "address_refused"    // not on the public internet
	CodeRedirect    host.Code = "redirect_refused"   // to where credentials or the request must not go
	CodeTooLarge    host.Code = "response_too_large" // larger than max_bytes, or a header flood
	CodeTimeout     host.Code = "timeout"
	CodeUnreachable host.Code = "unreachable" // no such name, nobody answers, no TLS, no HTTP
)

// Bounds of a request.
const (
	DefaultTimeout = 10 * time.Second
	MaxTimeout     = 60 * time.Second
	DefaultBytes   = 5 << 20
	MaxBytes       = 32 << 20 // of an answer's body
)

// Client makes requests for apps. It is safe for concurrent use.
type Client struct {
	reach outbound.Config
	mu    sync.Mutex
	apps  map[string]*http.Client // by app: no connection serves two
}

// maxApps is for how many apps connections are kept.
const maxApps = 1000

// New returns a client that reaches what reach opens; its other fields are set
// here.
func New(reach outbound.Config) *Client {
	reach.Timeout, reach.MaxBytes = MaxTimeout, MaxBytes
	return &Client{reach: reach, apps: map[string]*http.Client{}}
}

// of is the app's own client: it shares connections with no other.
func (c *Client) of(appID string) *http.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if own := c.apps[appID]; own != nil {
		return own
	}
	for id, old := range c.apps {
		if len(c.apps) < maxApps {
			break
		}
		old.CloseIdleConnections()
		delete(c.apps, id)
	}
	own := outbound.NewClient(c.reach)
	c.apps[appID] = own
	return own
}

// Close gives back the connections that are idle.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, own := range c.apps {
		own.CloseIdleConnections()
	}
}

// Scope is whose request it is and where it may lead.
type Scope struct {
	AppID string
	Hosts []string // see Allowed
	// Reach says which of them the module's manifest admits; nil for all.
	Reach func(name string) bool
}

// admit refuses a URL that does not lead where requests may go. Errors:
// CodePermission.
func (s *Scope) admit(u *url.URL) error {
	if !Allowed(s.Hosts, u) {
		return host.Errorf(host.CodePermission, "requests to %s are not allowed: the app's allowed_hosts do not name it", u.Host)
	}
	if s.Reach != nil && !s.Reach(nameOf(u)) {
		return host.Errorf(host.CodePermission, "requests to %s are not allowed: the allowed_hosts of the module's manifest do not name it", u.Host)
	}
	return nil
}

// Fetch makes a request. Errors: CodeInvalid, CodePermission for a host that is
// not allowed, and the codes of this package. No text of theirs holds more of
// the URL than its host.
func (c *Client) Fetch(ctx context.Context, scope Scope, r *Request) (*Answer, error) {
	return c.fetch(ctx, scope, r, new(bytes.Buffer))
}

// fetch does the work of Fetch. The answer may need body for as long as it is
// used.
func (c *Client) fetch(ctx context.Context, scope Scope, r *Request, body *bytes.Buffer) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	made, err := r.build(ctx)
	if err != nil {
		return nil, err
	}
	if err := scope.admit(made.URL); err != nil {
		return nil, err
	}
	own := *c.of(scope.AppID)
	own.CheckRedirect = r.redirects(scope, own.CheckRedirect)
	own.Timeout = 0 // which would be a second timer
	response, err := own.Do(made)
	if err != nil {
		return nil, explain(ctx, made.URL, err)
	}
	defer response.Body.Close()
	body.Grow(int(max(0, min(response.ContentLength, r.maxBytes(), believed)) + bytes.MinRead))
	if _, err := body.ReadFrom(io.LimitReader(response.Body, r.maxBytes()+1)); err != nil {
		return nil, explain(ctx, response.Request.URL, err)
	}
	if int64(body.Len()) > r.maxBytes() {
		return nil, host.Errorf(CodeTooLarge, "the answer of %s is larger than %d bytes", response.Request.URL.Hostname(), r.maxBytes())
	}
	return answerOf(response, body.Bytes(), r.Raw), nil
}

// believed is how much room a body gets before it comes, if a server announces
// it.
const believed = 64 << 10

// redirects is what decides about each redirect: the request's policy, then the
// app's hosts, then the guard.
func (r *Request) redirects(scope Scope, guard func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		switch {
		case r.Redirect == RedirectManual:
			return http.ErrUseLastResponse
		case r.Redirect == RedirectError:
			return host.Errorf(CodeRedirect, "%s answers with a redirect", before[0].URL.Hostname())
		}
		if err := scope.admit(next.URL); err != nil {
			return err
		}
		return guard(next, before)
	}
}

// explain makes of what net/http says what a module may know: a URL may hold
// secrets, and an address tells of the host's network.
func explain(ctx context.Context, u *url.URL, err error) error {
	var known *host.Error
	var timeout net.Error
	name := u.Hostname()
	var led *url.Error
	if errors.As(err, &led) {
		if at, parseErr := url.Parse(led.URL); parseErr == nil && at.Hostname() != "" {
			name = at.Hostname()
		}
	}
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, outbound.ErrAddress):
		return host.Caused(CodeAddress, err, "the address of %s is not on the public internet", name)
	case errors.Is(err, outbound.ErrRedirect):
		return host.Caused(CodeRedirect, err, "the redirect to %s is not followed", name)
	case errors.Is(err, outbound.ErrTooLarge), strings.Contains(err.Error(), "server response headers exceeded"):
		return host.Caused(CodeTooLarge, err, "the answer of %s is too large", name)
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return host.Caused(CodeTimeout, err, "%s did not answer in time", name)
	}
	return host.Caused(CodeUnreachable, err, "%s cannot be reached, or its answer cannot be read", name)
}
