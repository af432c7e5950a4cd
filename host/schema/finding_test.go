package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/schema"
)

func TestSchema_Find(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ schema, document, want string }{
		"meets": {`{"type":"object"}`, `{}`, `null`},
		"required": {
			`{"required":["email","name"]}`, `{}`,
			`[{"keyword":"required","dataPath":"","schemaPath":"#/required","params":{"missingProperty":"email"},"message":"should have required property 'email'"},
			  {"keyword":"required","dataPath":"","schemaPath":"#/required","params":{"missingProperty":"name"},"message":"should have required property 'name'"}]`,
		},
		"places": {
			`{"properties":{"items":{"items":{"properties":{"a-b'":{"type":"string"}}}}}}`, `{"items":[{},{"a-b'":1}]}`,
			`[{"keyword":"type","dataPath":".items[1]['a-b\\'']","schemaPath":"#/properties/items/items/properties/a-b%27/type","params":{"type":"string"},"message":"should be string"}]`,
		},
		"reference": {
			`{"$ref":"#/$defs/n","$defs":{"n":{"minimum":1.5}}}`, `1`,
			`[{"keyword":"minimum","dataPath":"","schemaPath":"#/$defs/n/minimum","params":{"comparison":">=","limit":1.5,"exclusive":false},"message":"should be >= 1.5"}]`,
		},
		"any of": {
			`{"anyOf":[{"type":"string"},{"maxItems":1}]}`, `[1,2]`,
			`[{"keyword":"anyOf","dataPath":"","schemaPath":"#/anyOf","params":{},"message":"should match some schema in anyOf"},
			  {"keyword":"type","dataPath":"","schemaPath":"#/anyOf/0/type","params":{"type":"string"},"message":"should be string"},
			  {"keyword":"maxItems","dataPath":"","schemaPath":"#/anyOf/1/maxItems","params":{"limit":1},"message":"should NOT have more than 1 items"}]`,
		},
		"more": {
			`{"additionalProperties":false,"properties":{"a":{"uniqueItems":true},"b":{"enum":[1]},"c":{"pattern":"^x"}}}`, `{"a":[1,1],"b":2,"c":"y","d":0}`,
			`[{"keyword":"additionalProperties","dataPath":"","schemaPath":"#/additionalProperties","params":{"additionalProperty":"d"},"message":"should NOT have additional properties"},
			  {"keyword":"uniqueItems","dataPath":".a","schemaPath":"#/properties/a/uniqueItems","params":{"i":0,"j":1},"message":"should NOT have duplicate items (items ## 1 and 0 are identical)"},
			  {"keyword":"enum","dataPath":".b","schemaPath":"#/properties/b/enum","params":{"allowedValues":[1]},"message":"should be equal to one of the allowed values"},
			  {"keyword":"pattern","dataPath":".c","schemaPath":"#/properties/c/pattern","params":{"pattern":"^x"},"message":"should match pattern \"^x\""}]`,
		},
		"false schema": {`{"properties":{"a":false}}`, `{"a":1}`, `[{"keyword":"false schema","dataPath":".a","schemaPath":"#/properties/a","params":{},"message":"boolean schema is false"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := compile(t, []byte(test.schema)).Find([]byte(test.document))
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(found)
			if err != nil {
				t.Fatal(err)
			}
			sameFindings(t, got, []byte(test.want))
		})
	}
}

// sameFindings compares two lists of findings in whatever order.
func sameFindings(t *testing.T, got, want []byte) {
	t.Helper()
	byPath := func(raw []byte) map[string]schema.Finding {
		var list []schema.Finding
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		out := map[string]schema.Finding{}
		for _, f := range list {
			out[f.SchemaPath+f.Message] = f
		}
		return out
	}
	if diff := cmp.Diff(byPath(want), byPath(got)); diff != "" {
		t.Errorf("got %s\n%s", got, diff)
	}
}

func TestSchema_FindBounds(t *testing.T) {
	t.Parallel()
	found, err := compile(t, []byte(`{"items":false}`)).Find([]byte("[" + strings.Repeat("1,", 99) + "1]"))
	if err != nil || len(found) != 20 {
		t.Errorf("got %d findings, %v", len(found), err)
	}
	if _, err := compile(t, []byte(`{}`)).Find([]byte(`{`)); host.CodeOf(err) != host.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

const petstore = `{"openapi":"3.0.3","components":{"schemas":{
	"Pet":{"type":"object","required":["name"],"properties":{
		"name":{"type":"string"},"tag":{"type":"string","nullable":true,"enum":["a"]},"age":{"type":"integer","minimum":0,"exclusiveMinimum":true},
		"owner":{"$ref":"#/components/schemas/a ~person/%"}}},
	"a ~person/%":{"type":"object","required":["email"]}}}}`

func TestCompileOpenAPI(t *testing.T) {
	t.Parallel()
	pet, err := schema.CompileOpenAPI([]byte(strings.Replace(petstore, "a ~person/%\"}}}", "a%20~0person~1%25\"}}}", 1)), "Pet")
	if err != nil {
		t.Fatal(err)
	}
	for document, want := range map[string]string{
		`{"name":"x","tag":null,"age":1,"owner":{"email":""}}`: "",
		`{"tag":"a"}`:             "should have required property 'name'",
		`{"name":"x","tag":"b"}`:  "should be equal to one of the allowed values",
		`{"name":"x","age":0}`:    "should be > 0",
		`{"name":"x","owner":{}}`: "should have required property 'email'",
	} {
		found, err := pet.Find([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(found) > 0 {
			got = found[0].Message
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", document, got, want)
		}
	}
}

func TestCompileOpenAPI_Refused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ document, name, want string }{
		"no object":    {`[]`, "Pet", "must be an object"},
		"no schema":    {petstore, "Cat", `has no schema "Cat"`},
		"too large":    {`"` + strings.Repeat("x", schema.MaxBytes) + `"`, "Pet", "at most 65536 bytes"},
		"file":         {`{"openapi":"3.1.0","components":{"schemas":{"Pet":{"$ref":"file:///etc/passwd"}}}}`, "Pet", "must not refer to"},
		"network":      {`{"openapi":"3.1.0","components":{"schemas":{"Pet":{"$ref":"https://example.com/x"}}}}`, "Pet", "must not refer to"},
		"wrong schema": {`{"openapi":"3.1.0","components":{"schemas":{"Pet":{"type":1}}}}`, "Pet", "schema is not a JSON Schema"},
	} {
		_, err := schema.CompileOpenAPI([]byte(test.document), test.name)
		if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(host.AsError(err).Message, test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
