package admin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// example is a line of examples.json.
type example struct {
	Operation string            `json:"operation"`
	Path      map[string]string `json:"path,omitempty"`
	Query     map[string]string `json:"query,omitempty"`
	File      string            `json:"file,omitempty"`
	Body      json.RawMessage   `json:"body,omitempty"`
	Status    int               `json:"status,omitempty"`
	Answer    json.RawMessage   `json:"answer,omitempty"`
}

// stable turns what differs from run to run into what the examples show, and
// back.
type stable struct {
	shown  map[string]string // by what the server said
	actual *strings.Replacer // from what is shown
	// archive is the last that was exported, for the import.
	archive string
}

// volatile matches ids, then what has one value in all examples.
var (
	ids      = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	volatile = []struct {
		match *regexp.Regexp
		shown string
	}{
		{regexp.MustCompile(`"20[2-8]\d-\d\d-\d\dT[\d:.]+Z"`), `"2026-11-22T12:00:00.000Z"`},
		{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl"},
		{regexp.MustCompile(`\b(ask|apps|pat|ak|as)_\w+`), "${1}_0123456789abcdef"},
		{regexp.MustCompile(`("(?:\w+_us|peak_bytes)":\s*)\d+`), "${1}120"},
		{regexp.MustCompile(`("(?:public_key|x)":\s*)"[\w+/=-]{40,}"`), `${1}"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`},
	}
)

func (s *stable) show(text string) string {
	text = ids.ReplaceAllStringFunc(text, func(id string) string {
		if s.shown[id] == "" {
			s.shown[id] = fmt.Sprintf("00000000-0000-7000-8000-%012d", len(s.shown)+1)
			var pairs []string
			for actual, shown := range s.shown {
				pairs = append(pairs, shown, actual)
			}
			s.actual = strings.NewReplacer(pairs...)
		}
		return s.shown[id]
	})
	for _, v := range volatile {
		text = v.match.ReplaceAllString(text, v.shown)
	}
	return text
}

// TestExamples sends the requests that the document shows to a server, in
// order, and holds the answers against those that it shows and their schemas.
func TestExamples(t *testing.T) {
	t.Parallel()
	const file = "examples.json"
	content, err := os.ReadFile(file)
	check(t, err)
	var examples []example
	check(t, json.Unmarshal(content, &examples))
	b := setup(t)
	s := &stable{shown: map[string]string{}, actual: strings.NewReplacer()}
	d := loadDocument(t)
	shown := map[string]bool{}
	for i := range examples {
		e := &examples[i]
		shown[e.Operation] = true
		if e.Operation == "list-invocations" {
			response, err := http.Get(b.base + "/run/shop/orders/7")
			check(t, err)
			check(t, response.Body.Close())
			if response.StatusCode != 200 {
				t.Fatalf("the call to be listed is answered %d", response.StatusCode)
			}
		}
		before := *e
		e.run(b, s, d)
		if diff := cmp.Diff(before, *e, cmp.Transformer("text", compact)); diff != "" && !*update {
			t.Errorf("%s: `make openapi UPDATE=1` rewrites the examples\n%s", e.Operation, diff)
		}
		d.validate(t, e)
	}
	for id := range d.operations {
		if !shown[id] {
			t.Errorf("%s has no example", id)
		}
	}
	if *update {
		content, err := json.MarshalIndent(examples, "", "  ")
		check(t, err)
		check(t, os.WriteFile(file, append(content, '\n'), 0o644))
	}
}

func compact(raw json.RawMessage) string {
	var out bytes.Buffer
	_ = json.Compact(&out, raw)
	return out.String()
}

// run sends the example's request and writes down the answer.
func (e *example) run(b *bundle, s *stable, d *document) {
	b.t.Helper()
	op := d.operations[e.Operation]
	if op == nil {
		b.t.Fatalf("there is no operation %s", e.Operation)
	}
	path := op.path
	for name, value := range e.Path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(s.actual.Replace(value)))
	}
	query := url.Values{}
	for name, value := range e.Query {
		query.Set(name, s.actual.Replace(value))
	}
	body, contentType := s.actual.Replace(string(e.Body)), "application/json"
	if e.Operation == "import-app" {
		body, contentType = s.archive, "application/zip"
	} else if strings.HasSuffix(e.File, ".csv") {
		records, err := os.ReadFile("testdata/" + e.File)
		check(b.t, err)
		body, contentType = string(records), "text/csv"
	} else if e.File != "" {
		wasm, err := os.ReadFile("../engine/testdata/" + e.File)
		check(b.t, err)
		body, contentType = string(wasm), "application/wasm"
	}
	a := b.do(op.method, path+"?"+query.Encode(), body, "Content-Type", contentType)
	if a.status > 299 {
		b.t.Fatalf("%s is answered %d %s", e.Operation, a.status, a.raw)
	}
	e.Status, e.Answer = a.status, nil
	if a.body != nil {
		e.Answer = json.RawMessage(s.show(string(a.raw)))
	}
	if e.Operation == "export-app" {
		s.archive = string(a.raw)
	}
	if e.Operation == "regenerate-organization-key" {
		b.key = a.text("api_key")
	}
}

// document is the OpenAPI document, for tests.
type document struct {
	compiler   *jsonschema.Compiler
	operations map[string]*described
	root       map[string]any
}

type described struct {
	method, path string
	object       map[string]any
}

func loadDocument(t *testing.T) *document {
	t.Helper()
	raw := openAPI(t)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	check(t, err)
	d := &document{jsonschema.NewCompiler(), map[string]*described{}, parsed.(map[string]any)}
	d.compiler.AssertFormat()
	check(t, d.compiler.AddResource("openapi.json", parsed))
	for path, item := range d.root["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			o := &described{strings.ToUpper(method), path, op.(map[string]any)}
			id := o.object["operationId"].(string)
			if d.operations[id] != nil {
				t.Errorf("two operations are called %s", id)
			}
			d.operations[id] = o
		}
	}
	return d
}

// validate holds the bodies of an example against the operation's schemas.
func (d *document) validate(t *testing.T, e *example) {
	t.Helper()
	op := d.operations[e.Operation]
	pointer := "openapi.json#/paths/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(op.path) + "/" + strings.ToLower(op.method)
	for at, body := range map[string]json.RawMessage{
		"/requestBody":                         e.Body,
		"/responses/" + strconv.Itoa(e.Status): e.Answer,
	} {
		if body == nil {
			continue
		}
		schema, err := d.compiler.Compile(pointer + at + "/content/application~1json/schema")
		if err != nil {
			t.Errorf("%s%s: %v", e.Operation, at, err)
			continue
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		check(t, err)
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s%s: %v", e.Operation, at, err)
		}
	}
}
