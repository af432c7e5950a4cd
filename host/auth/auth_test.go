package auth_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
)

var client = netip.MustParseAddr("203.0.113.9")

// newKey puts a key into the table after change altered it.
func newKey(table *auth.Table, change func(*host.Key)) (*host.Key, string) {
	key, secret := host.NewKey("ci")
	change(key)
	table.PutKey(key)
	return key, secret
}

func request(headers ...string) *host.Request {
	r := &host.Request{Method: "GET", Path: "/"}
	for i := 0; i < len(headers); i += 2 {
		r.Header = append(r.Header, host.Header{Name: headers[i], Value: headers[i+1]})
	}
	return r
}

func policy(change func(*host.Endpoint)) *auth.Policy {
	e := host.NewEndpoint()
	change(e)
	return auth.NewPolicy(e, host.Production)
}

// TestAdmit walks credential state by endpoint policy.
func TestAdmit(t *testing.T) {
	t.Parallel()
	table := auth.NewTable()
	staging, production := host.Staging, host.Production
	_, good := newKey(table, func(*host.Key) {})
	_, disabled := newKey(table, func(k *host.Key) { k.Enabled = false })
	_, expired := newKey(table, func(k *host.Key) { k.ExpiresAt = host.FromMillis(1) })
	_, elsewhere := newKey(table, func(k *host.Key) { k.Environment = &staging })
	_, here := newKey(table, func(k *host.Key) { k.Environment = &production })
	_, fromOffice := newKey(table, func(k *host.Key) { k.AllowedIPs = []string{"198.51.100.0/24"} })
	_, fromClient := newKey(table, func(k *host.Key) { k.AllowedIPs = []string{"203.0.113.0/24"} })
	_, gold := newKey(table, func(k *host.Key) { k.Variables = map[string]string{"tier": "gold"} })
	_, unknown := host.NewKey("never stored")

	private := policy(func(*host.Endpoint) {})
	public := policy(func(e *host.Endpoint) { e.RequiresAuthentication = false })
	grouped := policy(func(e *host.Endpoint) { e.KeyGroups = []string{"partners"} })
	office := policy(func(e *host.Endpoint) { e.AllowedIPs = []string{"198.51.100.7"} })
	goldOnly := policy(func(e *host.Endpoint) { e.RequiredVariables = map[string]string{"tier": "gold"} })
	goldCase := policy(func(e *host.Endpoint) { e.RequiredVariables = map[string]string{"tier": "Gold"} })

	for _, tt := range []struct {
		name   string
		policy *auth.Policy
		secret string
		want   host.Code
	}{
		{"good key", private, good, ""},
		{"no key", private, "", host.CodeUnauthorized},
		{"unknown key", private, unknown, host.CodeUnauthorized},
		{"disabled key", private, disabled, host.CodeUnauthorized},
		{"expired key", private, expired, host.CodeUnauthorized},
		{"mistyped key", private, good[:67] + "!", host.CodeUnauthorized},
		{"organization key", private, host.NewOrganizationKey(), host.CodeUnauthorized},
		{"other environment", private, elsewhere, host.CodeForbidden},
		{"this environment", private, here, ""},
		{"key for another address", private, fromOffice, host.CodeForbidden},
		{"key for this address", private, fromClient, ""},
		{"no key on a public endpoint", public, "", ""},
		{"good key on a public endpoint", public, good, ""},
		{"disabled key on a public endpoint", public, disabled, host.CodeUnauthorized},
		{"unknown key on a public endpoint", public, unknown, host.CodeUnauthorized},
		{"key outside the group", grouped, good, host.CodeForbidden},
		{"endpoint for another address", office, good, host.CodeForbidden},
		{"invalid key at an endpoint for another address", office, unknown, host.CodeUnauthorized},
		{"key with the variable", goldOnly, gold, ""},
		{"key without the variable", goldOnly, good, host.CodeForbidden},
		{"variable in another case", goldCase, gold, host.CodeForbidden},
	} {
		r := request()
		if tt.secret != "" {
			r = request("x-api-key", tt.secret)
		}
		caller, err := table.Admit(tt.policy, r, client)
		if host.CodeOf(err) != tt.want {
			t.Errorf("%s: error %v, want code %q", tt.name, err, tt.want)
		}
		if err == nil && (caller == nil) != (tt.secret == "") {
			t.Errorf("%s: caller %+v", tt.name, caller)
		}
		if err != nil && tt.secret != "" && strings.Contains(err.Error(), tt.secret[8:]) {
			t.Errorf("%s: the error repeats the credential", tt.name)
		}
	}
}

