package admin_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// entry is an entry of the audit log as a client reads it.
type entry struct {
	Time      string
	Actor     *struct{ Kind, ID, Name string }
	Action    string
	Method    string
	Path      string
	Client    string `json:"client_ip"`
	RequestID string `json:"request_id"`
	Refused   string
	Reason    string
	Target    *struct {
		Kind, ID string
		AppID    string `json:"app_id"`
	}
	Before, After map[string]any
}

// log reads entries as a sysadmin, newest first.
func (b *bundle) log(root, query string) []entry {
	b.t.Helper()
	a := b.want(b.as(root, "GET", "/v1/audit-log?limit=100&"+query, ""), 200, "")
	var page struct{ Entries []entry }
	check(b.t, json.Unmarshal(a.raw, &page))
	return page.Entries
}

// day is a host on which things are done and then asked about.
type day struct {
	*bundle
	root    string // a sysadmin's token
	actions map[string]bool
	secrets []string
}

// did makes a call that must succeed as a member, and asks the log who did it,
// what it was before and what after. The values of field are compared as text;
// "" is for nothing there.
func (d *day) did(who, token, action, method, path, body, field, before, after string) answer {
	d.t.Helper()
	headers := []string{"X-API-Key", "", "Authorization", "Bearer " + token}
	if kind := map[string]string{"upload-module": "application/wasm", "import-records": "text/csv"}[action]; kind != "" {
		headers = append(headers, "Content-Type", kind)
	}
	a := d.do(method, path, body, headers...)
	if a.status >= 300 {
		d.t.Fatalf("%s: %d %s", action, a.status, a.raw)
	}
	d.actions[action] = true
	for _, secret := range []string{a.text("key", "key"), a.text("token", "token"), a.text("member", "token"), a.text("app", "api_secret"), a.text("app", "api_key"), a.text("api_key")} {
		if secret != "<none>" {
			d.secrets = append(d.secrets, secret)
		}
	}
	e := d.log(d.root, "action="+action)[0]
	if e.Actor == nil || e.Actor.Name != who || e.Actor.Kind != "member" || e.RequestID != a.header.Get("X-Request-Id") || e.Refused != "" ||
		e.Client != "127.0.0.1" || e.Method != method || e.Target == nil || e.Target.ID == "" {
		d.t.Errorf("%s: %+v", action, e)
	}
	if got := [2]string{value(e.Before, field), value(e.After, field)}; got != [2]string{before, after} {
		d.t.Errorf("%s: %s changed from %q to %q, want %q to %q", action, field, got[0], got[1], before, after)
	}
	return a
}

// value is a field of a resource as text. What is below a list, as endpoints
// are, is looked for in each of them.
func value(resource map[string]any, field string) string {
	if resource == nil {
		return ""
	}
	if list, below, nested := strings.Cut(field, "."); nested {
		var all []string
		for _, item := range resource[list].([]any) {
			all = append(all, value(item.(map[string]any), below))
		}
		return strings.Join(all, " ")
	}
	return fmt.Sprint(resource[field])
}

