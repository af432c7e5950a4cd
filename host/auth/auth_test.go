package auth_test

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
)

func anybody(e *host.Endpoint) { e.RequiresAuthentication = false }

// TestAdmit_AtOnce proves that a change is in force when it returns.
func TestAdmit_AtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse()
	key, secret := h.newKey(func(*host.Key) {})
	issued, own, published := h.mint(h.signing, h.tokenClaims(nil)), h.own(h.issuerClaims(nil)), h.published("c1", h.issuerClaims(nil))
	disabled := *key
	disabled.Enabled = false
	rotated := *key
	after := rotated.Rotate(0)
	newer := host.NewSigningKey()
	for _, step := range []struct {
		name       string
		change     func()
		credential string
		admitted   bool
	}{
		{"a key", func() {}, secret, true},
		{"a disabled key", func() { h.PutKey(&disabled) }, secret, false},
		{"an enabled key", func() { h.PutKey(key) }, secret, true},
		{"a rotated key's old secret", func() { h.PutKey(&rotated) }, secret, false},
		{"a rotated key's new secret", func() {}, after, true},
		{"a deleted key", func() { h.DropKey(key.ID) }, after, false},
		{"a loaded key", func() { _ = h.ReplaceKeys(only(key)) }, secret, true},
		{"a key while loading fails", func() { _ = h.ReplaceKeys(func(func(*host.Key)) error { return errors.New("away") }) }, secret, true},
		{"a key that is gone", func() { _ = h.ReplaceKeys(only()) }, secret, false},

		{"a token", func() {}, issued, true},
		{"a deleted token", func() { h.DropToken(h.token.ID) }, issued, false},
		{"a loaded token", func() { h.ReplaceTokens([]*host.Token{h.token}) }, issued, true},
		{"a token that is gone", func() { h.ReplaceTokens(nil) }, issued, false},
		{"a token again", func() { h.PutToken(h.token) }, issued, true},
		{"a token with a newer signing key beside", func() { h.SetSigningKeys([]*host.SigningKey{newer, h.signing}) }, issued, true},
		{"a token without its signing key", func() { h.SetSigningKeys([]*host.SigningKey{newer}) }, issued, false},
		{"a token with its signing key", func() { h.SetSigningKeys([]*host.SigningKey{h.signing}) }, issued, true},
		{"a token of another organization", func() { h.SetOrganization(&host.Organization{ID: host.NewID()}) }, issued, false},
		{"a token of this organization", func() { h.SetOrganization(h.org) }, issued, true},

		{"an issuer's JWT", func() {}, own, true},
		{"an issuer that is disabled", func() { h.issuer.Enabled = false; h.setIssuers() }, own, false},
		{"an issuer that is enabled", func() { h.issuer.Enabled = true; h.setIssuers() }, own, true},
		{"an issuer with another key", func() { h.issuer.PublicKey = new(publicPEM(strangerKey().Public())); h.setIssuers() }, own, false},
		{"an issuer with its key", func() { h.issuer.PublicKey = new(publicPEM(issuerKey().Public())); h.setIssuers() }, own, true},
		{"an issuer that asks for more", func() { h.issuer.RequiredClaims = map[string]any{"role": "admin"}; h.setIssuers() }, own, false},
		{"a published key", func() {}, published, true},
		{"a published key that was withdrawn", func() { h.source.set("c1", nil) }, published, false},
		{"a published key that is another", func() { h.source.set("c1", issuerKey().Public()) }, published, false},
		{"a published key that is back", func() { h.source.set("c1", h.curve.Public()) }, published, true},
		{"an app that is gone", func() { h.DropApp(h.app.ID) }, published, false},
	} {
		step.change()
		// The second time it may come from memory.
		for range 2 {
			if _, err := h.call(func(*host.Endpoint) {}, request("X-API-Key", step.credential)); (err == nil) != step.admitted {
				t.Errorf("%s: %v (%s)", step.name, err, why(err))
			}
		}
	}
}

