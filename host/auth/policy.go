package auth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
)

// Policy is who may call an endpoint, in the form that admission needs.
type Policy struct {
	app         string
	public      bool
	environment string
	groups      []string
	ranges      Ranges
	variables   []variable
}

type variable struct{ name, value string }

// NewPolicy compiles the policy of an endpoint of an app.
func NewPolicy(app *host.App, e *host.Endpoint) *Policy {
	p := &Policy{
		app: app.ID, environment: app.Environment, public: !e.RequiresAuthentication,
		groups: e.KeyGroups, ranges: NewRanges(e.AllowedIPs),
	}
	for name, value := range e.RequiredVariables {
		p.variables = append(p.variables, variable{name, value})
	}
	return p
}

// holder is whom a valid credential belongs to.
type holder struct {
	kind, id, name string
	member         string // the id that key groups name it by
	access         *access
	claims         map[string]any
}

// Admit decides whether the request may call an endpoint with the policy, from
// the address r.Client. The caller is nil for a public endpoint without a
// credential; its maps and slices are shared, and never to be changed. Errors:
// ErrNoCredential; CodeUnauthorized for a credential that is not valid, with
// the reason as its cause; CodeForbidden for one that is valid but does not
// open this endpoint; CodeUnavailable while the keys of a JWT's issuer cannot
// be had.
func (t *Table) Admit(ctx context.Context, p *Policy, r *host.Request) (*host.Caller, error) {
	credential := t.present(p, r)
	if credential == "" && !p.public {
		return nil, ErrNoCredential
	}
	var h holder
	if credential != "" {
		found, err := t.resolve(ctx, p, credential)
		if err != nil {
			return nil, err
		}
		h = found
	}
	if !p.ranges.Contains(r.Client) {
		return nil, host.Errorf(host.CodeForbidden, "This address may not call the endpoint")
	}
	if credential == "" {
		return nil, nil
	}
	groups := t.app(p.app).groups[h.member]
	if err := p.check(&h, groups, r); err != nil {
		return nil, err
	}
	return h.caller(groups), nil
}

// resolve finds whom a credential belongs to, if it is in force.
func (t *Table) resolve(ctx context.Context, p *Policy, credential string) (holder, error) {
	if credential == several {
		return holder{}, refuse(reasonSeveral)
	}
	now := time.Now().UnixMilli()
	if !isKey(credential) && strings.Count(credential, ".") == 2 {
		return t.byJWT(ctx, p.app, credential, now)
	}
	return t.byKey(credential, now)
}

func isKey(credential string) bool { return strings.HasPrefix(credential, host.KeyPrefix) }

// check applies the rules about who may call to a valid credential.
func (p *Policy) check(h *holder, groups []string, r *host.Request) error {
	switch a := h.access; {
	case a.environment != "" && a.environment != p.environment:
		return host.Errorf(host.CodeForbidden, "The credential does not open this environment")
	case !a.ranges.Contains(r.Client):
		return host.Errorf(host.CodeForbidden, "The credential may not be used from this address")
	case len(p.groups) > 0 && !slices.ContainsFunc(p.groups, func(g string) bool { return slices.Contains(groups, g) }):
		return host.Errorf(host.CodeForbidden, "The credential is in none of the endpoint's key groups")
	}
	for _, required := range p.variables {
		if got, ok := h.access.variables[required.name]; !ok || got != required.value {
			return host.Errorf(host.CodeForbidden, "The credential lacks a variable that the endpoint requires")
		}
	}
	return nil
}

func (h *holder) caller(groups []string) *host.Caller {
	if groups == nil {
		groups = []string{}
	}
	return &host.Caller{
		Kind: h.kind, ID: h.id, Name: h.name, Groups: groups, Variables: h.access.variables, Claims: h.claims,
		Environment: h.access.environment, RateLimit: h.access.rateLimit, Quota: h.access.quota,
	}
}