// TestAuditLog_Day lives through a day of changes of every kind.
func TestAuditLog_Day(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.want(b.do("POST", "/v1/members", `{"name":"Root","role":"sysadmin"}`), 201, "").text("member", "token")
	d := &day{bundle: b, root: root, actions: map[string]bool{}}
	id := func(a answer, noun string) string { return a.text(noun, "id") }

	dev := d.did("Root", root, "create-member", "POST", "/v1/members", `{"name":"Dev","role":"viewer"}`, "role", "", "viewer")
	member, devToken := "/v1/members/"+id(dev, "member"), dev.text("member", "token")
	d.did("Root", root, "update-member", "PATCH", member, `{"role":"developer"}`, "role", "viewer", "developer")
	app := d.did("Root", root, "create-app", "POST", "/v1/apps", `{"name":"Shop"}`, "name", "", "Shop")
	path := "/v1/apps/" + id(app, "app")
	d.did("Root", root, "update-app", "PATCH", path, `{"timezone":"Europe/Berlin"}`, "timezone", "UTC", "Europe/Berlin")

	d.did("Dev", devToken, "upload-module", "POST", path+"/modules?name=echo", guest(t, "ok/echo"), "name", "", "echo")
	spare := d.did("Dev", devToken, "upload-module", "POST", path+"/modules?name=spare", guest(t, "ok/echo"), "name", "", "spare")
	d.did("Dev", devToken, "delete-module", "DELETE", path+"/modules/"+id(spare, "module"), "", "name", "spare", "")
	one := d.did("Dev", devToken, "create-endpoint", "POST", path+"/endpoints", `{"name":"One","method":"GET","path":"/one","module":"echo"}`, "endpoints.path", "", "/one")
	d.did("Dev", devToken, "create-endpoint", "POST", path+"/endpoints", `{"name":"Two","method":"GET","path":"/two","module":"echo"}`, "endpoints.path", "", "/two")
	endpoint := path + "/endpoints/" + id(one, "endpoint")
	d.did("Dev", devToken, "update-endpoint", "PATCH", endpoint, `{"timeout_ms":700}`, "endpoints.timeout_ms", "5000", "700")
	d.did("Dev", devToken, "delete-endpoint", "DELETE", endpoint, "", "endpoints.name", "One", "")
	d.did("Dev", devToken, "activate-release", "POST", path+"/releases/1/activate", "", "number", "4", "1")
	d.did("Dev", devToken, "make-release", "POST", path+"/releases", `{"endpoints":[],"note":"Empty"}`, "note", "Create endpoint One", "Empty")
	d.did("Dev", devToken, "create-key-group", "POST", path+"/key-groups", `{"name":"partners"}`, "name", "", "partners")
	d.did("Dev", devToken, "update-key-group", "PATCH", path+"/key-groups/partners", `{"name":"friends"}`, "name", "partners", "friends")
	d.did("Dev", devToken, "delete-key-group", "DELETE", path+"/key-groups/friends", "", "name", "friends", "")
	d.did("Dev", devToken, "create-object", "POST", path+"/objects", `{"name":"orders","unique_fields":["number"]}`, "unique_fields", "", "[number]")
	object := path + "/objects/orders"
	d.did("Dev", devToken, "update-object", "PATCH", object, `{"indexed_fields":["status"]}`, "indexed_fields", "[]", "[status]")
	record := object + "/records/" + d.did("Dev", devToken, "create-record", "POST", object+"/records", `{"number":1}`, "object", "", "orders").text("record", "__id")
	d.did("Dev", devToken, "put-record", "PUT", record, `{"number":2}`, "version", "1", "2")
	d.did("Dev", devToken, "update-record", "PATCH", record, `{"status":"open"}`, "version", "2", "3")
	d.did("Dev", devToken, "delete-record", "DELETE", record, "", "version", "3", "")
	d.did("Dev", devToken, "import-records", "POST", object+"/records/import", "number\n3\n4\n", "records", "", "2")
	d.did("Dev", devToken, "delete-object", "DELETE", object, "", "name", "orders", "")
	token := d.did("Dev", devToken, "create-token", "POST", "/v1/tokens", `{"name":"mobile"}`, "name", "", "mobile")
	d.did("Dev", devToken, "delete-token", "DELETE", "/v1/tokens/"+id(token, "token"), "", "name", "mobile", "")

	issuer := d.did("Root", root, "create-issuer", "POST", path+"/issuers", `{"name":"i","issuer":"https://id.example.com","jwks_url":"https://id.example.com/keys"}`, "name", "", "i")
	issuerPath := path + "/issuers/" + id(issuer, "issuer")
	d.did("Root", root, "update-issuer", "PATCH", issuerPath, `{"enabled":false}`, "enabled", "true", "false")
	d.did("Root", root, "delete-issuer", "DELETE", issuerPath, "", "enabled", "false", "")
	key := d.did("Root", root, "create-key", "POST", "/v1/keys", `{"name":"ci"}`, "name", "", "ci")
	keyPath := "/v1/keys/" + id(key, "key")
	d.did("Root", root, "update-key", "PATCH", keyPath, `{"quota":5}`, "quota", "<nil>", "5")
	d.did("Root", root, "rotate-key", "POST", keyPath+"/rotate", "", "name", "ci", "ci")
	d.did("Root", root, "delete-key", "DELETE", keyPath, "", "quota", "5", "")
	signer := d.want(d.do("GET", "/v1/signing-keys", ""), 200, "").body["signing_keys"].([]any)[0].(map[string]any)["kid"].(string)
	d.did("Root", root, "rotate-signing-key", "POST", "/v1/signing-keys/rotate", "", "active", "", "true")
	d.did("Root", root, "delete-signing-key", "DELETE", "/v1/signing-keys/"+signer, "", "active", "false", "")
	d.did("Root", root, "rotate-member", "POST", member+"/rotate", "", "name", "Dev", "Dev")
	d.did("Root", root, "delete-member", "DELETE", member, "", "role", "developer", "")
	archive := string(d.want(d.as(root, "GET", path+"/export", ""), 200, "").raw)
	d.did("Root", root, "import-app", "POST", "/v1/apps/import?name=Copy", archive, "note", "", "Import release 5 of Shop")
	d.did("Root", root, "delete-app", "DELETE", path, "", "timezone", "Europe/Berlin", "")
	d.settings("Root", root)
	d.did("Root", root, "update-organization", "PATCH", "/v1/organization", `{"name":"Renamed"}`, "name", "Test", "Renamed")
	d.did("Root", root, "regenerate-organization-key", "POST", "/v1/organization/api-key/regenerate", "", "name", "Renamed", "Renamed")

	for _, r := range routes(t) {
		if r.method != "GET" && r.ID != "query-records" && !d.actions[r.ID] {
			t.Errorf("the day leaves out %s", r.ID)
		}
	}
	if about := d.log(root, "target="+id(app, "app")); len(about) != 26 {
		t.Errorf("%d changes of the app and what belongs to it", len(about))
	}
	all := d.as(root, "GET", "/v1/audit-log?format=ndjson", "")
	if len(d.secrets) < 7 {
		t.Errorf("only %d secrets were seen", len(d.secrets))
	}
	for _, secret := range append(d.secrets, root) {
		if strings.Contains(string(all.raw), secret) {
			t.Errorf("the log holds the secret %s", secret)
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		d.want(d.as(root, method, "/v1/audit-log", ""), 405, "")
		d.want(d.as(root, method, "/v1/audit-log/"+host.NewID(), ""), 404, "")
	}
}

// guest is one of the engine's guests.
func guest(t *testing.T, name string) string {
	t.Helper()
	wasm, err := os.ReadFile("../engine/testdata/" + name + ".wasm")
	check(t, err)
	return string(wasm)
}

// TestAuditLog_Refusals covers what was not allowed.
func TestAuditLog_Refusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root, viewer := b.newMember(host.Sysadmin, "null"), b.newMember(host.Viewer, "null")
	limited := b.newMember(host.Admin, `["staging"]`)
	pasted := host.NewOrganizationKey()
	app := b.want(b.do("POST", "/v1/apps", `{"name":"Live"}`), 201, "").text("app", "id")
	created := b.want(b.do("POST", "/v1/tokens", `{"name":"live"}`), 201, "")
	token, jwt := created.text("token", "id"), created.text("token", "token")
	for _, tt := range []struct {
		call                    answer
		actor                   bool
		action, refused, reason string
	}{
		{b.do("GET", "/v1/apps", "", "X-API-Key", pasted), false, "", "unauthorized", "Invalid or revoked API key"},
		{b.do("DELETE", "/v1/keys/"+pasted, "", "X-API-Key", "x"), false, "", "unauthorized", "Invalid or revoked API key"},
		{b.as(viewer, "POST", "/v1/apps", `{"name":"A"}`), true, "create-app", "forbidden", "This needs the role admin; yours is viewer"},
		{b.as(viewer, "GET", "/v1/keys/"+pasted, ""), true, "get-key", "forbidden", "This needs the role sysadmin; yours is viewer"},
		{b.as(limited, "POST", "/v1/apps", `{"name":"A"}`), true, "create-app", "forbidden", "Your access does not include the environment production"},
		{b.as(limited, "DELETE", "/v1/apps/"+app, ""), true, "delete-app", "not_found", "App not found"},
		{b.as(limited, "GET", "/v1/tokens/"+token, ""), true, "get-token", "not_found", "Token not found"},
		{b.do("GET", "/v1/"+strings.Repeat("x", 200)+"/"+jwt, "", "X-API-Key", "x"), false, "", "unauthorized", "Invalid or revoked API key"},
		{b.do("PATCH", "/v1/organization", `{"api_key_enabled":false}`), true, "update-organization", "forbidden", "api_key_enabled can be changed only by a member who is a sysadmin"},
	} {
		// The entries of one request are found by its id, in whatever order.
		var e *entry
		for _, found := range b.log(root, "") {
			if found.RequestID == tt.call.header.Get("X-Request-Id") {
				e = &found
			}
		}
		if e == nil || (e.Actor != nil) != tt.actor || e.Action != tt.action || e.Refused != tt.refused || e.Reason != tt.reason || e.Before != nil || e.After != nil || e.Target != nil {
			t.Errorf("%s: %+v", tt.call.raw, e)
		}
	}
	if all := b.as(root, "GET", "/v1/audit-log?format=ndjson", ""); strings.Contains(string(all.raw), pasted) || strings.Contains(string(all.raw), jwt[:15]) {
		t.Errorf("the log holds what was pasted: %s", all.raw)
	}
	before := len(b.log(root, ""))
	b.want(b.do("GET", "/v1/apps/none", ""), 404, "")
	b.want(b.as(limited, "GET", "/v1/apps/none", ""), 404, "App not found")
	b.want(b.do("POST", "/v1/apps", `{}`), 400, "")
	if after := len(b.log(root, "")); after != before {
		t.Errorf("%d entries of calls that were not refused for their credential", after-before)
	}
}

