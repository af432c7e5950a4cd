package gateway_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/posternhq/postern/host"
)

// TestServe_CORS covers pages of authorized domains, of others, and preflights.
func TestServe_CORS(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, func(a *host.App) {
		a.AuthorizedDomains = []string{"app.example.com", "*.example.org", "localhost:3000"}
	})
	b.echo(unchanged)
	for origin, allowed := range map[string]bool{
		"https://app.example.com":      true,
		"http://app.example.com":       true,
		"https://app.example.com:8443": false,
		"https://a.example.org":        true,
		"https://example.org":          false,
		"https://evilexample.org":      false,
		"http://localhost:3000":        true,
		"https://example.com":          false,
		"null":                         false,
		"file://app.example.com":       false,
	} {
		ask := request("1", "Origin", origin)
		preflight := as(request("", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-a"), func(r *host.Request) { r.Method = "OPTIONS" })
		missing := as(request("", "Origin", origin), func(r *host.Request) { r.Path = "/run/demo/other" })
		for _, r := range []*host.Request{ask, preflight, missing} {
			response, err := b.Serve(context.Background(), r)
			if (err != nil) != (r == missing) {
				t.Fatal(err)
			}
			want := ""
			if allowed {
				want = origin
			}
			if got := response.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s %s from %s: Access-Control-Allow-Origin is %q", r.Method, r.Path, origin, got)
			}
			if response.Get("Vary") != "Origin" || response.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s from %s: %+v", r.Path, origin, response.Header)
			}
			if methods := response.Get("Access-Control-Allow-Methods"); r == preflight && (methods != "") != allowed {
				t.Errorf("preflight from %s: methods %q", origin, methods)
			}
		}
	}
}

// TestServe_Options answers which methods a path has.
func TestServe_Options(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.echo(func(e *host.Endpoint) { e.Method = "GET" })
	response, err := b.Serve(context.Background(), as(request(""), func(r *host.Request) { r.Method = "OPTIONS" }))
	check(t, err)
	if response.Status != http.StatusNoContent || response.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("got %d, Allow %q", response.Status, response.Get("Allow"))
	}
}
