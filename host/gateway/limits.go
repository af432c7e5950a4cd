package gateway

import (
	"context"
	"errors"
	"strconv"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/limit"
)

// charge takes an admitted request from every limit it is under: the rate
// limits of its credential, its endpoint and its app, then the credential's
// quota. Without the quota the rates are not charged either, so that a caller
// who has used it up takes nothing from others. Only a request that passes
// counts as a use of the credential.
func (g *Gateway) charge(ctx context.Context, app *host.App, e *host.Endpoint, caller *host.Caller) (limit.Standing, error) {
	var list [3]limit.Rule
	rules := list[:0]
	if caller != nil && caller.RateLimit != nil {
		rules = append(rules, limit.Rule{Kind: limit.Credential, ID: caller.ID, Limit: caller.RateLimit})
	}
	if e.RateLimit != nil {
		rules = append(rules, limit.Rule{Kind: limit.Endpoint, ID: e.ID, Limit: e.RateLimit})
	}
	if app.RateLimit != nil {
		rules = append(rules, limit.Rule{Kind: limit.App, ID: app.ID, Limit: app.RateLimit})
	}
	standing, err := g.Limits.Take(rules)
	if err != nil || caller == nil {
		return standing, err
	}
	if caller.Quota != nil {
		if spent, err := g.Limits.TakeQuota(ctx, caller.ID, *caller.Quota); err != nil {
			g.Limits.GiveBack(rules)
			return spent, err
		}
	}
	if caller.Kind != host.CallerJWT { // which no usage is kept of
		g.Limits.Used(caller.ID)
	}
	return standing, nil
}

// announce tells the client how it stands with its limits.
func announce(response *host.Response, s limit.Standing) {
	if s.Limit == 0 {
		return
	}
	add := func(name string, value int64) {
		response.Header = append(response.Header, host.Header{Name: name, Value: strconv.FormatInt(value, 10)})
	}
	// Clients take what remains for a part of the limit.
	add("X-RateLimit-Limit", max(s.Limit, s.Capacity))
	add("X-RateLimit-Remaining", s.Remaining)
	add("X-RateLimit-Reset", s.Reset)
	if s.RetryAfter > 0 {
		response.Set("Retry-After", strconv.FormatInt(s.RetryAfter, 10))
	}
}

// refuse answers a request that is not admitted. One with a credential that is
// not valid counts as an attempt of its address, of which there may only be so
// many; one without a credential is no attempt.
func (g *Gateway) refuse(r *host.Request, err error) (host.Response, error) {
	var response host.Response
	if host.CodeOf(err) != host.CodeUnauthorized {
		return response, err
	}
	if !errors.Is(err, auth.ErrNoCredential) {
		if standing, throttled := g.Limits.Failed(r.Client); throttled != nil {
			announce(&response, standing)
			return response, throttled
		}
	}
	// The challenge that a 401 must carry (RFC 9110, section 11.6.1).
	response.Set("WWW-Authenticate", "Bearer")
	return response, err
}
