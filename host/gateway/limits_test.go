package gateway_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/limit"
	"github.com/posternhq/postern/host/server"
)

// listen serves a bundle's gateway over HTTP behind the proxies, and returns
// the URL of the app's only endpoint.
func (b *bundle) listen(proxies ...netip.Prefix) string {
	b.t.Helper()
	front := server.New(server.Config{Gateway: b.Gateway, TrustedProxies: proxies})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(b.t, err)
	served := make(chan error, 1)
	go func() { served <- front.Serve(listener) }()
	b.t.Cleanup(func() {
		check(b.t, front.Shutdown(context.Background()))
		check(b.t, <-served)
	})
	return "http://" + listener.Addr().String() + "/run/demo/echo/7"
}

// key makes a key, as change alters it, and returns it with its secret.
func (b *bundle) key(change func(*host.Key)) (*host.Key, string) {
	b.t.Helper()
	key, secret := host.NewKey("k")
	change(key)
	check(b.t, b.db.CreateKey(context.Background(), key))
	b.refresh()
	return key, secret
}

// reply is what a client got.
type reply struct {
	status  int
	header  http.Header
	problem struct {
		Error, Code string
		Details     struct {
			Limit      int64
			Window     string
			RetryAfter int64 `json:"retry_after"`
		}
	}
}

// post sends a request with pairs of header names and values.
func post(t *testing.T, url string, headers ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`"hello"`))
	check(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	got := reply{status: response.StatusCode, header: response.Header}
	if response.StatusCode >= 400 {
		check(t, json.NewDecoder(response.Body).Decode(&got.problem))
	}
	return got
}

func (r reply) number(t *testing.T, name string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(r.header.Get(name), 10, 64)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return n
}

// TestServe_RateLimits covers what callers see of the limits of credentials,
// endpoints and apps.
func TestServe_RateLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, func(a *host.App) { a.RateLimit = &host.RateLimit{Limit: 9, Window: "day"} })
	b.echo(func(e *host.Endpoint) { e.RateLimit = &host.RateLimit{Limit: 8, Window: "hour", Burst: 6} })
	url := b.listen()
	_, first := b.key(func(k *host.Key) { k.RateLimit = &host.RateLimit{Limit: 3, Window: "day"} })
	_, second := b.key(func(k *host.Key) { k.RateLimit = &host.RateLimit{Limit: 4, Window: "day"} })

	for i, want := range []struct {
		secret           string
		status           int
		limit, remaining int64
		window           string
	}{
		{first, 200, 3, 2, ""}, {first, 200, 3, 1, ""}, {first, 200, 3, 0, ""},
		{first, 429, 3, 0, "1 day"}, // charged to nobody
		{second, 200, 8, 2, ""}, {second, 200, 8, 1, ""},
		{"", 200, 8, 0, ""},
		{"", 429, 8, 0, "1 hour"},
	} {
		before := time.Now().Unix()
		got := post(t, url, "X-API-Key", want.secret)
		limit, remaining, reset := got.number(t, "X-RateLimit-Limit"), got.number(t, "X-RateLimit-Remaining"), got.number(t, "X-RateLimit-Reset")
		if got.status != want.status || limit != want.limit || remaining != want.remaining || reset <= before {
			t.Errorf("request %d: %d, limit %d, remaining %d, reset %d; want %+v", i, got.status, limit, remaining, reset-before, want)
		}
		if want.status == 200 {
			if got.header.Get("Retry-After") != "" {
				t.Errorf("request %d: Retry-After on a success", i)
			}
			continue
		}
		d := got.problem.Details
		if got.problem.Code != "rate_limited" || d.Limit != want.limit || d.Window != want.window || d.RetryAfter < 1 || got.number(t, "Retry-After") != d.RetryAfter {
			t.Errorf("request %d: %+v, Retry-After %s", i, got.problem, got.header.Get("Retry-After"))
		}
	}
}

