package basic_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/basic"
)

// do carries out an operation by its name, for nobody.
func do(t *testing.T, ctx context.Context, name, in string) string {
	t.Helper()
	for _, o := range basic.Operations {
		if o.Name == name {
			return string(o.Do(ctx, &capability.Call{}, []byte(in)))
		}
	}
	t.Fatalf("there is no %s", name)
	return ""
}

func TestOperations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, in, want string }{
		{"xml_to_json", `{"xml":"<a b=\"1\"/>"}`, `{"json":{"a":{"@b":"1"}}}`},
		{"xml_to_json", `{"xml":"<a>"}`, `{"error":{"code":"invalid_request","message":"xml is malformed in line 1"}}`},
		{"wait", `{"ms":0}`, `{}`},
		{"wait", `{"ms":60001}`, `{"error":{"code":"invalid_request","message":"ms must be between 0 and 60000"}}`},
		{"wait", `{"ms":-1}`, `{"error":{"code":"invalid_request","message":"ms must be between 0 and 60000"}}`},
		{"schema_validate", `{"schema":{"type":"string"},"value":"x"}`, `{"isValid":true,"errors":null}`},
		{"schema_validate", `{"schema":{"required":["email"]},"value":{}}`, `{"isValid":false,"errors":[{"keyword":"required","dataPath":"","schemaPath":"#/required","params":{"missingProperty":"email"},"message":"should have required property 'email'"}]}`},
		{"schema_validate", `{"openapi":{"openapi":"3.1.0","components":{"schemas":{"P":{"type":"object"}}}},"name":"P","value":1}`, `{"isValid":false,"errors":[{"keyword":"type","dataPath":"","schemaPath":"#/components/schemas/P/type","params":{"type":"object"},"message":"should be object"}]}`},
		{"schema_validate", `{"value":1}`, `{"error":{"code":"invalid_request","message":"one of schema and openapi must be given"}}`},
		{"schema_validate", `{"schema":{}}`, `{"error":{"code":"invalid_request","message":"value is missing"}}`},
		{"schema_validate", `{"schema":{},"value":null}`, `{"isValid":true,"errors":null}`},
		{"schema_validate", `{"schema":{"$ref":"file:///etc/passwd"},"value":1}`, `{"error":{"code":"invalid_request","message":"schema must not refer to file:///etc/passwd: references lead inside the schema only"}}`},
		{"schema_validate", `{"schema":{},"value":1e999999}`, `{"error":{"code":"invalid_request","message":"the document must be JSON: a number has too many digits or too large an exponent"}}`},
		{"uuid", `{"x":1}`, `{"error":{"code":"invalid_request","message":"the request must not have the member \"x\""}}`},
	} {
		if got := do(t, t.Context(), test.name, test.in); got != test.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", test.name, test.in, got, test.want)
		}
	}
}

func TestUUID(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		var answer struct{ UUID string }
		if err := json.Unmarshal([]byte(do(t, t.Context(), "uuid", `{}`)), &answer); err != nil {
			t.Fatal(err)
		}
		if !host.IsID(answer.UUID) || seen[answer.UUID] {
			t.Errorf("got %q", answer.UUID)
		}
		seen[answer.UUID] = true
	}
}

// TestEnds proves that what takes long ends with its invocation.
func TestEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, request := range map[string]string{
		"wait": `{"ms":60000}`, "xml_to_json": `{"xml":"<a>` + strings.Repeat("<b/>", 1000) + `</a>"}`,
	} {
		if got := do(t, ctx, name, request); !strings.Contains(got, `"code":"unavailable"`) {
			t.Errorf("%s: got %.100s", name, got)
		}
	}
}
