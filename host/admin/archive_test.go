package admin_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// exported makes an app with two endpoints and returns its path and archive.
func exported(b *bundle) (app string, archived answer) {
	app = b.newApp("Orders")
	b.want(b.do("PATCH", app, `{"description":"All orders","timezone":"Europe/Rome","webhook_url":"https://hooks.example.com/s3cret","domains":["orders.example.com"]}`), 200, "")
	b.want(b.do("PATCH", app, `{"capabilities":["objects"],"allowed_hosts":["api.example.com"]}`), 200, "")
	b.want(b.do("PUT", app+"/variables/REGION", `{"value":"eu"}`), 201, "")
	b.want(b.do("PUT", app+"/variables/EMPTY", `{"value":""}`), 201, "")
	b.want(b.do("PUT", app+"/secrets/PAYMENT_KEY", `{"value":"s3cret"}`), 201, "")
	b.want(b.do("POST", app+"/objects", `{"name":"orders","schema":{"type":"object"},"unique_fields":["number"],"indexed_fields":["status"]}`), 201, "")
	b.want(b.do("POST", app+"/objects/orders/records", `{"number":1,"status":"s3cret"}`), 201, "")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	b.want(b.upload(app, "unused", "ok/count_calls"), 201, "")
	b.want(b.do("POST", app+"/key-groups", `{"name":"staff"}`), 201, "")
	b.want(b.do("POST", app+"/releases", `{"endpoints":[
		{"name":"Echo","method":"POST","path":"/echo/{id}","module":"echo","input":"body","requires_authentication":false},
		{"name":"Staff","method":"POST","path":"/staff","module":"echo","key_groups":["staff"],"timeout_ms":700,"request_schema":{"type":"object"}}]}`), 201, "")
	archived = b.do("GET", app+"/export", "")
	if archived.status != 200 || archived.header.Get("Content-Type") != "application/zip" || !strings.Contains(archived.header.Get("Content-Disposition"), "orders.zip") {
		b.t.Fatalf("export: %d %v %s", archived.status, archived.header, archived.raw)
	}
	return app, archived
}

func (b *bundle) bring(archived []byte, query string) answer {
	b.t.Helper()
	return b.do("POST", "/v1/apps/import"+query, string(archived), "Content-Type", "application/zip")
}