// TestServe_Burst checks that never more is said to remain than the limit, and
// that the error names the limit itself.
func TestServe_Burst(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, func(*host.App) {})
	b.echo(func(*host.Endpoint) {})
	url := b.listen()
	_, secret := b.key(func(k *host.Key) { k.RateLimit = &host.RateLimit{Limit: 1, Window: "day", Burst: 3} })
	for left := range int64(3) {
		got := post(t, url, "X-API-Key", secret)
		if limit, remaining := got.number(t, "X-RateLimit-Limit"), got.number(t, "X-RateLimit-Remaining"); got.status != 200 || limit != 3 || remaining != 2-left {
			t.Errorf("%d: limit %d, remaining %d", got.status, limit, remaining)
		}
	}
	got := post(t, url, "X-API-Key", secret)
	if d := got.problem.Details; got.status != 429 || got.number(t, "X-RateLimit-Limit") != 3 || d.Limit != 1 || d.Window != "1 day" {
		t.Errorf("%d: %v, %+v", got.status, got.header, d)
	}
}

// TestServe_LimitedAnswers checks that answers of every kind tell the limit,
// and that what modules say of it does not count.
func TestServe_LimitedAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, func(a *host.App) { a.AuthorizedDomains = []string{"app.example.com"} })
	b.echo(func(e *host.Endpoint) {
		e.RateLimit = &host.RateLimit{Limit: 5, Window: "day"}
		e.RequestSchema = json.RawMessage(`{"not":{"const":"bad"}}`)
		e.MaxBodyBytes = 100
	})
	for i, output := range []string{`{"headers":{"x-ratelimit-limit":"7","X-RateLimit-Remaining":"7"}}`, `"bad"`, `{"status":1}`, `"` + strings.Repeat("x", 100) + `"`} {
		r := request(output, "Origin", "https://app.example.com")
		response, _ := b.Serve(context.Background(), r)
		answer := http.Header{}
		for _, h := range response.Header {
			answer.Add(h.Name, h.Value)
		}
		if got := answer.Values("X-RateLimit-Limit"); len(got) != 1 || got[0] != "5" {
			t.Errorf("%s: X-RateLimit-Limit %q", output, got)
		}
		if got := answer.Values("X-RateLimit-Remaining"); len(got) != 1 || got[0] != strconv.Itoa(4-i) {
			t.Errorf("%s: X-RateLimit-Remaining %q", output, got)
		}
		if !strings.Contains(answer.Get("Access-Control-Expose-Headers"), "X-RateLimit-Remaining") {
			t.Errorf("%s: pages cannot read the limit", output)
		}
	}
	_, err := b.Serve(context.Background(), request(`1`))
	check(t, err)
	refused := request(`1`)
	if _, err := b.Serve(context.Background(), refused); host.CodeOf(err) != host.CodeRateLimited {
		t.Fatalf("past the limit: %v", err)
	}
	record, err := b.recorder().Invocation(context.Background(), b.app.ID, refused.ID)
	check(t, err)
	if record.Code != host.CodeRateLimited || record.Reason != "Too many requests: the endpoint's limit of 5 per day is used up" || record.Endpoint != "Echo" {
		t.Errorf("record %+v", record)
	}
}