// TestAdmit_Unreachable tells an issuer that cannot be asked from a key that it
// does not have: the caller may come back.
func TestAdmit_Unreachable(t *testing.T) {
	t.Parallel()
	h := newHouse()
	h.source.err = host.Errorf(host.CodeUnavailable, "later")
	token := h.published("c1", h.issuerClaims(nil))
	if _, err := h.admit(token); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("unreachable: %v", err)
	}
	h.source.err = errors.New("no such key")
	if _, err := h.admit(token); why(err) != "the JWT's signing key is not known" {
		t.Errorf("unknown: %v", err)
	}
	h.source.err = nil
	if _, err := h.admit(token); err != nil {
		t.Errorf("there: %v", err)
	}
}

// TestAdmit_NoSource proves that a table without a KeySource refuses.
func TestAdmit_NoSource(t *testing.T) {
	t.Parallel()
	h := newHouse()
	h.Table = auth.NewTable(nil)
	h.setIssuers()
	if _, err := h.admit(h.published("c1", h.issuerClaims(nil))); why(err) != "the JWT's signing key is not known" {
		t.Error(err)
	}
}

// TestAdmit_AsksNoStranger proves that an issuer is asked for a key only for a
// JWT that could be its own.
func TestAdmit_AsksNoStranger(t *testing.T) {
	t.Parallel()
	h := newHouse()
	for name, token := range map[string]string{
		"another issuer":     h.own(h.issuerClaims(jwtIssuer("https://other.example"))),
		"another algorithm":  h.own(h.issuerClaims(jwtIssuer(h.remote.Issuer))),
		"our own issuer":     h.own(h.issuerClaims(jwtIssuer(host.TokenIssuer(h.org.ID)))),
		"not well-formed":    forge(`{"alg":"ES256","kid":"c9"}`, `{"iss":"https://remote.example"}{}`),
		"issuer with a key":  h.own(h.issuerClaims(nil)),
		"larger than 8 KiB":  forge(`{"alg":"ES256","kid":"c9"}`, `{"iss":"https://remote.example","x":"`+strings.Repeat("x", 8<<10)+`"}`),
		"not of this app":    "",
		"disabled meanwhile": "",
	} {
		policy := h.policy(func(*host.Endpoint) {})
		switch name {
		case "not of this app":
			token, policy = h.published("c9", h.issuerClaims(nil)), auth.NewPolicy(host.NewApp(h.org.ID), host.NewEndpoint())
		case "disabled meanwhile":
			token, h.remote.Enabled = h.published("c9", h.issuerClaims(nil)), false
			h.setIssuers()
		}
		_, _ = h.Admit(t.Context(), policy, request("X-API-Key", token))
		if h.source.asked != 0 {
			t.Errorf("%s: asked %d times", name, h.source.asked)
		}
	}
}

