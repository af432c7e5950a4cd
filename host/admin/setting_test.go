package admin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// settings is the part of a day on which somebody sets variables and secrets, of
// an app that is not the day's.
func (d *day) settings(who, token string) {
	d.t.Helper()
	app := d.newApp("Settings")
	d.did(who, token, "put-variable", "PUT", app+"/variables/REGION", `{"value":"eu"}`, "value", "", "eu")
	d.did(who, token, "put-variable", "PUT", app+"/variables/REGION", `{"value":"us"}`, "value", "eu", "us")
	d.did(who, token, "delete-variable", "DELETE", app+"/variables/REGION", "", "value", "us", "")
	d.secrets = append(d.secrets, "s3cret-of-the-day", "s3cret-of-the-night")
	d.did(who, token, "put-secret", "PUT", app+"/secrets/KEY", `{"value":"s3cret-of-the-day"}`, "name", "", "KEY")
	d.did(who, token, "put-secret", "PUT", app+"/secrets/KEY", `{"value":"s3cret-of-the-night"}`, "value", "<nil>", "<nil>")
	d.did(who, token, "delete-secret", "DELETE", app+"/secrets/KEY", "", "name", "KEY", "")
}

func TestVariable_Lifecycle(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		app, other := b.newApp("Shop"), b.newApp("Other")
		first := b.want(b.do("PUT", app+"/variables/REGION", `{"value":"eu"}`), 201, "")
		again := b.want(b.do("PUT", app+"/variables/REGION", `{"value":"Größe ' \" \n <b>"}`), 200, "")
		if first.text("variable", "id") != again.text("variable", "id") || first.text("variable", "created_at") != again.text("variable", "created_at") {
			t.Errorf("replaced %s by %s", first.raw, again.raw)
		}
		got := b.want(b.do("GET", app+"/variables/REGION", ""), 200, "")
		if got.text("variable", "value") != "Größe ' \" \n <b>" || got.text("variable", "name") != "REGION" || "/v1/apps/"+got.text("variable", "app_id") != app {
			t.Errorf("got %s", got.raw)
		}
		b.want(b.do("PUT", app+"/variables/a.b-c_9", `{"value":""}`), 201, "")
		list := b.want(b.do("GET", app+"/variables?limit=1", ""), 200, "")
		if list.text("pagination") != `{"has_more":true,"limit":1,"offset":0,"total":2}` || !strings.Contains(string(list.raw), `"a.b-c_9"`) {
			t.Errorf("list: %s", list.raw)
		}
		b.want(b.do("GET", other+"/variables/REGION", ""), 404, "Variable not found")
		if list := b.want(b.do("GET", other+"/variables", ""), 200, ""); list.text("variables") != "[]" {
			t.Errorf("the other app has %s", list.raw)
		}
		b.want(b.do("DELETE", other+"/variables/REGION", ""), 404, "Variable not found")
		b.want(b.do("DELETE", app+"/variables/REGION", ""), 200, "")
		b.want(b.do("GET", app+"/variables/REGION", ""), 404, "Variable not found")
	})
}

// TestSecret_Lifecycle looks for the values in every answer.
func TestSecret_Lifecycle(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		app, other := b.newApp("Shop"), b.newApp("Other")
		root := b.newMember(host.Sysadmin, "null")
		var shown strings.Builder
		call := func(status int, text, method, path, body string) answer {
			t.Helper()
			a := b.want(b.as(root, method, path, body), status, text)
			shown.Write(a.raw)
			shown.WriteString(fmt.Sprint(a.header))
			return a
		}
		first := call(201, "", "PUT", app+"/secrets/KEY", `{"value":"canary-1"}`)
		again := call(200, "", "PUT", app+"/secrets/KEY", `{"value":"canary-2 ü"}`)
		if first.text("secret", "id") != again.text("secret", "id") || first.text("secret", "created_at") != again.text("secret", "created_at") {
			t.Errorf("replaced %s by %s", first.raw, again.raw)
		}
		if got := call(200, "", "GET", app+"/secrets/KEY", ""); got.text("secret", "name") != "KEY" || got.text("secret", "value") != "<none>" {
			t.Errorf("got %s", got.raw)
		}
		if kept, err := b.db.SecretValue(t.Context(), first.text("secret", "app_id"), "KEY"); err != nil || kept != "canary-2 ü" {
			t.Errorf("kept %q, %v", kept, err)
		}
		list := call(200, "", "GET", app+"/secrets", "")
		if list.text("pagination", "total") != "1" || !strings.Contains(string(list.raw), `"KEY"`) {
			t.Errorf("list: %s", list.raw)
		}
		call(404, "Secret not found", "GET", other+"/secrets/KEY", "")
		call(404, "Secret not found", "DELETE", other+"/secrets/KEY", "")
		call(400, "value must be", "PUT", app+"/secrets/KEY", `{"value":"canary-3 \u0000"}`)
		call(400, "value must be a string", "PUT", app+"/secrets/KEY", `{"value":["canary-4"]}`)
		call(400, "not valid JSON", "PUT", app+"/secrets/KEY", `{"value":"canary-5`)
		call(400, "", "PUT", app+"/secrets/KEY", `"canary-6"`)
		call(400, "name must be", "PUT", app+"/secrets/%20", `{"value":"canary-7"}`)
		call(404, "App not found", "PUT", "/v1/apps/none/secrets/KEY", `{"value":"canary-8"}`)
		call(200, "", "GET", "/v1/audit-log?format=ndjson", "")
		call(200, "", "DELETE", app+"/secrets/KEY", "")
		call(404, "Secret not found", "GET", app+"/secrets/KEY", "")
		call(200, "", "GET", "/v1/audit-log?format=ndjson", "")
		call(200, "", "GET", app, "")
		if text := shown.String(); strings.Contains(text, "canary") || !strings.Contains(text, "put-secret") {
			t.Errorf("shown: %s", text)
		}
	})
}