// TestServe_Quota holds callers to their quota, and charges the endpoint for
// none of those it refuses.
func TestServe_Quota(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.echo(func(e *host.Endpoint) { e.RateLimit = &host.RateLimit{Limit: 100, Window: "day"} })
	url := b.listen()
	quota := int64(10)
	key, secret := b.key(func(k *host.Key) { k.Quota = &quota })
	statuses := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				got := post(t, url, "X-API-Key", secret)
				mu.Lock()
				statuses[got.status]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if statuses[200] != 10 || statuses[429] != 30 {
		t.Errorf("statuses %v, want 200 ten times and 429 else", statuses)
	}
	got := post(t, url, "X-API-Key", secret)
	if d := got.problem.Details; d.Limit != 10 || d.Window != "1 month" || got.number(t, "X-RateLimit-Remaining") != 0 || got.number(t, "Retry-After") < 1 {
		t.Errorf("got %+v", got)
	}
	if got := post(t, url); got.number(t, "X-RateLimit-Remaining") != 89 {
		t.Errorf("the endpoint's limit has %d left of 100 after 11 requests that it served", got.number(t, "X-RateLimit-Remaining"))
	}
	b.Limits.Close()
	stored, err := b.db.Key(context.Background(), key.ID)
	check(t, err)
	if stored.UsageCount != 10 || stored.QuotaUsed != 10 || stored.LastUsedAt.IsZero() {
		t.Errorf("usage %+v", stored.Usage)
	}
}

// away is a usage store whose database is away.
type away struct{ host.UsageStore }

func (away) TakeQuota(context.Context, string, string, int64, int64) (int64, error) {
	return 0, host.Errorf(host.CodeInternal, "the secret address of the database")
}

// TestServe_QuotaAway admits nobody whose quota cannot be checked.
func TestServe_QuotaAway(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.echo(func(e *host.Endpoint) { e.RateLimit = &host.RateLimit{Limit: 1, Window: "day"} })
	b.Limits = limit.New(limit.Config{Store: away{b.db}, Log: b.Log})
	t.Cleanup(b.Limits.Close)
	quota := int64(10)
	_, secret := b.key(func(k *host.Key) { k.Quota = &quota })
	url := b.listen()
	for range 2 { // the endpoint's limit is not charged for the first
		got := post(t, url, "X-API-Key", secret)
		if got.status != 503 || got.problem.Code != "unavailable" || strings.Contains(got.problem.Error, "secret") {
			t.Errorf("got %+v", got)
		}
	}
}

// TestServe_FailedAttempts throttles addresses that try wrong credentials. A
// valid one is served whatever else its address did.
func TestServe_FailedAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.echo(func(e *host.Endpoint) { e.RequiresAuthentication = true })
	url := b.listen(netip.MustParsePrefix("127.0.0.0/8"))
	_, secret := b.key(func(*host.Key) {})
	_, unknown := host.NewKey("never stored")
	attempts := 0
	for {
		got := post(t, url, "X-API-Key", unknown, "X-Forwarded-For", "203.0.113.9")
		if got.status == 429 {
			if got.problem.Code != "rate_limited" || got.number(t, "Retry-After") != 1 || got.problem.Details.Limit != 60 || got.header.Get("WWW-Authenticate") != "" {
				t.Errorf("got %+v", got)
			}
			break
		}
		if attempts++; got.status != 401 || got.header.Get("WWW-Authenticate") == "" || attempts > 1000 {
			t.Fatalf("attempt %d: %+v", attempts, got)
		}
	}
	if attempts < 60 {
		t.Errorf("throttled after %d attempts", attempts)
	}
	for _, test := range []struct {
		secret, from string
		status       int
	}{
		{secret, "203.0.113.9", 200},
		{"", "203.0.113.9", 401},
		{unknown, "203.0.113.10", 401},
		{unknown, "2001:db8::1", 401},
		{unknown, "192.0.2.1, 203.0.113.9", 429}, // whatever a stranger writes in front
	} {
		if got := post(t, url, "X-API-Key", test.secret, "X-Forwarded-For", test.from); got.status != test.status {
			t.Errorf("%q from %s: %d, want %d", test.secret[:min(4, len(test.secret))], test.from, got.status, test.status)
		}
	}
}

