package auth_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
)

// The model: the rules of admission said once more, as a person would read
// them, over facts instead of bytes. TestModel compares it with the table.

// credentialFacts is what there is to know of what a request carries.
type credentialFacts struct {
	kind        string // none, foreign, key, token, jwt
	state       string // valid, or what is wrong with it
	environment string // "" opens all
	from        string // where it may be used: anywhere, here, elsewhere
	grouped     bool   // a member of the group "partners"
	tier        string // its variable, "" for none
}

// endpointFacts is what there is to know of an endpoint.
type endpointFacts struct {
	public bool
	from   string
	groups []string
	tier   string // the variable it requires, "" for none
}

// expect is the rule: who is admitted, and by which code the others are refused.
// The app is in production.
func expect(c credentialFacts, e endpointFacts) (caller bool, code host.Code) {
	// A bearer that nobody here issued is a public endpoint's own business.
	if c.kind == "foreign" && e.public {
		c.kind = "none"
	}
	if c.kind == "none" && !e.public {
		return false, host.CodeUnauthorized
	}
	if c.kind != "none" && c.state != "valid" {
		return false, host.CodeUnauthorized
	}
	if e.from == "elsewhere" {
		return false, host.CodeForbidden
	}
	if c.kind == "none" {
		return false, ""
	}
	opens := c.environment == "" || c.environment == host.Production
	member := len(e.groups) == 0 || c.grouped && slices.Contains(e.groups, "partners")
	if !opens || c.from == "elsewhere" || !member || e.tier != "" && c.tier != e.tier {
		return false, host.CodeForbidden
	}
	return true, ""
}

// Where the client is, and is not.
var places = map[string][]string{"anywhere": {}, "here": {"198.51.100.1", "203.0.113.0/24"}, "elsewhere": {"198.51.100.0/24", "2001:db8::/32"}}

// TestModel walks every kind and state of a credential, with everything that
// can be said about it, against every policy.
func TestModel(t *testing.T) {
	t.Parallel()
	h := newHouse()
	var policies []endpointFacts
	for _, public := range []bool{false, true} {
		for from := range places {
			for _, groups := range [][]string{nil, {"partners"}, {"others", "partners"}, {"gone"}} {
				for _, tier := range []string{"", "gold"} {
					policies = append(policies, endpointFacts{public, from, groups, tier})
				}
			}
		}
	}
	compiled := make([]*auth.Policy, len(policies))
	for i, p := range policies {
		compiled[i] = h.policy(p.set)
	}
	rows := 0
	for _, c := range h.everyCredential() {
		for i, e := range policies {
			rows++
			wantCaller, wantCode := expect(c.credentialFacts, e)
			caller, err := h.Admit(t.Context(), compiled[i], c.request)
			if (caller != nil) != wantCaller || host.CodeOf(err) != wantCode {
				t.Errorf("%+v at %+v: caller %v, code %q (%v); want %v, %q", c.credentialFacts, e, caller != nil, host.CodeOf(err), err, wantCaller, wantCode)
			}
			if caller != nil && (caller.Kind != c.kind || slices.Contains(caller.Groups, "partners") != c.grouped || caller.Variables["tier"] != c.tier) {
				t.Errorf("%+v at %+v: caller %+v", c.credentialFacts, e, caller)
			}
		}
	}
	if rows < 5000 {
		t.Errorf("only %d rows were walked", rows)
	}
	t.Logf("%d rows", rows)
}

func (e endpointFacts) set(endpoint *host.Endpoint) {
	endpoint.RequiresAuthentication = !e.public
	endpoint.AllowedIPs, endpoint.KeyGroups = places[e.from], e.groups
	if e.tier != "" {
		endpoint.RequiredVariables = map[string]string{"tier": e.tier}
	}
}

// carried is a request with a credential and the facts about it.
type carried struct {
	credentialFacts
	request *host.Request
}

// everyCredential puts into force what the facts say, and shows it in the
// places a credential may be in, in turn.
func (h *house) everyCredential() []carried {
	out := []carried{
		{credentialFacts{kind: "none"}, request()},
		{credentialFacts{kind: "none"}, request("Authorization", "Basic YTpi", "X-API-Key", "")},
		{credentialFacts{kind: "foreign", state: "unknown"}, request("Authorization", "Bearer xyz")},
		{credentialFacts{kind: "foreign", state: "unknown"}, request("Authorization", "Bearer "+h.own(h.issuerClaims(jwtIssuer("https://other.example"))))},
	}
	var members []string
	add := func(facts credentialFacts, secret, member string) {
		if facts.grouped {
			members = append(members, member)
		}
		out = append(out, carried{facts, h.show(secret, len(out))})
	}
	for _, environment := range []string{"", host.Production, host.Staging} {
		for from := range places {
			for _, grouped := range []bool{false, true} {
				for _, tier := range []string{"", "gold", "Gold"} {
					facts := credentialFacts{"key", "", environment, from, grouped, tier}
					for _, facts.state = range []string{"valid", "valid in grace", "unknown", "mistyped", "disabled", "expired", "deleted", "rotated"} {
						secret, id := h.keyWith(facts)
						facts := facts
						facts.state = strings.TrimSuffix(facts.state, " in grace")
						add(facts, secret, id)
					}
					facts.kind = "token"
					for _, facts.state = range []string{"valid", "expired", "deleted", "forged"} {
						if environment != "" { // every token has one
							secret, id := h.tokenWith(facts)
							add(facts, secret, id)
						}
					}
				}
			}
		}
	}
	var issuers []*host.Issuer
	for _, grouped := range []bool{false, true} {
		i := h.newIssuer(fmt.Sprintf("https://%v.example", grouped))
		i.PublicKey, i.ClaimVariables = new(publicPEM(issuerKey().Public())), map[string]string{"tier": "tier"}
		i.Algorithms = []string{"RS256"}
		off := *i
		off.ID, off.Issuer, off.Enabled = host.NewID(), "https://off."+i.Issuer, false
		issuers = append(issuers, i, &off)
		for _, tier := range []string{"", "gold", "Gold"} {
			facts := credentialFacts{kind: "jwt", from: "anywhere", grouped: grouped, tier: tier}
			for _, facts.state = range []string{"valid", "expired", "forged", "disabled"} {
				name := i.Issuer
				if facts.state == "disabled" {
					name = off.Issuer
				}
				add(facts, ownWith(name, facts), i.ID)
			}
		}
	}
	h.SetIssuers(h.app.ID, issuers)
	h.SetGroups(h.app.ID, []*host.KeyGroup{{Name: "partners", Members: members}, {Name: "others"}})
	return out
}