// TestPresent covers where a credential may be and which of several decides.
// The keys a, b and c are in force, and so is the token t; x and its like are not.
func TestPresent(t *testing.T) {
	t.Parallel()
	h := newHouse()
	secrets := map[string]string{"t": h.mint(h.signing, h.tokenClaims(nil)), "own": h.own(h.issuerClaims(nil)), "empty": ""}
	names := map[string]string{h.token.ID: "t", h.issuer.ID + ":alice": "own"}
	for _, name := range []string{"a", "b", "c"} {
		key, secret := h.newKey(func(*host.Key) {})
		secrets[name], names[key.ID] = secret, name
	}
	_, secrets["unknown"] = host.NewKey("never stored")
	secrets["apps"], secrets["pat"] = host.NewOrganizationKey(), "pat_"+strings.Repeat("0", 64)
	secrets["foreign"] = h.own(h.issuerClaims(jwtIssuer("https://other.example")))
	secrets["forged own"] = forge(`{"alg":"RS256"}`, `{"iss":"https://issuer.example"}`)
	secrets["forged ours"] = forge(`{"alg":"RS256"}`, `{"iss":"postern:x"}`)
	secrets["padded t"] = strings.Replace(secrets["t"], ".", "=.", 2)
	secrets["xyz"] = "xyz"
	for _, tt := range []struct {
		name, key, authorization, query string
		private, public                 string // who is admitted; "-" for nobody, "!" for a refusal
	}{
		{"none", "", "", "", "!", "-"},
		{"header", "a", "", "", "a", "a"},
		{"bearer", "", "Bearer {b}", "", "b", "b"},
		{"scheme in another case", "", "bEARER {b}", "", "b", "b"},
		{"query", "", "", "x=1&api_key={c}", "c", "c"},
		{"encoded query", "", "", "api%5Fkey={c}", "c", "c"},
		{"JWT in the header", "t", "", "", "t", "t"},
		{"JWT in the query", "", "", "api_key={t}", "t", "t"},
		{"JWT as bearer", "", "Bearer {t}", "", "t", "t"},
		{"own JWT as bearer", "", "Bearer {own}", "", "own", "own"},
		{"header before bearer and query", "a", "Bearer {b}", "api_key={c}", "a", "a"},
		{"bearer before query", "", "Bearer {b}", "api_key={c}", "b", "b"},
		{"an invalid one before a valid", "unknown", "Bearer {b}", "", "!", "!"},
		{"an invalid bearer before a valid query", "", "Bearer {unknown}", "api_key={c}", "!", "!"},
		{"empty header counts as none", "empty", "Bearer {b}", "", "b", "b"},
		{"empty bearer counts as none", "", "Bearer ", "api_key={c}", "c", "c"},
		{"two in the query are neither", "", "", "api_key={a}&api_key={b}", "!", "!"},
		{"the same twice is not one", "", "", "api_key={a}&api_key={a}", "!", "!"},
		{"foreign bearer", "", "Bearer xyz", "", "!", "-"},
		{"foreign bearer beside a key in the query", "", "Bearer xyz", "api_key={c}", "!", "c"},
		{"foreign JWT", "", "Bearer {foreign}", "", "!", "-"},
		{"foreign text in the header", "xyz", "", "", "!", "!"},
		{"foreign JWT in the header", "foreign", "", "", "!", "!"},
		{"invalid JWT of an issuer of the app", "", "Bearer {forged own}", "", "!", "!"},
		{"invalid JWT of ours", "", "Bearer {forged ours}", "", "!", "!"},
		{"token in other base64", "", "Bearer {padded t}", "", "!", "!"},
		{"organization key", "", "Bearer {apps}", "", "!", "!"},
		{"member's key", "", "Bearer {pat}", "", "!", "!"},
		{"another scheme", "", "Basic YTpi", "", "!", "-"},
		{"query that does not decode", "", "", "api_key=%zz", "!", "!"},
	} {
		fill := func(text string) string {
			for name, secret := range secrets {
				text = strings.ReplaceAll(text, "{"+name+"}", secret)
			}
			return text
		}
		r := request("Authorization", fill(tt.authorization), "x-api-key", secrets[tt.key])
		r.Query = fill(tt.query)
		for want, change := range map[string]func(*host.Endpoint){"private " + tt.private: func(*host.Endpoint) {}, "public " + tt.public: anybody} {
			caller, err := h.call(change, r)
			got := "-"
			if err != nil {
				got = "!"
			} else if caller != nil {
				got = names[caller.ID]
			}
			if kind, who, _ := strings.Cut(want, " "); got != who {
				t.Errorf("%s on a %s endpoint: %q, want %q (%v, %s)", tt.name, kind, got, who, err, why(err))
			}
		}
	}
	if _, err := h.call(func(*host.Endpoint) {}, request("X-API-Key", secrets["a"], "X-API-Key", secrets["b"])); why(err) != "there are several credentials in one place" {
		t.Errorf("two headers: %v (%s)", err, why(err))
	}
	if _, err := h.call(func(*host.Endpoint) {}, request()); !errors.Is(err, auth.ErrNoCredential) {
		t.Errorf("no credential: %v", err)
	}
}

