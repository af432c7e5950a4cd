package admin_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestApps_Defaults holds a new app against the documented defaults, field by
// field.
func TestApps_Defaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.want(b.do("POST", "/v1/apps", `{"name":"Orders & Co"}`), 201, "")
	for field, want := range map[string]string{
		"name": "Orders & Co", "slug": "orders-co", "domains": "[]", "description": "null", "app_store_url": "null",
		"play_store_url": "null", "website_url": "null", "engagement_platform": "none", "engagement_credentials": "null",
		"platform": "web", "bundle_id": "null", "environment": "production", "data_retention_days": "365", "timezone": "UTC",
		"features": `{"ai_insights":true,"analytics":true,"audiences":true,"push":true}`, "status": "active", "context_info": "null",
		"url_context": "null", "email_platform": "none", "email_credentials": "null", "cached_user_count": "0",
		"cached_event_count": "0", "cached_last_event": "null", "webhook_url": "null",
		"webhook_enabled": "false", "webhook_use_query_params": "false", "authorized_domains": "[]",
	} {
		if got := a.text("app", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	for field, length := range map[string]int{"api_key": 3 + 32, "api_secret": 3 + 56, "id": 36, "organization_id": 36, "created_at": 24, "updated_at": 24} {
		if got := a.text("app", field); len(got) != length {
			t.Errorf("%s is %q, want %d characters", field, got, length)
		}
	}
	again := b.want(b.do("GET", "/v1/apps/orders-co", ""), 200, "")
	if again.text("app") != a.text("app") {
		t.Errorf("created %s, read %s", a.text("app"), again.text("app"))
	}
}

// TestApps_Update sets every writable field, clears what can be cleared, and
// leaves read-only and unknown fields alone.
func TestApps_Update(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	set := b.want(b.do("PATCH", app, `{"name":"Renamed","description":"d","website_url":"https://example.com",
		"authorized_domains":["example.com"],"data_retention_days":30,"timezone":"Europe/Paris","engagement_platform":"wonderpush",
		"engagement_credentials":{"a":1},"email_platform":"brevo","email_credentials":{"b":[2]},"webhook_enabled":true,
		"webhook_use_query_params":true,"webhook_url":"https://example.com/h","context_info":"c","domains":["API.Exämple.com."],
		"id":"x","slug":"x","status":"inactive","environment":"staging","api_key":"x","nonsense":1}`), 200, "")
	for field, want := range map[string]string{
		"name": "Renamed", "slug": "orders", "status": "active", "environment": "production", "engagement_credentials": `{"a":1}`,
		"email_credentials": `{"b":[2]}`, "webhook_enabled": "true", "data_retention_days": "30", "domains": `["api.xn--exmple-cua.com"]`,
		"nonsense": "<none>",
	} {
		if got := set.text("app", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	cleared := b.want(b.do("PATCH", app, `{"description":null,"website_url":null,"webhook_enabled":false,"webhook_url":null,"context_info":null,"engagement_credentials":null,"email_credentials":null}`), 200, "")
	for _, field := range []string{"description", "website_url", "webhook_url", "context_info", "engagement_credentials", "email_credentials"} {
		if got := cleared.text("app", field); got != "null" {
			t.Errorf("%s is %s after null", field, got)
		}
	}
	if cleared.text("app", "name") != "Renamed" || cleared.text("app", "updated_at") < set.text("app", "updated_at") {
		t.Errorf("got %s", cleared.raw)
	}
}

func TestApps_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	for _, tt := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"POST", "/v1/apps", `{}`, 400, "App name is required and must be 1-100 characters"},
		{"POST", "/v1/apps", `{"name":""}`, 400, "App name is required and must be 1-100 characters"},
		{"POST", "/v1/apps", `{"name":7}`, 400, "App name is required and must be 1-100 characters"},
		{"POST", "/v1/apps", `{"name":null}`, 400, "App name is required and must be 1-100 characters"},
		{"POST", "/v1/apps", `{"name":"` + strings.Repeat("x", 101) + `"}`, 400, "App name is required and must be 1-100 characters"},
		{"POST", "/v1/apps", ``, 400, "JSON object"},
		{"POST", "/v1/apps", `[]`, 400, "JSON object"},
		{"POST", "/v1/apps", `{"name":"x"`, 400, "not valid JSON"},
		{"POST", "/v1/apps", `{"name":"x"} {}`, 400, "not valid JSON"},
		{"POST", "/v1/apps", `{"name":"x","timezone":7}`, 400, "timezone must be a string"},
		{"POST", "/v1/apps", `{"name":"x","data_retention_days":30.5}`, 400, "data_retention_days must be a whole number"},
		{"POST", "/v1/apps", `{"name":"x","webhook_enabled":"yes"}`, 400, "webhook_enabled must be true or false"},
		{"POST", "/v1/apps", `{"name":"x","authorized_domains":"a.com"}`, 400, "authorized_domains must be a list of strings"},
		{"POST", "/v1/apps", `{"name":"x","environment":"qa"}`, 400, "environment must be one of"},
		{"POST", "/v1/apps", `{"name":"x","domains":["manage.example.com"]}`, 400, "management API"},
		{"POST", "/v1/apps", `{"name":"x","domains":["a b"]}`, 400, "domains must hold"},
		{"POST", "/v1/apps", `{"name":"Orders"}`, 409, "name"},
		{"PATCH", app, `{"webhook_enabled":true}`, 400, "webhook_enabled needs a webhook_url"},
		{"PATCH", app, `{"data_retention_days":null}`, 400, "data_retention_days must be a whole number"},
		{"GET", "/v1/apps/nobody", ``, 404, "App not found"},
		{"GET", "/v1/apps/018f6b1e-7e6a-7000-8000-000000000000", ``, 404, "App not found"},
		{"PATCH", "/v1/apps/nobody", `{"name":"x"}`, 404, "App not found"},
		{"DELETE", "/v1/apps/nobody", ``, 404, "App not found"},
		{"GET", "/v1/apps?limit=x", ``, 400, "limit must be a whole number"},
		{"PUT", app, `{}`, 405, ""},
		{"GET", "/v1/nothing", ``, 404, ""},
	} {
		t.Run(fmt.Sprintf("%s %s %.40s", tt.method, tt.path, tt.body), func(t *testing.T) {
			a := b.do(tt.method, tt.path, tt.body)
			(&bundle{t: t}).want(a, tt.status, tt.text)
		})
	}
}

