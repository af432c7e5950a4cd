package admin_test

import (
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// TestKeys covers the life of a key; each change is in force when it answers.
func TestKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	b.want(b.do("POST", app+"/endpoints", `{"name":"Echo","method":"GET","path":"/","module":"echo"}`), 201, "")

	created := b.want(b.do("POST", "/v1/keys", `{"name":"ci"}`), 201, "")
	secret, path := created.text("key", "key"), "/v1/keys/"+created.text("key", "id")
	if !host.ValidKeySecret(secret) || created.text("key", "status") != "active" || created.text("key", "expires_at") != "null" {
		t.Fatalf("got %s", created.raw)
	}
	call := func() int {
		statuses := map[int]bool{}
		for _, a := range []answer{
			b.do("GET", "/run/orders/", "", "X-API-Key", secret),
			b.do("GET", "/run/orders/", "", "X-API-Key", "", "Authorization", "Bearer "+secret),
			b.do("GET", "/run/orders/?api_key="+secret, "", "X-API-Key", ""),
		} {
			if statuses[a.status] = true; len(statuses) > 1 {
				t.Errorf("the three ways to send a key differ: %v", statuses)
			}
			if strings.Contains(string(a.raw), secret) {
				t.Errorf("the payload holds the key: %s", a.raw)
			}
		}
		return b.do("GET", "/run/orders/", "", "X-API-Key", secret).status
	}
	if call() != 200 {
		t.Fatalf("a good key: %d", call())
	}
	if a := b.want(b.do("PATCH", path, `{"enabled":false}`), 200, ""); a.text("key", "status") != "disabled" || call() != 401 {
		t.Errorf("disabled: %s, %d", a.raw, call())
	}
	b.want(b.do("PATCH", path, `{"enabled":true}`), 200, "")
	if a := b.want(b.do("PATCH", path, `{"expires_at":"2020-01-31"}`), 200, ""); a.text("key", "status") != "expired" || a.text("key", "expires_at") != "2020-02-01T00:00:00.000Z" || call() != 401 {
		t.Errorf("expired: %s, %d", a.raw, call())
	}
	if b.want(b.do("PATCH", path, `{"expires_at":null}`), 200, ""); call() != 200 {
		t.Errorf("not expired any more: %d", call())
	}
	if b.want(b.do("PATCH", path, `{"environment":"staging"}`), 200, ""); call() != 403 {
		t.Errorf("of another environment: %d", call())
	}
	b.want(b.do("PATCH", path, `{"environment":null}`), 200, "")
	if b.want(b.do("PATCH", path, `{"allowed_ips":["192.0.2.0/24"]}`), 200, ""); call() != 403 {
		t.Errorf("for another address: %d", call())
	}
	for _, a := range []answer{b.do("GET", path, ""), b.do("GET", "/v1/keys", "")} {
		if strings.Contains(string(a.raw), secret) || strings.Contains(string(a.raw), `"key":"ask_`) {
			t.Errorf("the secret is shown again: %s", a.raw)
		}
	}
	b.want(b.do("DELETE", path, ""), 200, "")
	if call() != 401 {
		t.Errorf("deleted: %d", call())
	}
	b.want(b.do("GET", path, ""), 404, "Key not found")
}

func TestKeys_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for body, text := range map[string]string{
		`{}`:                               "name is required",
		`{"name":7}`:                       "name must be a string",
		`{"name":"x","nope":1}`:            "nope is not a known field",
		`{"name":"x","environment":"qa"}`:  "environment must be one of",
		`{"name":"x","expires_at":"soon"}`: "expires_at must be a date",
		`{"name":"x","allowed_ips":["10.0.0.0/33"]}`: "allowed_ips must hold",
		`{"name":"x","variables":{"a":1}}`:           "variables must be an object of strings",
		`{"name":"x","key":"ask_mine"}`:              "key is not a known field",
	} {
		b.want(b.do("POST", "/v1/keys", body), 400, text)
	}
	b.want(b.do("PATCH", "/v1/keys/nobody", `{}`), 404, "Key not found")
}

// TestInvocations finds the request that was just answered, with its log.
func TestInvocations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "guest", "error/trap_on_call"), 201, "")
	made := b.want(b.do("POST", app+"/endpoints", `{"name":"Trap","method":"GET","path":"/","module":"guest","requires_authentication":false}`), 201, "")
	failed := b.want(b.do("GET", "/run/orders/", "", "X-API-Key", ""), 500, "")
	shown := b.want(b.do("GET", app+"/invocations/"+failed.text("request_id"), ""), 200, "")
	if shown.text("invocation", "code") != "module_failed" || shown.text("invocation", "endpoint_id") != made.text("endpoint", "id") || shown.text("invocation", "reason") == "" {
		t.Errorf("got %s", shown.raw)
	}
	b.do("GET", "/run/orders/nothing", "", "X-API-Key", "")
	all := b.want(b.do("GET", app+"/invocations", ""), 200, "")
	of := b.want(b.do("GET", app+"/invocations?endpoint="+made.text("endpoint", "id")+"&failed=true", ""), 200, "")
	after := b.want(b.do("GET", app+"/invocations?after="+failed.text("request_id"), ""), 200, "")
	if all.text("pagination", "total") != "2" || of.text("pagination", "total") != "1" || after.text("pagination", "total") != "1" {
		t.Errorf("all %s, of the endpoint %s, after the first %s", all.raw, of.raw, after.raw)
	}
	b.want(b.do("GET", app+"/invocations/nobody", ""), 404, "Invocation not found")
}
