package host_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

func text(s string) *string { return &s }

func TestApp_Validate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*host.App)
		want   string // part of the message; "" for valid
	}{
		{"as new with a name", func(a *host.App) {}, ""},
		{"100 characters", func(a *host.App) { a.Name = strings.Repeat("é", 100) }, ""},
		{"no name", func(a *host.App) { a.Name = "" }, "App name is required and must be 1-100 characters"},
		{"blank name", func(a *host.App) { a.Name = "  " }, "App name is required"},
		{"101 characters", func(a *host.App) { a.Name = strings.Repeat("é", 101) }, "App name is required"},
		{"long description", func(a *host.App) { a.Description = text(strings.Repeat("x", 501)) }, "description must be at most 500"},
		{"long context", func(a *host.App) { a.ContextInfo = text(strings.Repeat("x", 2001)) }, "context_info must be at most 2000"},
		{"website", func(a *host.App) { a.WebsiteURL = text("https://example.com/a?b=c") }, ""},
		{"website without host", func(a *host.App) { a.WebsiteURL = text("https://") }, "website_url must be a valid URL"},
		{"website of another scheme", func(a *host.App) { a.WebsiteURL = text("javascript:alert(1)") }, "website_url"},
		{"retention below", func(a *host.App) { a.DataRetentionDays = 29 }, "data_retention_days must be between 30 and 2555"},
		{"retention at the top", func(a *host.App) { a.DataRetentionDays = 2555 }, ""},
		{"retention above", func(a *host.App) { a.DataRetentionDays = 2556 }, "data_retention_days"},
		{"engagement", func(a *host.App) { a.EngagementPlatform = "wonderpush" }, ""},
		{"other engagement", func(a *host.App) { a.EngagementPlatform = "x" }, "engagement_platform must be one of"},
		{"other email", func(a *host.App) { a.EmailPlatform = "smtp" }, "email_platform must be one of"},
		{"credentials that are no object", func(a *host.App) { a.EmailCredentials = json.RawMessage(`[1]`) }, "email_credentials must be an object"},
		{"webhook without address", func(a *host.App) { a.WebhookEnabled = true }, "webhook_enabled needs a webhook_url"},
		{"webhook", func(a *host.App) { a.WebhookEnabled, a.WebhookURL = true, text("https://example.com/h") }, ""},
		{"other environment", func(a *host.App) { a.Environment = "qa" }, "environment must be one of"},
		{"authorized domains", func(a *host.App) {
			a.AuthorizedDomains = []string{"example.com", "*.example.com", "localhost:3000", "https://example.com:8443"}
		}, ""},
		{"authorized path", func(a *host.App) { a.AuthorizedDomains = []string{"example.com/x"} }, "authorized_domains must hold"},
		{"authorized star", func(a *host.App) { a.AuthorizedDomains = []string{"*"} }, "authorized_domains must hold"},
		{"domain", func(a *host.App) { a.Domains = []string{"api.example.com"} }, ""},
		{"domain with port", func(a *host.App) { a.Domains = []string{"api.example.com:80"} }, "domains must hold"},
		{"IPv4 domain", func(a *host.App) { a.Domains = []string{"10.0.0.1"} }, "domains must hold"},
		{"IPv6 domain", func(a *host.App) { a.Domains = []string{"[::1]"} }, "domains must hold"},
		{"number domain", func(a *host.App) { a.Domains = []string{"2130706433"} }, "domains must hold"},
		{"localhost", func(a *host.App) { a.Domains = []string{"localhost"} }, "domains must hold"},
		{"allowed hosts", func(a *host.App) {
			a.AllowedHosts = []string{"example.com", "*.example.com", "*", "localhost:3000", "10.0.0.1", "[::1]:8080", "[2001:db8::1]", "*:8080"}
		}, ""},
		{"allowed path", func(a *host.App) { a.AllowedHosts = []string{"example.com/x"} }, "allowed_hosts must hold"},
		{"allowed origin", func(a *host.App) { a.AllowedHosts = []string{"https://example.com"} }, "allowed_hosts must hold"},
		{"allowed port", func(a *host.App) { a.AllowedHosts = []string{"example.com:65536"} }, "allowed_hosts must hold"},
		{"allowed star within", func(a *host.App) { a.AllowedHosts = []string{"a.*.com"} }, "allowed_hosts must hold"},
		{"allowed bare IPv6", func(a *host.App) { a.AllowedHosts = []string{"2001:db8::1"} }, "allowed_hosts must hold"},
		{"allowed zone", func(a *host.App) { a.AllowedHosts = []string{"[fe80::1%eth0]"} }, "allowed_hosts must hold"},
		{"many allowed hosts", func(a *host.App) { a.AllowedHosts = make([]string, 201) }, "allowed_hosts must be at most 200"},
		{"capability", func(a *host.App) { a.Capabilities = []string{"objects", "http"} }, ""},
		{"other capability", func(a *host.App) { a.Capabilities = []string{"files"} }, "capabilities must be among"},
		{"trailing dot", func(a *host.App) { a.Domains = []string{"example.com."} }, "domains must hold"},
	} {
		app := host.NewApp(host.NewID())
		app.Name = "Orders"
		tt.change(app)
		err := app.Validate()
		if tt.want == "" && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.want != "" && (host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Orders":                               "orders",
		"My  Shop & Co.":                       "my-shop-co",
		"--x--":                                "x",
		"日本":                                   "app",
		"ÉTÉ 2":                                "t-2",
		"018f6b1e-7e6a-7000-8000-000000000000": "app-018f6b1e-7e6a-7000-8000-000000000000",
		strings.Repeat("a", 100):               strings.Repeat("a", 63),
		strings.Repeat("a", 62) + " bb":        strings.Repeat("a", 62),
	} {
		if got := host.Slug(name); got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	a, b := host.NewID(), host.NewID()
	if !host.IsID(a) || a[14] != '7' || !strings.ContainsAny(a[19:20], "89ab") {
		t.Errorf("%s is no UUID of version 7", a)
	}
	for range 10_000 {
		if a >= b {
			t.Fatalf("%s was made before %s", a, b)
		}
		a, b = b, host.NewID()
	}
	if host.IsID(strings.ToUpper(a)) || host.IsID(a[1:]) {
		t.Error("IsID accepts another shape")
	}
}

func TestTime_JSON(t *testing.T) {
	t.Parallel()
	var at host.Time
	if err := json.Unmarshal([]byte(`"2026-05-16T22:14:48.939+02:00"`), &at); err != nil {
		t.Fatal(err)
	}
	if got, _ := json.Marshal(at); string(got) != `"2026-05-16T20:14:48.939Z"` {
		t.Errorf("got %s", got)
	}
	if got, _ := json.Marshal(host.Time{}); string(got) != "null" {
		t.Errorf("no instant is %s", got)
	}
	if err := json.Unmarshal([]byte(`"soon"`), &at); err == nil {
		t.Error("no error for a text that is no instant")
	}
}

func TestPage_Clamp(t *testing.T) {
	t.Parallel()
	for in, want := range map[host.Page]host.Page{
		{}:                      {Limit: 20},
		{Limit: 101}:            {Limit: 100},
		{Limit: -5, Offset: -1}: {Limit: 1},
		{Limit: 7, Offset: 3}:   {Limit: 7, Offset: 3},
	} {
		if got := in.Clamp(); got != want {
			t.Errorf("%+v.Clamp() = %+v, want %+v", in, got, want)
		}
	}
}
