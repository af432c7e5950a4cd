package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/schema"
)

func TestSchema_Validate(t *testing.T) {
	t.Parallel()
	s := compile(t, []byte(`{
		"type": "object", "required": ["email"],
		"properties": {
			"email": {"type": "string", "format": "email"},
			"items": {"type": "array", "items": {"$ref": "#/$defs/item"}}
		},
		"$defs": {"item": {"type": "object", "properties": {"n~/": {"type": "integer", "maximum": 10}}}}
	}`))
	for name, test := range map[string]struct {
		body string
		want []schema.Violation
	}{
		"Valid":          {`{"email":"ada@example.com","items":[{"n~/":10}]}`, nil},
		"ErrRequired":    {`{}`, []schema.Violation{{"", "missing property 'email'"}}},
		"ErrType":        {`[]`, []schema.Violation{{"", "got array, want object"}}},
		"ErrFormat":      {`{"email":"ada"}`, []schema.Violation{{"/email", "'ada' is not valid email: missing @"}}},
		"ErrByReference": {`{"email":"a@b.c","items":[{},{"n~/":11}]}`, []schema.Violation{{"/items/1/n~0~1", "maximum: got 11, want 10"}}},
		"ErrSeveral": {`{"email":1,"items":{}}`, []schema.Violation{
			{"/email", "got number, want string"}, {"/items", "got object, want array"},
		}},
		"ErrMalformed":    {`{`, []schema.Violation{{"", "the body must be JSON: it cannot be parsed"}}},
		"ErrNotUTF8":      {"{\"n\":\"\xff\"}", []schema.Violation{{"", "the body must be JSON: it cannot be parsed"}}},
		"ErrTwoValues":    {`{} {}`, []schema.Violation{{"", "the body must be JSON: it cannot be parsed"}}},
		"ErrEmpty":        {"", []schema.Violation{{"", "the body must be JSON: it is empty"}}},
		"ErrHugeExponent": {`{"email":"a@b.c","x":[1e401]}`, []schema.Violation{{"", "the body must be JSON: a number has too many digits or too large an exponent"}}},
		"ErrManyDigits":   {`{"x":` + strings.Repeat("1", 401) + `}`, []schema.Violation{{"", "the body must be JSON: a number has too many digits or too large an exponent"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			details, ok := s.Validate([]byte(test.body))
			got, _ := details.([]schema.Violation)
			// A map's members are checked in no fixed order.
			slices.SortFunc(got, func(a, b schema.Violation) int { return strings.Compare(a.Path, b.Path) })
			if diff := cmp.Diff(test.want, got); ok != (test.want == nil) || diff != "" {
				t.Errorf("got %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func TestSchema_Validate_BoundsItsDetails(t *testing.T) {
	t.Parallel()
	s := compile(t, []byte(`{"items":{"const":0}}`))
	details, ok := s.Validate([]byte("[" + strings.Repeat(`"`+strings.Repeat("é", 1000)+`",`, 100) + "0]"))
	list, _ := details.([]schema.Violation)
	if ok || len(list) != 20 {
		t.Errorf("got %v with %d details, want 20", ok, len(list))
	}
	for _, v := range list {
		if len(v.Message) > 310 {
			t.Errorf("a message has %d bytes", len(v.Message))
		}
	}
}

func TestSchema_Details_AsJSON(t *testing.T) {
	t.Parallel()
	details, _ := compile(t, []byte(`{"properties":{"a":{"type":"string"}}}`)).Validate([]byte(`{"a":1}`))
	got, err := json.Marshal(details)
	if want := `[{"path":"/a","message":"got number, want string"}]`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestCompileSchema_Refused(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(secret, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ schema, part string }{
		"ErrMalformed":     {`{`, "must be valid JSON"},
		"ErrEmpty":         {``, "it is empty"},
		"ErrNotASchema":    {`{"type":"text"}`, `at "/type"`},
		"ErrList":          {`[]`, "not a JSON Schema"},
		"ErrPattern":       {`{"pattern":"("}`, "not a JSON Schema"},
		"ErrDangling":      {`{"$ref":"#/$defs/none"}`, "not a JSON Schema"},
		"ErrFileReference": {`{"$ref":"file://` + secret + `"}`, "must not refer to"},
		"ErrRelativeFile":  {`{"$ref":"schema.json"}`, "must not refer to schema.json"},
		"ErrHTTPReference": {`{"$ref":"https://example.com/s.json"}`, "must not refer to https://example.com/s.json"},
		"ErrRemoteSchema":  {`{"$schema":"https://example.com/meta"}`, "must not refer to https://example.com/meta"},
		"ErrHugeNumber":    {`{"minimum":1e1000000}`, "too large an exponent"},
		"ErrTooLarge":      {`{"description":"` + strings.Repeat("a", schema.MaxBytes) + `"}`, "at most 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := schema.Compile(json.RawMessage(test.schema))
			e := host.AsError(err)
			if err == nil || s != nil || e.Code != host.CodeInvalid || !strings.Contains(e.Message, test.part) {
				t.Fatalf("got %v, want a %s with %q", err, host.CodeInvalid, test.part)
			}
			for _, internal := range []string{"postern:/", "santhosh", "/work", os.TempDir() + "/go-build"} {
				if strings.Contains(e.Message, internal) {
					t.Errorf("%q tells internals", e.Message)
				}
			}
		})
	}
}

func TestCompileSchema_Accepted(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"Boolean":   `true`,
		"Recursive": `{"properties":{"next":{"$ref":"#"}}}`,
		"Anchor":    `{"$ref":"#a","$defs":{"a":{"$anchor":"a"}}}`,
		"WithID":    `{"$id":"https://example.com/s","$ref":"#/$defs/a","$defs":{"a":true}}`,
		"Draft7":    `{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{}},"$ref":"#/definitions/a"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if details, ok := compile(t, []byte(schema)).Validate([]byte(`{}`)); !ok {
				t.Error(details)
			}
		})
	}
}

func compile(t testing.TB, raw []byte) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
