package schema

import (
	"encoding/json"
	"strings"

	"github.com/posternhq/postern/host"
)

// draft4 is the version of JSON Schema that OpenAPI 3.0 builds on.
const draft4 = "http://json-schema.org/draft-04/schema#"

// CompileOpenAPI takes the schema called name from components.schemas of an
// OpenAPI document: of version 3.1, or 3.0 with its nullable. References lead
// inside the document only. Errors: CodeInvalid.
func CompileOpenAPI(document json.RawMessage, name string) (_ *Schema, err error) {
	defer host.Wrap(&err, "schema.CompileOpenAPI")
	if len(document) > MaxBytes {
		return nil, host.Errorf(host.CodeInvalid, "the OpenAPI document must be at most %d bytes", MaxBytes)
	}
	var api struct {
		OpenAPI    string `json:"openapi"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &api); err != nil {
		return nil, host.Errorf(host.CodeInvalid, "the OpenAPI document must be an object with components.schemas")
	}
	if _, there := api.Components.Schemas[name]; !there {
		return nil, host.Errorf(host.CodeInvalid, "components.schemas has no schema %.100q", name)
	}
	root := map[string]any{"$ref": "#/components/schemas/" + pointer.Replace(name)}
	schemas := map[string]any{}
	for n, raw := range api.Components.Schemas {
		decoded, err := decodeInstance(raw)
		if err != nil {
			return nil, host.Errorf(host.CodeInvalid, "components.schemas: %s", err)
		}
		if strings.HasPrefix(api.OpenAPI, "3.0") {
			root["$schema"] = draft4
			decoded = nullable(decoded)
		}
		schemas[n] = decoded
	}
	root["components"] = map[string]any{"schemas": schemas}
	raw, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	return Compile(raw)
}

// pointer escapes a name for a JSON Pointer in a fragment.
var pointer = strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "#", "%23", " ", "%20")

// nullable turns the keyword of OpenAPI 3.0 into what JSON Schema has for it,
// anywhere in a schema.
func nullable(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = nullable(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = nullable(v[name])
		}
		if v["nullable"] != true {
			break
		}
		if kind, ok := v["type"].(string); ok {
			v["type"] = []any{kind, "null"}
		}
		if list, ok := v["enum"].([]any); ok {
			v["enum"] = append(list, nil)
		}
	}
	return value
}
