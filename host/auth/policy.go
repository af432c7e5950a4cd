package auth

import (
	"net/netip"
	"slices"

	"github.com/posternhq/postern/host"
)

// Ranges is a list of addresses that are let in. An empty list lets all in.
type Ranges []netip.Prefix

// NewRanges reads addresses and CIDR ranges that host.ParseIPRange accepts. An
// entry it does not accept matches nothing, and still makes the list
// non-empty: bad data never opens a door.
func NewRanges(list []string) Ranges {
	var out Ranges
	for _, s := range list {
		p, _ := host.ParseIPRange(s)
		out = append(out, p)
	}
	return out
}

// Contains reports whether the address is let in.
func (r Ranges) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return len(r) == 0 || slices.ContainsFunc(r, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Policy is who may call an endpoint, in the form that admission needs.
type Policy struct {
	public      bool
	environment string
	groups      []string
	ranges      Ranges
	variables   map[string]string
}

// NewPolicy compiles the policy of an endpoint of an app in the environment.
func NewPolicy(e *host.Endpoint, environment string) *Policy {
	return &Policy{
		public: !e.RequiresAuthentication, environment: environment,
		groups: e.KeyGroups, ranges: NewRanges(e.AllowedIPs), variables: e.RequiredVariables,
	}
}

// Admit decides whether the request may call an endpoint with the policy. The
// caller is nil for a public endpoint without a credential. Errors:
// CodeUnauthorized for a credential that is missing or not valid,
// CodeForbidden for one that is valid but does not open this endpoint.
func (t *Table) Admit(p *Policy, r *host.Request, client netip.Addr) (*host.Caller, error) {
	secret, present := Present(r, p.public)
	if !present && !p.public {
		return nil, host.Errorf(host.CodeUnauthorized, "A credential is required: send it as X-API-Key or Authorization: Bearer")
	}
	var found *credential
	if present {
		c, err := t.resolve(secret)
		if err != nil {
			return nil, err
		}
		found = c
	}
	if !p.ranges.Contains(client) {
		return nil, host.Errorf(host.CodeForbidden, "This address may not call the endpoint")
	}
	if found == nil {
		return nil, nil
	}
	return found.admit(p, client)
}

// resolve finds the credential and checks that it is in force.
func (t *Table) resolve(secret string) (*credential, error) {
	if len(secret) > len(host.KeyPrefix) && secret[:len(host.KeyPrefix)] == host.KeyPrefix && !host.ValidKeySecret(secret) {
		return nil, host.Errorf(host.CodeUnauthorized, "The key is not valid: its checksum does not match, so it is mistyped or incomplete")
	}
	c := t.key(secret)
	if c == nil || c.key.Status(host.Now()) != host.KeyActive {
		return nil, host.Errorf(host.CodeUnauthorized, "The credential is unknown, expired or disabled")
	}
	return c, nil
}

// admit applies the rules about who the caller is.
func (c *credential) admit(p *Policy, client netip.Addr) (*host.Caller, error) {
	switch {
	case c.caller.Environment != "" && c.caller.Environment != p.environment:
		return nil, host.Errorf(host.CodeForbidden, "The credential does not open this environment")
	case !c.ranges.Contains(client):
		return nil, host.Errorf(host.CodeForbidden, "The credential may not be used from this address")
	case len(p.groups) > 0 && !slices.ContainsFunc(p.groups, func(g string) bool { return slices.Contains(c.caller.Groups, g) }):
		return nil, host.Errorf(host.CodeForbidden, "The credential is in none of the endpoint's key groups")
	}
	for name, want := range p.variables {
		if got, ok := c.caller.Variables[name]; !ok || got != want {
			return nil, host.Errorf(host.CodeForbidden, "The credential lacks a variable that the endpoint requires")
		}
	}
	return &c.caller, nil
}