// TestServe_AllowedIPs decides by the address that trusted proxies vouch for.
func TestServe_AllowedIPs(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.serveGuest("ok/echo", func(e *host.Endpoint) { e.AllowedIPs = []string{"203.0.113.0/24", "2001:db8::/32"} })
	direct, behind := b.listen(), b.listen(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"))
	for _, test := range []struct {
		url    string
		header []string
		status int
	}{
		{direct, []string{"X-Forwarded-For", "203.0.113.9"}, 403},
		{direct, []string{"Forwarded", "for=203.0.113.9"}, 403},
		{behind, nil, 403},
		{behind, []string{"X-Forwarded-For", "203.0.113.9"}, 200},
		{behind, []string{"X-Forwarded-For", "198.51.100.1, 203.0.113.9, 10.0.0.2"}, 200},
		{behind, []string{"X-Forwarded-For", "203.0.113.9, 198.51.100.1"}, 403},
		{behind, []string{"X-Forwarded-For", "203.0.113.9, unknown"}, 403},
		{behind, []string{"X-Forwarded-For", "203.0.113.9, 198.51.100.1, 10.0.0.2"}, 403},
		{behind, []string{"Forwarded", `for="[2001:db8::9]:4711";proto=https, for=10.0.0.2`}, 200},
		{behind, []string{"Forwarded", `for="[2001:db9::9]:4711"`}, 403},
		{behind, []string{"X-Forwarded-For", "203.0.113.9", "Forwarded", "for=203.0.113.9"}, 200},
		{behind, []string{"X-Forwarded-For", "203.0.113.9", "Forwarded", "for=203.0.113.10"}, 400},
	} {
		if got := post(t, test.url, append(test.header, "Content-Type", "application/json")...); got.status != test.status {
			t.Errorf("%q, trusted %v: %d, want %d", test.header, test.url == behind, got.status, test.status)
		}
	}
}

// TestServe_SubjectLimits counts the callers of an issuer each for itself, and
// tokens like keys.
func TestServe_SubjectLimits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t, host.Production, production)
	b.echo(func(e *host.Endpoint) { e.RequiresAuthentication = true })
	org, err := b.db.Organization(ctx)
	check(t, err)
	signing := host.NewSigningKey()
	_, err = b.db.AddSigningKey(ctx, signing, false)
	check(t, err)
	token := host.NewToken()
	token.Name, token.KeyID, token.RateLimit = "deploy", signing.ID, &host.RateLimit{Limit: 2, Window: "day"}
	check(t, b.db.CreateToken(ctx, token))
	public := publicPEM(t, signing)
	issuer := host.NewIssuer(b.app.ID)
	issuer.Name, issuer.Issuer, issuer.PublicKey, issuer.RateLimit = "Partner", "https://issuer.example", &public, &host.RateLimit{Limit: 1, Window: "day"}
	check(t, issuer.Validate())
	check(t, b.db.CreateIssuer(ctx, issuer))
	b.refresh()

	issued := signed(t, signing, jwt.MapClaims{"iss": host.TokenIssuer(org.ID), "sub": token.ID, "jti": token.ID})
	own := func(subject, id string) string {
		return signed(t, signing, jwt.MapClaims{"iss": issuer.Issuer, "sub": subject, "jti": id, "exp": time.Now().Add(time.Hour).Unix()})
	}
	for i, test := range []struct {
		credential string
		code       host.Code
	}{
		{own("ada", "1"), ""}, {own("ada", "2"), host.CodeRateLimited},
		{own("bob", "3"), ""}, {own("bob", "3"), host.CodeRateLimited},
		{issued, ""}, {issued, ""}, {issued, host.CodeRateLimited},
	} {
		if _, err := b.Serve(ctx, request("1", "Authorization", "Bearer "+test.credential)); host.CodeOf(err) != test.code {
			t.Errorf("request %d: %v, want code %q", i, err, test.code)
		}
	}
	b.Limits.Close()
	stored, err := b.db.Token(ctx, token.ID)
	check(t, err)
	if stored.UsageCount != 2 {
		t.Errorf("the token counts %d uses, want 2", stored.UsageCount)
	}
}