// show carries a secret as header, bearer or query parameter.
func (h *house) show(secret string, n int) *host.Request {
	switch n % 3 {
	case 0:
		return request("X-API-Key", secret)
	case 1:
		return request("Authorization", "Bearer "+secret)
	}
	r := request()
	r.Query = "api_key=" + secret
	return r
}

func (c credentialFacts) access() host.Access {
	a := host.Access{AllowedIPs: places[c.from], Variables: map[string]string{}}
	if c.environment != "" {
		a.Environment = &c.environment
	}
	if c.tier != "" {
		a.Variables["tier"] = c.tier
	}
	return a
}

func (h *house) keyWith(c credentialFacts) (secret, id string) {
	key, secret := host.NewKey("model")
	key.Access = c.access()
	switch c.state {
	case "unknown":
		return secret, key.ID
	case "mistyped":
		secret = secret[:67] + string('0'+('9'-secret[67])%10)
	case "disabled":
		key.Enabled = false
	case "expired":
		key.ExpiresAt = host.At(time.Now().Add(-time.Millisecond))
	case "valid in grace":
		key.Rotate(time.Hour)
	case "rotated":
		key.Rotate(time.Hour)
		key.PreviousExpiresAt = host.At(time.Now().Add(-time.Millisecond))
	}
	h.PutKey(key)
	if c.state == "deleted" {
		h.DropKey(key.ID)
	}
	return secret, key.ID
}

func (h *house) tokenWith(c credentialFacts) (secret, id string) {
	row := host.NewToken()
	row.Name, row.KeyID, row.Access = "model", h.signing.ID, c.access()
	if c.state == "expired" {
		row.ExpiresAt = host.At(time.Now().Add(-time.Millisecond))
	}
	h.PutToken(row)
	if c.state == "deleted" {
		h.DropToken(row.ID)
	}
	key := h.signing
	if c.state == "forged" {
		forger := *host.NewSigningKey()
		forger.ID, key = key.ID, &forger
	}
	return h.mint(key, h.tokenClaims(jwt.MapClaims{"sub": row.ID, "jti": row.ID})), row.ID
}

func ownWith(issuer string, c credentialFacts) string {
	claims := jwt.MapClaims{"iss": issuer, "sub": "alice", "exp": time.Now().Add(time.Hour).Unix(), "tier": c.tier}
	if c.tier == "" {
		delete(claims, "tier")
	}
	if c.state == "expired" {
		claims["exp"] = time.Now().Add(-2 * time.Minute).Unix()
	}
	key := issuerKey()
	if c.state == "forged" {
		key = strangerKey()
	}
	return sign(jwt.SigningMethodRS256, key, nil, claims)
}

// FuzzPolicy compares the addresses and variables that a policy admits with
// what its lists say one by one.
func FuzzPolicy(f *testing.F) {
	f.Add("203.0.113.0/24 10.0.0.1", "203.0.113.9", "tier", "gold", "gold", "partners")
	f.Add("::/0 2001:db8::/32", "2001:db8::1", "a", "", "b", "")
	f.Add("x 1.2.3.4/33", "::ffff:1.2.3.4", "", "", "", "gone")
	f.Add("0.0.0.0/0", "fe80::1%eth0", "a", "b", "B", "Partners")
	f.Fuzz(func(t *testing.T, ranges, address, variable, required, has, group string) {
		addr, err := netip.ParseAddr(address)
		if err != nil {
			return
		}
		table := auth.NewTable(nil)
		app := host.NewApp(host.NewID())
		key, secret := host.NewKey("fuzz")
		key.Variables = map[string]string{variable: has}
		table.PutKey(key)
		table.SetGroups(app.ID, []*host.KeyGroup{{Name: "partners", Members: []string{key.ID}}})
		e := host.NewEndpoint()
		e.AllowedIPs, e.RequiredVariables = strings.Fields(ranges), map[string]string{variable: required}
		if group != "" {
			e.KeyGroups = []string{group}
		}
		within := len(e.AllowedIPs) == 0 || slices.ContainsFunc(e.AllowedIPs, func(s string) bool {
			p, err := host.ParseIPRange(s)
			return err == nil && p.Contains(addr.Unmap().WithZone(""))
		})
		r := request("X-API-Key", secret)
		r.Client = addr
		_, err = table.Admit(t.Context(), auth.NewPolicy(app, e), r)
		if want := within && has == required && (group == "" || group == "partners"); (err == nil) != want {
			t.Fatalf("admitted: %v, want %v (%v)", err == nil, want, err)
		}
	})
}
