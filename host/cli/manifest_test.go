package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host/cli"
)

// valid is a manifest without a fault, which tests damage.
const valid = `app: shop
modules:
  orders: {source: .}
  shout: {file: shout.wasm}
endpoints:
  - name: List
    method: GET
    path: /orders
    module: orders
    requires_authentication: false
  - name: One
    method: GET
    path: /orders/{id}
    module: orders
    timeout_ms: 100
    allowed_ips: [203.0.113.0/24]
    required_variables: {tier: gold}
    rate_limit: {limit: 100, window: minute, burst: 20}
    request_schema:
      type: object
      required: [name]
capabilities: [objects]
objects:
  plain:
  inline: {schema: {type: object}, unique_fields: [email, address.zip]}
  filed:
    schema: order.json
    indexed_fields: [status]
`

func TestManifest_Faults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		old, new string   // what of valid is replaced by what
		want     []string // begins of the faults
	}{
		"none":              {"", "", []string{}},
		"no YAML":           {"app: shop", "app: [", []string{"0: not valid YAML: "}},
		"a list":            {valid, "- app\n", []string{"1: "}},
		"nothing":           {valid, "# later\n", []string{"1: "}},
		"two documents":     {"app: shop", "app: shop\n---\napp: shop", []string{"3: a second document is not allowed"}},
		"missing":           {"app: shop\n", "", []string{"1: missing property 'app'"}},
		"unknown field":     {"app: shop", "app: shop\nnmae: x", []string{"2: additional properties 'nmae' not allowed"}},
		"unknown in nested": {"    timeout_ms: 100", "    timeout: 100", []string{"15: endpoints/1: additional properties 'timeout' not allowed"}},
		"given twice":       {"app: shop", "app: shop\napp: shop", []string{"2: app is given twice"}},
		"anchor":            {"app: shop", "app: &a shop", []string{`1: only plain values, lists and mappings are allowed`}},
		"merge":             {"  shout: {file: shout.wasm}", "  shout: {<<: {file: shout.wasm}}", []string{"4: merge keys are not allowed"}},
		"tag":               {"app: shop", "app: !!str shop", []string{"1: only plain values"}},
		"not a number":      {"timeout_ms: 100", "timeout_ms: .nan", []string{"15: only plain values"}},
		"slug":              {"app: shop", "app: My Shop", []string{"1: app: 'My Shop' does not match pattern"}},
		"source and file":   {"{source: .}", "{source: ., file: x}", []string{"3: modules/orders: maxProperties"}},
		"several":           {"method: GET", "method: get", []string{"7: endpoints/0/method: value must be one of", "12: endpoints/1/method: value must be one of"}},
		"module":            {"    module: orders\n    timeout", "    module: order\n    timeout", []string{`14: module "order" is none of this manifest's: orders, shout`}},
		"path":              {"/orders/{id}", "/orders/{id", []string{`13: path segment "{id" must be a literal or one whole {parameter}`}},
		"same shape":        {"path: /orders\n", "path: /orders/{other}\n", []string{"13: GET /orders/{id} and GET /orders/{other} match the same requests"}},
		"rate limit":        {"limit: 100", "limit: 0", []string{"18: endpoints/1/rate_limit/limit: minimum"}},
		"rate window":       {"window: minute", "window: year", []string{"18: endpoints/1/rate_limit/window: value must be one of"}},
		"rate without":      {"window: minute, ", "", []string{"18: endpoints/1/rate_limit: missing property 'window'"}},
		"capability":        {"[objects]", "[files]", []string{"22: capabilities/0: value must be one of 'objects', 'http', 'jwt', 'secrets'"}},
		"object name":       {"plain:", "Plain:", []string{"1: 'Plain' does not match pattern"}},
		"object rule":       {"unique_fields", "unique", []string{"25: objects/inline: additional properties 'unique' not allowed"}},
		"object field":      {"address.zip", "address..zip", []string{`25: unique_fields: the field "address..zip" must be names`}},
		"object fields":     {"address.zip", "__id", []string{"25: unique_fields: __id is kept by the host"}},
		"object schema":     {"{type: object}", "{type: thing}", []string{"25: schema"}},
		"schema missing":    {"order.json", "none.json", []string{"27: open testdata/manifest/none.json: no such file"}},
		"IP":                {"203.0.113.0/24", "203.0.113.0/33", []string{`16: allowed_ips must hold IP addresses`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.ReplaceAll(valid, test.old, test.new)
			if test.old == "" {
				text = valid
			}
			got := cli.CheckManifest("testdata/manifest", []byte(text))
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("faults of\n%s\nare %q\nwant %q", text, got, test.want)
			}
		})
	}
}

// TestManifest_Plugins holds the examples of this repository to be valid.
func TestManifest_Plugins(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../plugins/*/postern.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d manifests, %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if faults := cli.CheckManifest(filepath.Dir(file), content); len(faults) > 0 {
			t.Errorf("%s: %q", file, faults)
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(valid))
	f.Add([]byte("a: &x [*x, {<<: *x}]\n---\n? {b: c}\n: |\n  d\n"))
	f.Add([]byte("app: !!binary aGk=\n\"\\u0000\": 0x7fffffffffffffffff\n"))
	f.Fuzz(func(_ *testing.T, content []byte) {
		cli.CheckManifest("nowhere", content) // must not panic
	})
}

func TestBar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	cli.DrawBar(&out, "up", 2<<20, 0, 1<<10, 1<<20, 2<<20)
	want := "\rup [" + strings.Repeat(" ", 30) + "] 2.0 MiB" +
		"\rup [" + strings.Repeat("=", 15) + strings.Repeat(" ", 15) + "] 2.0 MiB" +
		"\rup [" + strings.Repeat("=", 30) + "] 2.0 MiB\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
