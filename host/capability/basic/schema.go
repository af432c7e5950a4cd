package basic

import (
	"context"
	"encoding/json"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/schema"
)

// schemaRequest names a schema in one of two ways.
type schemaRequest struct {
	Schema  json.RawMessage `json:"schema"`  // a JSON Schema
	OpenAPI json.RawMessage `json:"openapi"` // or a document with components.schemas
	Name    string          `json:"name"`    // and the name of one of them
	Value   json.RawMessage `json:"value"`   // what is held against it
}

type schemaAnswer struct {
	IsValid bool             `json:"isValid"`
	Errors  []schema.Finding `json:"errors"` // null if there are none
}

// validate answers {"schema":{…},"value":…} with {"isValid":true,"errors":null}.
func validate(_ context.Context, _ *capability.Call, r *schemaRequest) (schemaAnswer, error) {
	if (r.Schema == nil) == (r.OpenAPI == nil) {
		return schemaAnswer{}, host.Errorf(host.CodeInvalid, "one of schema and openapi must be given")
	}
	if r.Value == nil {
		return schemaAnswer{}, host.Errorf(host.CodeInvalid, "value is missing")
	}
	var compiled *schema.Schema
	var err error
	if r.Schema != nil {
		compiled, err = schema.Compile(r.Schema)
	} else {
		compiled, err = schema.CompileOpenAPI(r.OpenAPI, r.Name)
	}
	if err != nil {
		return schemaAnswer{}, err
	}
	found, err := compiled.Find(r.Value)
	return schemaAnswer{IsValid: err == nil && found == nil, Errors: found}, err
}
