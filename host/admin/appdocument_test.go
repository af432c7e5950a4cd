package admin_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// orderSchema is a request schema with definitions, one of which refers to
// itself, and words that only look like schemas.
const orderSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["item","quantity"],
	"properties":{"item":{"type":"string"},"quantity":{"$ref":"#/$defs/count"},"parts":{"type":"array","items":{"$ref":"#/$defs/part"}},
		"default":{"$ref":"#/$defs/count"},"limit":{"const":9007199254740993}},
	"$defs":{"count":{"type":"integer","minimum":1},"part":{"type":"object","properties":{"name":{"type":"string"},"parts":{"type":"array","items":{"$ref":"#/$defs/part"}}}}}}`

// newOrders makes an app with endpoints of several kinds.
func (b *bundle) newOrders() {
	b.t.Helper()
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	b.want(b.upload(app, "hello", "ok/hello"), 201, "")
	for _, endpoint := range []string{
		`{"name":"Place an order","method":"POST","path":"/orders/{id}","module":"echo","input":"body","request_schema":` + orderSchema + `,"response_schema":` + orderSchema + `}`,
		`{"name":"Show an order","method":"GET","path":"/orders/{order}","module":"hello","requires_authentication":false}`,
		`{"name":"Show an order","method":"GET","path":"/caf%C3%A9/{x-y}/{z}","module":"hello"}`,
		`{"name":"注文","method":"DELETE","path":"/","module":"hello","request_schema":false}`,
		`{"name":"Own base","method":"PUT","path":"/based","module":"hello","request_schema":{"$id":"https://example.com/s","$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}}`,
		`{"name":"Off","method":"PUT","path":"/off","module":"hello","enabled":false}`,
	} {
		b.want(b.do("POST", app+"/endpoints", endpoint), 201, "")
	}
	b.want(b.do("POST", app+"/issuers", `{"name":"SSO","issuer":"https://login.example.com","jwks_url":"https://login.example.com/jwks.json"}`), 201, "")
	b.want(b.do("PATCH", app, `{"description":"Takes orders","domains":["orders.example.com"]}`), 200, "")
}

// TestAppOpenAPI holds an app's document against the one that was reviewed,
// and compiles every schema in it.
func TestAppOpenAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newOrders()
	a := b.do("GET", "/v1/apps/orders/openapi.json", "")
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	var got bytes.Buffer
	check(t, json.Indent(&got, a.raw, "", "  "))
	const golden = "testdata/app_openapi.json"
	if *update {
		check(t, os.WriteFile(golden, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	check(t, err)
	if !bytes.Equal(bytes.TrimSpace(got.Bytes()), bytes.TrimSpace(want)) {
		t.Error("the document differs from " + golden + "; `make openapi UPDATE=1` rewrites it")
	}

	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.raw))
	check(t, err)
	compiler := jsonschema.NewCompiler()
	check(t, compiler.AddResource("app.json", parsed))
	schemas := a.body["components"].(map[string]any)["schemas"].(map[string]any)
	for name := range schemas {
		if _, err := compiler.Compile("app.json#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	order, err := compiler.Compile("app.json#/components/schemas/place-an-order-body")
	check(t, err)
	for body, valid := range map[string]bool{
		`{"item":"tea","quantity":1,"parts":[{"name":"a","parts":[{"name":"b"}]}]}`: true,
		`{"item":"tea","quantity":0}`:                                  false,
		`{"item":"tea","quantity":1,"parts":[{"parts":[{"name":1}]}]}`: false,
		`{"item":"tea","quantity":1,"limit":9007199254740993}`:         true,
		`{"item":"tea","quantity":1,"limit":9007199254740992}`:         false,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		check(t, err)
		if err := order.Validate(value); (err == nil) != valid {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestAppOpenAPI_Empty(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(b.do("POST", "/v1/apps", `{"name":"New","environment":"staging"}`), 201, "")
	a := b.do("GET", "/v1/apps/new@staging/openapi.json", "")
	if a.status != 200 || a.text("paths") != "{}" || a.text("servers") != `[{"url":"/run/new@staging"}]` || a.text("info", "version") != "0" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	b.want(b.do("GET", "/v1/apps/none/openapi.json", ""), 404, "App not found")
	b.want(b.do("GET", "/v1/apps/new@staging/openapi.json", "", "X-API-Key", ""), 401, "")
}

// TestAppOpenAPI_Generator lets a stock generator make a client of an app's
// document, and that client call the app.
func TestAppOpenAPI_Generator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newOrders()
	key := b.want(b.do("POST", "/v1/keys", `{"name":"Generated"}`), 201, "").text("key", "key")
	runGenerated(t, b.do("GET", "/v1/apps/orders/openapi.json", "").raw, ".", b.base+"/run/orders", key)
}

// TestOpenAPI_Generator lets a stock generator make a client of the management
// API, and that client manage an app from its creation to its end.
func TestOpenAPI_Generator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	echo, err := filepath.Abs("../engine/testdata/ok/echo.wasm")
	check(t, err)
	runGenerated(t, b.do("GET", "/openapi.json", "").raw, "./management", b.base, b.key, echo)
}

// runGenerated makes a client of a document and runs a program that uses it.
func runGenerated(t *testing.T, document []byte, program string, args ...string) {
	t.Helper()
	dir := t.TempDir()
	check(t, os.CopyFS(dir, os.DirFS("testdata/generator")))
	check(t, os.Mkdir(filepath.Join(dir, "api"), 0o755))
	check(t, os.WriteFile(filepath.Join(dir, "openapi.json"), document, 0o644))
	for _, args := range [][]string{
		{"tool", "oapi-codegen", "-generate", "types,client", "-package", "api", "-o", "api/api.go", "openapi.json"},
		append([]string{"run", program}, args...),
	} {
		command := exec.Command("go", args...)
		command.Dir = dir
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