// TestAuditLog_Flood covers that strangers cannot fill the log, nor keep what a
// member tries out of it.
func TestAuditLog_Flood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root, viewer := b.newMember(host.Sysadmin, "null"), b.newMember(host.Viewer, "null")
	const calls = 300
	began := time.Now()
	for range calls {
		b.want(b.do("GET", "/v1/apps", "", "X-API-Key", ""), 401, "Invalid or revoked API key")
	}
	const tries = 20
	for range tries {
		b.want(b.as(viewer, "GET", "/v1/keys", ""), 403, "This needs the role sysadmin; yours is viewer")
	}
	if got := len(b.log(root, "action=list-keys")); got != tries {
		t.Errorf("%d of %d calls of a member were kept", got, tries)
	}
	seconds := int(time.Since(began)/time.Second) + 2
	kept := b.want(b.as(root, "GET", "/v1/audit-log", ""), 200, "").text("pagination", "total")
	if n, err := strconv.Atoi(kept); err != nil || n < 50 || n > 2+tries+50*seconds {
		t.Errorf("%s of %d refusals were kept in %d seconds", kept, calls, seconds)
	}
}

// TestAuditLog_Read covers filters, pages and the export.
func TestAuditLog_Read(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.newMember(host.Sysadmin, "null")
	const keys = 150
	for i := range keys {
		b.want(b.as(root, "POST", "/v1/keys", fmt.Sprintf(`{"name":"k%d"}`, i)), 201, "")
	}
	a := b.want(b.do("GET", "/v1/audit-log?limit=2&offset=1&action=create-key", ""), 200, "")
	if a.text("pagination") != `{"has_more":true,"limit":2,"offset":1,"total":150}` || !strings.Contains(a.text("entries"), `"k148"`) {
		t.Errorf("a page: %s", a.raw)
	}
	rootID := b.log(root, "action=create-key")[0].Actor.ID
	now := time.Now().UTC()
	past, future := now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339)
	for query, want := range map[string]string{
		"actor=" + rootID: "150", "actor=" + host.NewID(): "0", "action=create-member": "1", "since=" + past + "&until=" + future: "151",
		"since=" + future: "0", "until=" + past: "0",
	} {
		if got := b.do("GET", "/v1/audit-log?"+query, "").text("pagination", "total"); got != want {
			t.Errorf("%s: %s entries, want %s", query, got, want)
		}
	}
	for query, text := range map[string]string{"since=yesterday": "since must be an RFC 3339 instant", "until=1": "until must be", "format=csv": "format must be json or ndjson"} {
		b.want(b.do("GET", "/v1/audit-log?"+query, ""), 400, text)
	}
	for _, export := range []answer{b.do("GET", "/v1/audit-log?format=ndjson", ""), b.do("GET", "/v1/audit-log", "", "Accept", "application/x-ndjson")} {
		var lines int
		for scanner := bufio.NewScanner(strings.NewReader(string(export.raw))); scanner.Scan(); lines++ {
			var e entry
			if err := json.Unmarshal(scanner.Bytes(), &e); err != nil || e.After == nil {
				t.Fatalf("line %s: %v", scanner.Bytes(), err)
			}
		}
		if lines != keys+1 || export.header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%d lines of %s", lines, export.header.Get("Content-Type"))
		}
	}
}