// TestArchive_RoundTrip exports an app from one host and imports it into
// another, where it gives the same answers and the same archive.
func TestArchive_RoundTrip(t *testing.T) {
	t.Parallel()
	here, there := setup(t), setup(t)
	app, archived := exported(here)
	made := there.want(there.bring(archived.raw, ""), 201, "")
	for field, want := range map[string]string{"slug": "orders", "description": "All orders", "timezone": "Europe/Rome", "webhook_url": "null", "domains": "[]"} {
		if got := made.text("app", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	if made.text("created") != "true" || made.text("release", "number") != "1" || made.text("release", "active") != "true" {
		t.Errorf("made %s", made.raw)
	}
	for _, b := range []*bundle{here, there} {
		b.want(b.do("POST", "/run/orders/staff", `{}`, "X-API-Key", ""), 401, "")
		if got := b.do("POST", "/run/orders/echo/7", "hello", "X-API-Key", ""); got.status != 200 || string(got.raw) != "hello" {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	there.want(there.do("GET", "/v1/apps/orders/key-groups/staff", ""), 200, "")
	object := there.want(there.do("GET", "/v1/apps/orders/objects/orders", ""), 200, "")
	if object.text("object", "schema") != `{"type":"object"}` || object.text("object", "unique_fields") != `["number"]` || made.text("app", "capabilities") != `["objects"]` {
		t.Errorf("imported %s in %s", object.raw, made.raw)
	}
	variables := there.want(there.do("GET", "/v1/apps/orders/variables", ""), 200, "")
	region := there.want(there.do("GET", "/v1/apps/orders/variables/REGION", ""), 200, "")
	if region.text("variable", "value") != "eu" || variables.text("pagination", "total") != "2" || made.text("app", "allowed_hosts") != `["api.example.com"]` {
		t.Errorf("imported %s in %s", variables.raw, made.raw)
	}
	if secrets := there.want(there.do("GET", "/v1/apps/orders/secrets", ""), 200, ""); secrets.text("secrets") != "[]" {
		t.Errorf("secrets went along: %s", secrets.raw)
	}
	if there.count("/v1/apps/orders/objects/orders") != "0" {
		t.Error("records went along")
	}
	original := here.want(here.do("GET", app, ""), 200, "")
	for _, secret := range []string{original.text("app", "api_key"), original.text("app", "api_secret"), "s3cret", "PAYMENT_KEY", "orders.example.com"} {
		if text := unzipped(t, archived.raw, "manifest.json"); strings.Contains(text, secret) {
			t.Errorf("the archive holds %s: %s", secret, text)
		}
	}
	if again := there.do("GET", "/v1/apps/orders/export", ""); !bytes.Equal(again.raw, archived.raw) {
		t.Errorf("the second archive differs:\n%s\n%s", unzipped(t, again.raw, "manifest.json"), unzipped(t, archived.raw, "manifest.json"))
	}
}

// unzipped returns an entry of an archive.
func unzipped(t *testing.T, archived []byte, name string) string {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(archived), int64(len(archived)))
	check(t, err)
	f, err := files.Open(name)
	check(t, err)
	text, err := io.ReadAll(f)
	check(t, err)
	return string(text)
}

func TestArchive_ImportTarget(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, archived := exported(b)
	before := b.want(b.do("GET", app+"/endpoints", ""), 200, "")

	b.want(b.bring(archived.raw, ""), 409, "name is already taken")
	staged := b.want(b.bring(archived.raw, "?environment=staging"), 201, "")
	if staged.text("app", "environment") != "staging" {
		t.Errorf("imported %s", staged.raw)
	}
	named := b.want(b.bring(archived.raw, "?name=Other%20orders"), 201, "")
	if named.text("app", "slug") != "other-orders" {
		t.Errorf("imported %s", named.raw)
	}
	// The same endpoints again: a new release in which nothing changed.
	again := b.want(b.bring(archived.raw, "?app=orders"), 201, "")
	if again.text("created") != "false" || again.text("release", "number") != "2" {
		t.Errorf("imported %s", again.raw)
	}
	if after := b.want(b.do("GET", app+"/endpoints", ""), 200, ""); after.text("endpoints") != before.text("endpoints") {
		t.Errorf("endpoints became %s", after.raw)
	}
	// Its objects get the rules in the archive; records and settings stay.
	b.want(b.do("PATCH", app+"/objects/orders", `{"unique_fields":[],"schema":null}`), 200, "")
	b.want(b.do("PATCH", app, `{"capabilities":[],"allowed_hosts":[]}`), 200, "")
	b.want(b.do("PUT", app+"/variables/REGION", `{"value":"us"}`), 200, "")
	b.want(b.do("DELETE", app+"/variables/EMPTY", ""), 200, "")
	kept := b.want(b.bring(archived.raw, "?app=orders"), 201, "")
	object := b.want(b.do("GET", app+"/objects/orders", ""), 200, "")
	if object.text("object", "unique_fields") != `["number"]` || b.count(app+"/objects/orders") != "1" || kept.text("app", "capabilities") != "[]" || kept.text("app", "allowed_hosts") != "[]" {
		t.Errorf("%s in %s", object.raw, kept.raw)
	}
	b.want(b.do("GET", app+"/variables/EMPTY", ""), 200, "")
	if region := b.do("GET", app+"/variables/REGION", ""); region.text("variable", "value") != "us" {
		t.Errorf("the variable became %s", region.raw)
	}
	b.want(b.bring(archived.raw, "?app=nothing"), 404, "App not found")
	b.want(b.bring(archived.raw, "?app=orders&name=x"), 400, "name and environment are for a new app")
	b.want(b.bring(archived.raw, "?environment=space"), 400, "environment must be one of")
	b.want(b.do("POST", "/v1/apps/import", string(archived.raw), "X-API-Key", "apps_no"), 401, "")
}

// TestArchive_Refused shows that an archive that fails late leaves no app.
func TestArchive_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, archived := exported(b)
	manifest := unzipped(t, archived.raw, "manifest.json")
	digest := between(t, manifest, `"digest": "`, `"`)
	wasm := unzipped(t, archived.raw, "modules/"+digest)
	for _, tt := range []struct {
		name, manifest, content string
		status                  int
		text                    string
	}{
		{"function", strings.Replace(manifest, `"function": "handle"`, `"function": "nothing"`, 1), wasm, 400, "endpoints[0].function"},
		{"unknown field", strings.Replace(manifest, `"timeout_ms"`, `"time"`, 1), wasm, 400, "endpoints[0].time is not a known field"},
		{"foreign module", strings.Replace(manifest, `"module": "`+digest, `"module": "`+strings.Repeat("0", 64), 1), wasm, 400, "endpoints[0].module must be the digest"},
		{"lying digest", manifest, "\x00asm" + wasm, 400, "another digest"},
		{"object", strings.Replace(manifest, `"name": "orders"`, `"name": "../orders"`, 1), wasm, 400, "object ../orders: name must be"},
		{"schema", strings.Replace(manifest, `"type": "object"`, `"type": "thing"`, 2), wasm, 400, "object orders: schema"},
		{"variable", strings.Replace(manifest, `"name": "REGION"`, `"name": "-"`, 1), wasm, 400, `variable "-": name must be`},
		{"value", strings.Replace(manifest, `"value": "eu"`, `"value": "\u0000"`, 1), wasm, 400, `variable "REGION": value must be`},
		{"twice", strings.Replace(manifest, `"name": "REGION"`, `"name": "EMPTY"`, 1), wasm, 400, "variable EMPTY is there twice"},
		{"host", strings.Replace(manifest, `"api.example.com"`, `"http://api.example.com"`, 1), wasm, 400, "allowed_hosts must hold"},
		{"capability", strings.Replace(manifest, `"objects"`, `"files"`, 1), wasm, 400, "capabilities must be among objects"},
		{"name", strings.Replace(manifest, `"name": "Orders"`, `"name": ""`, 1), wasm, 400, "App name is required"},
		{"large", manifest, strings.Repeat("x", 2*maxModule), 400, "at most"},
	} {
		query := "?environment=development"
		if tt.name == "name" {
			query = ""
		}
		b.want(b.bring(zipped(t, "manifest.json", tt.manifest, "modules/"+digest, tt.content), query), tt.status, tt.text)
	}
	b.want(b.bring(nil, ""), 400, "The body must be an archive")
	b.want(b.bring([]byte("PK"), ""), 400, "The archive cannot be read")
	b.want(b.bring(bytes.Repeat([]byte("x"), 9*maxModule), ""), 413, "")
	if apps := b.want(b.do("GET", "/v1/apps", ""), 200, ""); apps.text("pagination", "total") != "1" {
		t.Errorf("left behind: %s", apps.raw)
	}
}

func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	value, _, _ := strings.Cut(rest, after)
	if !found {
		t.Fatalf("no %s in %s", before, text)
	}
	return value
}

// zipped makes a zip file of name, content pairs.
func zipped(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(pairs); i += 2 {
		entry, err := w.Create(pairs[i])
		check(t, err)
		_, err = fmt.Fprint(entry, pairs[i+1])
		check(t, err)
	}
	check(t, w.Close())
	return out.Bytes()
}
