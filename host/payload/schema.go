package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/posternhq/postern/host"
)

// Bounds of an endpoint's own schemas and of what they say about a body.
const (
	// MaxSchemaBytes is the largest schema an endpoint may have.
	MaxSchemaBytes = 64 << 10
	maxViolations  = 20
	maxViolation   = 300 // bytes of one message
)

// schemaBase resolves relative references of a schema to names that nothing
// can load. (Beside a URN they would resolve to the schema itself.)
const (
	schemaBase = "postern:///"
	schemaURL  = schemaBase + "schema"
)

// Schema is a compiled JSON Schema. It is safe for concurrent use.
type Schema struct{ compiled *jsonschema.Schema }

// Violation is one way in which a body does not meet a schema.
type Violation struct {
	// Path points at the value, as a JSON Pointer; "" is the whole body.
	Path    string `json:"path"`
	Message string `json:"message"`
}

// CompileSchema reads a JSON Schema, of the 2020-12 version unless its $schema
// names an older one. References lead inside the schema only: nothing is read
// from the network or from files. The error is a CodeInvalid that says what is
// wrong with the schema.
func CompileSchema(raw json.RawMessage) (_ *Schema, err error) {
	defer host.Wrap(&err, "payload.CompileSchema")
	if len(raw) > MaxSchemaBytes {
		return nil, host.Errorf(host.CodeInvalid, "schema must be at most %d bytes", MaxSchemaBytes)
	}
	doc, err := decodeInstance(raw)
	if err != nil {
		return nil, host.Errorf(host.CodeInvalid, "schema must be valid JSON: %s", err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, schemaError(err)
	}
	compiled, err := c.Compile(schemaURL)
	if err != nil {
		return nil, schemaError(err)
	}
	return &Schema{compiled}, nil
}

// schemaError makes the one sentence that a developer gets of a bad schema.
func schemaError(err error) error {
	var invalid *jsonschema.SchemaValidationError
	var violated *jsonschema.ValidationError
	if errors.As(err, &invalid) && errors.As(invalid.Err, &violated) {
		if list := violations(violated); len(list) > 0 {
			return host.Errorf(host.CodeInvalid, "schema is not a JSON Schema: at %q: %s", list[0].Path, list[0].Message)
		}
	}
	var load *jsonschema.LoadURLError
	if errors.As(err, &load) {
		return host.Errorf(host.CodeInvalid, "schema must not refer to %s: references lead inside the schema only", cut(strings.TrimPrefix(load.URL, schemaBase)))
	}
	return host.Errorf(host.CodeInvalid, "schema is not a JSON Schema: %s", cut(strings.ReplaceAll(err.Error(), schemaBase, "")))
}

// Validate checks a body. If it does not meet the schema, details is a
// []Violation with at most the first 20, for the client.
func (s *Schema) Validate(body []byte) (details any, ok bool) {
	instance, err := decodeInstance(body)
	if err != nil {
		return []Violation{{Message: "the body must be JSON: " + err.Error()}}, false
	}
	err = s.compiled.Validate(instance)
	if err == nil {
		return nil, true
	}
	var violated *jsonschema.ValidationError
	if errors.As(err, &violated) {
		return violations(violated), false
	}
	return []Violation{{Message: "the body cannot be checked"}}, false
}

// violations lists the leaves of a validation error: the rules that were
// broken, without the chain of references that led to them.
func violations(e *jsonschema.ValidationError) []Violation {
	var list []Violation
	var collect func(unit *jsonschema.OutputUnit)
	collect = func(unit *jsonschema.OutputUnit) {
		if len(unit.Errors) == 0 && unit.Error != nil && len(list) < maxViolations {
			list = append(list, Violation{unit.InstanceLocation, cut(unit.Error.String())})
		}
		for i := range unit.Errors {
			collect(&unit.Errors[i])
		}
	}
	collect(e.DetailedOutput())
	return list
}

func cut(message string) string {
	if len(message) <= maxViolation {
		return message
	}
	return strings.ToValidUTF8(message[:maxViolation], "") + "…"
}

// Bounds of a number that a schema is applied to. Schemas compare exact
// fractions: without bounds, 1e999999 would cost a client nothing and the host
// a million digits.
const (
	maxDigits   = 400
	maxExponent = 400
)

// decodeInstance reads JSON for the validator, numbers as json.Number.
func decodeInstance(raw []byte) (any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errors.New("it is empty")
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("it cannot be parsed")
	}
	return value, checkNumbers(value)
}

// checkNumbers refuses numbers out of bounds anywhere in value.
func checkNumbers(value any) error {
	switch v := value.(type) {
	case json.Number:
		if !modest(v.String()) {
			return errors.New("a number has too many digits or too large an exponent")
		}
	case []any:
		for _, item := range v {
			if err := checkNumbers(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, item := range v {
			if err := checkNumbers(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func modest(number string) bool {
	if len(number) > maxDigits {
		return false
	}
	_, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	n := 0
	for _, c := range strings.TrimLeft(exponent, "+-") {
		if n = 10*n + int(c-'0'); n > maxExponent {
			return false
		}
	}
	return true
}