// TestSetting_Refused is the same for both kinds.
func TestSetting_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	for _, kind := range []string{"variables", "secrets"} {
		path := app + "/" + kind + "/"
		for body, text := range map[string]string{
			``:                                "The body must be a JSON object",
			`{}`:                              "value must be a string",
			`{"value":null}`:                  "value must be a string",
			`{"value":7}`:                     "value must be a string",
			`{"value":{"a":1}}`:               "value must be a string",
			`{"value":"x","name":"OTHER"}`:    "name is not a known field",
			`[]`:                              "The body must be a JSON object",
			`{"value":"a\u0000b"}`:            "value must be UTF-8 without NUL characters",
			`{"value":"` + long(65537) + `"`:  "not valid JSON",
			`{"value":"` + long(65537) + `"}`: "at most 65536 bytes",
		} {
			b.want(b.do("PUT", path+"KEY", body), 400, text)
		}
		b.want(b.do("PUT", path+"KEY", `{"value":"`+long(65536)+`"}`), 201, "")
		b.want(b.do("PUT", path+"KEY", `{"value":"`+long(2<<20)+`"}`), 413, "")
		for _, name := range []string{".hidden", "-x", "a%20b", "a%2Fb", "%C3%BC", "%FF", long(101), "%27%3B--"} {
			b.want(b.do("PUT", path+name, `{"value":"x"}`), 400, "name must be 1-100 letters")
			b.want(b.do("GET", path+name, ""), 404, "not found")
			b.want(b.do("DELETE", path+name, ""), 404, "not found")
		}
		b.want(b.do("PUT", path+long(100), `{"value":"x"}`), 201, "")
		b.want(b.do("GET", path+"key", ""), 404, "not found")
		b.want(b.do("POST", app+"/"+kind, `{"value":"x"}`), 405, "")
		b.want(b.do("PATCH", path+"KEY", `{"value":"x"}`), 405, "")
	}
}

func long(n int) string { return strings.Repeat("x", n) }

// TestSetting_Bound: an app has room for so many, and replacing goes on.
func TestSetting_Bound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	for i := range host.MaxSettings {
		b.want(b.do("PUT", fmt.Sprintf("%s/secrets/S%d", app, i), `{"value":"x"}`), 201, "")
	}
	b.want(b.do("PUT", app+"/secrets/MORE", `{"value":"x"}`), 403, "at most 200 of each")
	b.want(b.do("PUT", app+"/secrets/S0", `{"value":"y"}`), 200, "")
	b.want(b.do("PUT", app+"/variables/MORE", `{"value":"x"}`), 201, "")
}

// TestApp_AllowedHosts: who may create and change apps says where their modules
// may send requests.
func TestApp_AllowedHosts(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		app := b.newApp("Shop")
		allowed := func(body, want string) {
			t.Helper()
			b.want(b.do("PATCH", app, body), 200, "")
			if got := b.want(b.do("GET", app, ""), 200, ""); got.text("app", "allowed_hosts") != want {
				t.Errorf("%s gives %s, want %s", body, got.text("app", "allowed_hosts"), want)
			}
		}
		allowed(`{}`, `[]`)
		allowed(`{"allowed_hosts":["B.example.com","*.example.net","b.example.com"]}`, `["*.example.net","b.example.com"]`)
		allowed(`{"allowed_hosts":null}`, `["*.example.net","b.example.com"]`)
		allowed(`{"name":"Shop 2"}`, `["*.example.net","b.example.com"]`)
		allowed(`{"allowed_hosts":["*","a.example:8443","192.0.2.1","[2001:DB8::1]:8080"]}`, `["*","192.0.2.1","[2001:db8::1]:8080","a.example:8443"]`)
		allowed(`{"allowed_hosts":[]}`, `[]`)
		for _, entry := range []string{"", " ", "https://example.com", "example.com/path", "a.*.example.com", "*example.com", "user@example.com", "example.com:0", "example.com:65536", "example.com:", "a..b", "::1", "[::1%25eth0]", "exämple.com", "a\\u0000b", "a\\nb"} {
			b.want(b.do("PATCH", app, `{"allowed_hosts":["ok.example.com","`+entry+`"]}`), 400, "allowed_hosts must hold hosts")
		}
		b.want(b.do("PATCH", app, `{"allowed_hosts":"example.com"}`), 400, "allowed_hosts must be a list of strings")
		var many []string
		for i := range 201 {
			many = append(many, fmt.Sprintf("h%d.example.com", i))
		}
		list, err := json.Marshal(many)
		check(t, err)
		b.want(b.do("PATCH", app, `{"allowed_hosts":`+string(list)+`}`), 400, "allowed_hosts must be at most 200")
		created := b.want(b.do("POST", "/v1/apps", `{"name":"New","allowed_hosts":["api.example.com"]}`), 201, "")
		if created.text("app", "allowed_hosts") != `["api.example.com"]` {
			t.Errorf("created with %s", created.raw)
		}
		developer := b.newMember(host.Developer, "null")
		b.want(b.as(developer, "PATCH", app, `{"allowed_hosts":["*"]}`), 403, "This needs the role admin")
		if got := b.want(b.as(developer, "GET", app, ""), 200, ""); got.text("app", "allowed_hosts") != "[]" {
			t.Errorf("a developer sees %s", got.raw)
		}
		b.want(b.as(b.newMember(host.Admin, "null"), "PATCH", app, `{"allowed_hosts":["*"]}`), 200, "")
	})
}