// TestAdmit_AtOnce proves that a change is in force when it returns.
func TestAdmit_AtOnce(t *testing.T) {
	t.Parallel()
	table := auth.NewTable()
	key, secret := newKey(table, func(*host.Key) {})
	admitted := func() bool {
		_, err := table.Admit(policy(func(*host.Endpoint) {}), request("X-API-Key", secret), client)
		return err == nil
	}
	if !admitted() {
		t.Fatal("a good key is refused")
	}
	changed := *key
	changed.Enabled = false
	if table.PutKey(&changed); admitted() {
		t.Error("a disabled key is admitted")
	}
	if table.PutKey(key); !admitted() {
		t.Error("an enabled key is refused")
	}
	if table.DropKey(key.ID); admitted() {
		t.Error("a deleted key is admitted")
	}
	if table.ReplaceKeys([]*host.Key{key}); !admitted() {
		t.Error("a loaded key is refused")
	}
	if table.ReplaceKeys(nil); admitted() {
		t.Error("a key that is gone is admitted")
	}
}

// TestPresent covers where a credential may be and which of several decides.
func TestPresent(t *testing.T) {
	t.Parallel()
	query := func(r *host.Request, q string) *host.Request { r.Query = q; return r }
	for _, tt := range []struct {
		name   string
		r      *host.Request
		public bool
		want   string
	}{
		{"none", request(), false, ""},
		{"header", request("X-API-Key", "ask_a"), false, "ask_a"},
		{"bearer", request("Authorization", "bearer ask_b"), false, "ask_b"},
		{"query", query(request(), "x=1&api_key=ask_c"), false, "ask_c"},
		{"encoded query", query(request(), "api%5Fkey=ask%5Fc"), false, "ask_c"},
		{"header before bearer and query", query(request("Authorization", "Bearer ask_b", "X-API-Key", "ask_a"), "api_key=ask_c"), false, "ask_a"},
		{"bearer before query", query(request("Authorization", "Bearer ask_b"), "api_key=ask_c"), false, "ask_b"},
		{"empty header counts as none", request("X-API-Key", "", "Authorization", "Bearer ask_b"), false, "ask_b"},
		{"two headers are neither", request("X-API-Key", "ask_a", "X-API-Key", "ask_b"), false, "ask_a, ask_b"},
		{"foreign bearer on a private endpoint", request("Authorization", "Bearer xyz"), false, "xyz"},
		{"foreign bearer on a public endpoint", request("Authorization", "Bearer xyz"), true, ""},
		{"our bearer on a public endpoint", request("Authorization", "Bearer apps_x"), true, "apps_x"},
		{"another scheme", request("Authorization", "Basic YTpi"), false, ""},
		{"query that does not decode", query(request(), "api_key=%zz"), false, "%zz"},
	} {
		got, ok := auth.Present(tt.r, tt.public)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: Present = %q, %v; want %q", tt.name, got, ok, tt.want)
		}
	}
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	table := auth.NewTable()
	if err := table.Organization(""); host.CodeOf(err) != host.CodeUnauthorized {
		t.Errorf("before the first start: %v", err)
	}
	key := host.NewOrganizationKey()
	org := &host.Organization{ID: host.NewID(), APIKeyEnabled: true, KeyHash: host.HashSecret(key)}
	table.SetOrganization(org)
	if err := table.Organization(key); err != nil {
		t.Error(err)
	}
	if err := table.Organization(host.NewOrganizationKey()); host.CodeOf(err) != host.CodeUnauthorized || err.Error() != "Invalid or revoked API key" {
		t.Errorf("another key: %v", err)
	}
	org.APIKeyEnabled = false
	table.SetOrganization(org)
	if err := table.Organization(key); host.CodeOf(err) != host.CodeForbidden {
		t.Errorf("suspended: %v", err)
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
	} {
		if got := auth.NewRanges(tt.list).Contains(netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("%v contains %s: %v, want %v", tt.list, tt.addr, got, tt.want)
		}
	}
}

func FuzzPresent(f *testing.F) {
	f.Add("ask_x", "Bearer y", "api_key=z")
	f.Add("", "bearer", "api_key&&=%")
	f.Fuzz(func(t *testing.T, key, authorization, query string) {
		r := request("X-API-Key", key, "Authorization", authorization)
		r.Query = query
		table := auth.NewTable()
		if caller, err := table.Admit(policy(func(*host.Endpoint) {}), r, client); err == nil {
			t.Fatalf("an empty table admits %+v", caller)
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	table := auth.NewTable()
	_, secret := newKey(table, func(*host.Key) {})
	p, r := policy(func(*host.Endpoint) {}), request("X-API-Key", secret)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.Admit(p, r, client); err != nil {
			b.Fatal(err)
		}
	}
}