func TestApps_Authentication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(b.do("GET", "/v1/apps", "", "X-API-Key", "apps_nonsense"), 401, "Invalid or revoked API key")
	b.want(b.do("GET", "/v1/apps", "", "X-API-Key", ""), 401, "Invalid or revoked API key")
	created := b.want(b.do("POST", "/v1/keys", `{"name":"ci"}`), 201, "")
	b.want(b.do("GET", "/v1/apps", "", "X-API-Key", created.text("key", "key")), 401, "Invalid or revoked API key")

	fresh := b.want(b.do("POST", "/v1/organization/api-key/regenerate", ""), 200, "").text("api_key")
	b.want(b.do("GET", "/v1/apps", ""), 401, "Invalid or revoked API key")
	b.want(b.do("GET", "/v1/organization", "", "X-API-Key", fresh), 200, "")
}

func TestApps_Pages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 23 {
		b.newApp(fmt.Sprintf("App %02d", i))
	}
	first := b.want(b.do("GET", "/v1/apps", ""), 200, "")
	if first.text("pagination") != `{"has_more":true,"limit":20,"offset":0,"total":23}` {
		t.Errorf("got %s", first.text("pagination"))
	}
	if names := fmt.Sprint(first.body["apps"].([]any)[0].(map[string]any)["name"]); names != "App 22" {
		t.Errorf("the first of the list is %s, want the newest", names)
	}
	last := b.want(b.do("GET", "/v1/apps?limit=500&offset=20", ""), 200, "")
	if last.text("pagination") != `{"has_more":false,"limit":100,"offset":20,"total":23}` || len(last.body["apps"].([]any)) != 3 {
		t.Errorf("got %s", last.raw)
	}
}

func TestApps_Delete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	b.want(b.do("POST", app+"/endpoints", `{"name":"Echo","method":"GET","path":"/","module":"echo","requires_authentication":false}`), 201, "")
	if a := b.do("GET", "/run/orders/", ""); a.status != 401 {
		t.Errorf("the organization key opens an endpoint: %d", a.status)
	}
	if a := b.do("GET", "/run/orders/", "", "X-API-Key", ""); a.status != 200 {
		t.Fatalf("before: %d %s", a.status, a.raw)
	}
	deleted := b.want(b.do("DELETE", app, ""), 200, "")
	if deleted.text("message") != "App deleted successfully" {
		t.Errorf("got %s", deleted.raw)
	}
	if a := b.do("GET", "/run/orders/", "", "X-API-Key", ""); a.status != 404 {
		t.Errorf("after: %d %s", a.status, a.raw)
	}
	b.want(b.do("GET", app+"/modules", ""), 404, "App not found")
}

// TestApps_Stale covers optimistic locking.
func TestApps_Stale(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	tag := b.do("GET", app, "").header.Get("ETag")
	b.want(b.do("PATCH", app, `{"description":"a"}`, "If-Match", tag), 200, "")
	a := b.want(b.do("PATCH", app, `{"description":"b"}`, "If-Match", tag), 412, "changed since")
	if a.text("code") != "stale" {
		t.Errorf("code %s", a.text("code"))
	}
	b.want(b.do("PATCH", app, `{"description":"c"}`, "If-Match", "*"), 200, "")
}