// TestCaller holds what a module sees of each kind against what was stored.
func TestCaller(t *testing.T) {
	t.Parallel()
	h := newHouse()
	limit, quota := &host.RateLimit{Limit: 5, Window: "minute"}, int64(100)
	key, secret := h.newKey(func(k *host.Key) {
		k.Environment, k.Variables, k.RateLimit, k.Quota = new(host.Production), map[string]string{"tier": "gold"}, limit, &quota
	})
	h.issuer.RateLimit = limit
	h.issuer.ClaimVariables = map[string]string{"role": "role", "level": "level", "beta": "beta", "list": "list", "none": "none", "big": "big"}
	h.setIssuers()
	h.SetGroups(h.app.ID, []*host.KeyGroup{
		{Name: "zoo", Members: []string{key.ID, h.issuer.ID}}, {Name: "all", Members: []string{key.ID, h.token.ID, key.ID}}, {Name: "none"},
	})
	h.SetGroups(host.NewID(), []*host.KeyGroup{{Name: "elsewhere", Members: []string{key.ID, h.token.ID}}})
	own := forge(`{"alg":"RS256"}`, h.claimsText(`,"sub":"alice","role":"admin","level":7,"beta":true,"list":["x"],"big":12345678901234567890.10`))
	for name, tt := range map[string]struct {
		credential string
		want       host.Caller
	}{
		"key": {secret, host.Caller{
			Kind: "key", ID: key.ID, Name: "ci", Groups: []string{"all", "zoo"}, Variables: key.Variables, Claims: map[string]any{},
			Environment: host.Production, RateLimit: limit, Quota: &quota,
		}},
		"token": {h.mint(h.signing, h.tokenClaims(nil)), host.Caller{
			Kind: "token", ID: h.token.ID, Name: "deploy", Groups: []string{"all"}, Variables: map[string]string{}, Claims: map[string]any{}, Environment: host.Production,
		}},
		"own": {own, host.Caller{
			Kind: "jwt", ID: h.issuer.ID + ":alice", Name: "alice", Groups: []string{"zoo"}, RateLimit: limit,
			Variables: map[string]string{"role": "admin", "level": "7", "beta": "true", "big": "12345678901234567890.10"},
		}},
		"own without a subject": {forge(`{"alg":"RS256"}`, h.claimsText("")), host.Caller{
			Kind: "jwt", ID: h.issuer.ID, Name: "Partner", Groups: []string{"zoo"}, RateLimit: limit, Variables: map[string]string{},
		}},
	} {
		caller, err := h.admit(tt.credential)
		if err != nil {
			t.Errorf("%s: %v (%s)", name, err, why(err))
			continue
		}
		got := *caller
		if tt.want.Claims == nil {
			if names := slices.Sorted(maps.Keys(got.Claims)); !slices.Contains(names, "exp") || got.Claims["iss"] != h.issuer.Issuer {
				t.Errorf("%s: claims %v", name, got.Claims)
			}
			got.Claims = nil
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		list []string
		addr string
		want bool
	}{
		{nil, "203.0.113.9", true},
		{[]string{"203.0.113.9"}, "203.0.113.9", true},
		{[]string{"203.0.113.9"}, "::ffff:203.0.113.9", true},
		{[]string{"::ffff:203.0.113.0/120"}, "203.0.113.9", true},
		{[]string{"203.0.113.0/24"}, "203.0.114.1", false},
		{[]string{"2001:db8::/32"}, "2001:db8::1", true},
		{[]string{"fe80::/10"}, "fe80::1%eth0", true},
		{[]string{"nonsense"}, "203.0.113.9", false},
		{[]string{"0.0.0.0/0"}, "2001:db8::1", false},
		{[]string{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"}, "10.200.0.1", true},
		{[]string{"10.1.2.3", "10.0.0.0/8", "192.0.2.1"}, "11.0.0.0", false},
		{[]string{"10.1.2.3", "2001:db8::/32", "192.0.2.1"}, "192.0.2.1", true},
	} {
		if got := auth.NewRanges(tt.list).Contains(netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("%v contains %s: %v, want %v", tt.list, tt.addr, got, tt.want)
		}
	}
	if auth.NewRanges([]string{"0.0.0.0/0", "::/0"}).Contains(netip.Addr{}) {
		t.Error("no address at all is let in")
	}
}

// only passes on these keys.
func only(keys ...*host.Key) func(func(*host.Key)) error {
	return func(put func(*host.Key)) error {
		for _, key := range keys {
			put(key)
		}
		return nil
	}
}
