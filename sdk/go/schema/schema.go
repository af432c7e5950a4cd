// Package schema holds values against JSON Schemas. The host's validator does the
// work, so that a module carries none.
package schema

import (
	"encoding/json"

	"github.com/posternhq/postern/sdk/go/operation"
)

// Finding is one way in which a value does not meet a schema, in the form of the
// validator Ajv.
type Finding struct {
	Keyword    string         `json:"keyword"`    // the rule: "required"
	DataPath   string         `json:"dataPath"`   // the value: ".items[0].name"; "" for the whole
	SchemaPath string         `json:"schemaPath"` // where the rule stands: "#/properties/items/items/required"
	Params     map[string]any `json:"params"`     // of the rule: {"missingProperty": "email"}
	Message    string         `json:"message"`    // "should have required property 'email'"
}

type request struct {
	Schema  json.RawMessage `json:"schema,omitempty"`
	OpenAPI json.RawMessage `json:"openapi,omitempty"`
	Name    string          `json:"name,omitempty"`
	Value   any             `json:"value"`
}

// Validate returns what is wrong with a value, which encoding/json turns into
// JSON, at most the first 20 findings; none if it meets the schema. The error
// tells of a schema that is none.
func Validate(schema []byte, value any) ([]Finding, error) {
	return validate(request{Schema: schema, Value: value})
}

// ValidateOpenAPI is [Validate] with the schema called name in components.schemas
// of an OpenAPI document.
func ValidateOpenAPI(document []byte, name string, value any) ([]Finding, error) {
	return validate(request{OpenAPI: document, Name: name, Value: value})
}

func validate(r request) ([]Finding, error) {
	a, err := operation.Carry[struct {
		Errors []Finding `json:"errors"`
	}](operation.SchemaValidate, r)
	return a.Errors, err
}
