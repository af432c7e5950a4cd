package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

const customerSchema = `{"type":"object","required":["email"],"properties":{"email":{"type":"string"},"age":{"type":"integer","minimum":0},"address":{"type":"object"},"tags":{"type":"array"}}}`

// newObject defines an object called customers and returns its path.
func (b *bundle) newObject(app string) string {
	b.t.Helper()
	b.want(b.do("POST", app+"/objects", `{"name":"customers","schema":`+customerSchema+`,"unique_fields":["email"],"indexed_fields":["address.zip"]}`), 201, "")
	return app + "/objects/customers"
}

func TestObject_Lifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	object := b.newObject(app)
	got := b.want(b.do("GET", object, ""), 200, "")
	for field, want := range map[string]string{"name": "customers", "unique_fields": `["email"]`, "indexed_fields": `["address.zip"]`} {
		if text := got.text("object", field); text != want {
			t.Errorf("%s is %s, want %s", field, text, want)
		}
	}
	if got.header.Get("ETag") != `"1"` || got.text("object", "schema", "type") != "object" {
		t.Errorf("%s %s", got.header.Get("ETag"), got.raw)
	}
	b.want(b.do("PATCH", object, `{"schema":null}`, "If-Match", `"2"`), 412, "It has changed since")
	changed := b.want(b.do("PATCH", object, `{"schema":null,"indexed_fields":[]}`, "If-Match", `"1"`), 200, "")
	if changed.text("object", "schema") != "null" || changed.text("object", "unique_fields") != `["email"]` || changed.header.Get("ETag") != `"2"` {
		t.Errorf("changed: %s", changed.raw)
	}
	b.want(b.do("POST", app+"/objects", `{"name":"orders"}`), 201, "")
	list := b.want(b.do("GET", app+"/objects?limit=1", ""), 200, "")
	if list.text("pagination") != `{"has_more":true,"limit":1,"offset":0,"total":2}` || !strings.Contains(string(list.raw), `"orders"`) {
		t.Errorf("list: %s", list.raw)
	}
	b.want(b.do("DELETE", object, "", "If-Match", `"1"`), 412, "It has changed since")
	b.want(b.do("DELETE", object, "", "If-Match", `"2"`), 200, "")
	b.want(b.do("DELETE", object, "", "If-Match", `"2"`), 404, "Object not found")
	b.want(b.do("GET", object, ""), 404, "Object not found")
	b.want(b.do("GET", object+"/records/"+host.NewID(), ""), 404, "Object not found")
}

func TestObject_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	object := b.newObject(app)
	for body, text := range map[string]string{
		`{}`:                                     "name must be",
		`{"name":"Orders"}`:                      "name must be",
		`{"name":null}`:                          "name must be a string",
		`{"name":"../customers"}`:                "name must be",
		`{"name":"a","schema":{"type":7}}`:       "schema",
		`{"name":"a","schema":"x"}`:              "schema",
		`{"name":"a","unique_fields":"x"}`:       "unique_fields must be a list of strings",
		`{"name":"a","unique_fields":null}`:      "unique_fields must be a list of strings",
		`{"name":"a","unique_fields":["a..b"]}`:  "unique_fields: ",
		`{"name":"a","indexed_fields":["__id"]}`: "kept by the host",
		`{"name":"a","unique_fields":["x"],"indexed_fields":["x"]}`:                   "named twice",
		`{"name":"a","colour":"red"}`:                                                 "colour is not a known field",
		`{"name":"a","schema":{"$ref":"https://example.com/schema"}}`:                 "schema",
		`{"name":"a","indexed_fields":["a` + strings.Repeat(`","b`, 20) + `"]}`:       "at most 16",
		`{"name":"a","schema":{"description":"` + strings.Repeat("x", 70<<10) + `"}}`: "at most 65536 bytes",
	} {
		b.want(b.do("POST", app+"/objects", body), 400, text)
	}
	b.want(b.do("POST", app+"/objects", `{"name":"customers"}`), 409, "name is already taken")
	b.want(b.do("PATCH", object, `{"name":"clients"}`), 400, "name must stay customers")
	b.want(b.do("PATCH", object, `{"name":"customers"}`), 200, "")
	for _, name := range []string{"nothing", "Customers", "a%2Fb", "%F0%9F%98%80", strings.Repeat("x", 3000), "customers%20"} {
		b.want(b.do("GET", app+"/objects/"+name, ""), 404, "")
	}
	other := b.newApp("Other")
	b.want(b.do("GET", other+"/objects/customers", ""), 404, "Object not found")
}

// A unique field that records share is refused, and the definition stays.
func TestObject_NotUnique(t *testing.T) {
	t.Parallel()
	b := setup(t)
	object := b.newObject(b.newApp("Shop"))
	for i := range 2 {
		b.want(b.do("POST", object+"/records", fmt.Sprintf(`{"email":"%d@example.com","age":7}`, i)), 201, "")
	}
	b.want(b.do("PATCH", object, `{"unique_fields":["email","age"]}`), 409, "age")
	if got := b.do("GET", object, ""); got.text("object", "unique_fields") != `["email"]` {
		t.Errorf("the definition became %s", got.raw)
	}
}

// TestApp_Capabilities grants what modules may do.
func TestApp_Capabilities(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	granted := func(body, want string) {
		t.Helper()
		if got := b.want(b.do("PATCH", app, body), 200, ""); got.text("app", "capabilities") != want {
			t.Errorf("%s gives %s, want %s", body, got.text("app", "capabilities"), want)
		}
	}
	granted(`{}`, `[]`)
	granted(`{"capabilities":["objects","objects"]}`, `["objects"]`)
	granted(`{"capabilities":null}`, `["objects"]`)
	granted(`{"name":"Shop 2"}`, `["objects"]`)
	b.want(b.do("PATCH", app, `{"capabilities":["objects","files"]}`), 400, `capabilities must be among objects, http, jwt, secrets, not "files"`)
	b.want(b.do("PATCH", app, `{"capabilities":"objects"}`), 400, "capabilities must be a list of strings")
	b.want(b.do("POST", "/v1/apps", `{"name":"New","capabilities":["files"]}`), 400, "capabilities must be among")
	created := b.want(b.do("POST", "/v1/apps", `{"name":"New","capabilities":["objects"]}`), 201, "")
	if created.text("app", "capabilities") != `["objects"]` {
		t.Errorf("created with %s", created.text("app", "capabilities"))
	}
	developer := []string{"X-API-Key", "", "Authorization", "Bearer " + b.newMember(host.Developer, "null")}
	b.want(b.do("PATCH", app, `{"capabilities":[]}`, developer...), 403, "This needs the role admin")
	if got := b.do("GET", app, "", developer...); got.text("app", "capabilities") != `["objects"]` {
		t.Errorf("a developer sees %s", got.text("app", "capabilities"))
	}
	admin := []string{"X-API-Key", "", "Authorization", "Bearer " + b.newMember(host.Admin, "null")}
	if got := b.want(b.do("PATCH", app, `{"capabilities":[]}`, admin...), 200, ""); got.text("app", "capabilities") != `[]` {
		t.Errorf("an admin leaves %s", got.text("app", "capabilities"))
	}
}

// Modules and releases show what they ask for and whether it is granted.
func TestModule_Capabilities(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	want := func(a answer, kind, grants string) {
		t.Helper()
		if got := a.text(kind, "capabilities"); got != grants {
			t.Errorf("%s has %s, want %s: %s", kind, got, grants, a.raw)
		}
	}
	const missing, given = `[{"granted":false,"name":"objects"}]`, `[{"granted":true,"name":"objects"}]`
	uploaded := b.want(b.upload(app, "orders", "ok/operations"), 201, "")
	want(uploaded, "module", missing)
	want(b.want(b.upload(app, "orders", "ok/operations"), 200, ""), "module", missing)
	want(b.want(b.upload(app, "echo", "ok/echo"), 201, ""), "module", `[]`)
	release := b.want(b.do("POST", app+"/releases", `{"endpoints":[{"name":"O","method":"GET","path":"/","module":"orders"},{"name":"E","method":"POST","path":"/","module":"echo"}]}`), 201, "")
	want(release, "release", missing)
	b.want(b.do("PATCH", app, `{"capabilities":["objects"]}`), 200, "")
	want(b.do("GET", app+"/modules/"+uploaded.text("module", "id"), ""), "module", given)
	want(b.do("GET", app+"/releases/1", ""), "release", given)
	want(b.do("POST", app+"/releases/1/activate", ""), "release", given)
	if list := b.do("GET", app+"/modules", ""); !strings.Contains(string(list.raw), `"capabilities":[{"name":"objects","granted":true}]`) {
		t.Errorf("the list: %s", list.raw)
	}
	b.want(b.do("POST", "/v1/apps", `{"name":"Dev","environment":"development"}`), 201, "")
	want(b.want(b.upload("/v1/apps/dev@development", "orders", "ok/operations"), 201, ""), "module", given)
}
