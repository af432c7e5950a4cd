// Package schema applies JSON Schema to what developers and clients send: to the
// bodies of requests and responses, and to the records of objects.
//
// It owns which schemas are admitted, the bounds of both schemas and instances,
// and how a violation is told. It must not know where a schema is kept or what
// is done with a document that does not meet it. Schemas and documents are
// hostile: nothing is read from files or the network on their behalf.
package schema

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/posternhq/postern/host"
)

// Bounds of a schema and of what is said about a document.
const (
	// MaxBytes is the largest schema.
	MaxBytes      = 64 << 10
	maxViolations = 20
	maxViolation  = 300 // bytes of one message
)

// base resolves relative references of a schema to names that nothing
// can load. (Beside a URN they would resolve to the schema itself.)
const (
	base     = "postern:///"
	location = base + "schema"
)

// Schema is a compiled JSON Schema. It is safe for concurrent use.
type Schema struct {
	compiled *jsonschema.Schema
	pace     *pace
}

// Violation is one way in which a document does not meet a schema.
type Violation struct {
	// Path points at the value, as a JSON Pointer; "" is the whole document.
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Compile reads a JSON Schema, of the 2020-12 version unless its $schema
// names an older one. References lead inside the schema only: nothing is read
// from the network or from files. The error is a CodeInvalid that says what is
// wrong with the schema.
func Compile(raw json.RawMessage) (_ *Schema, err error) {
	defer host.Wrap(&err, "schema.Compile")
	if len(raw) > MaxBytes {
		return nil, host.Errorf(host.CodeInvalid, "schema must be at most %d bytes", MaxBytes)
	}
	doc, err := decodeInstance(raw)
	if err != nil {
		return nil, host.Errorf(host.CodeInvalid, "schema must be valid JSON: %s", err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	p := &pace{}
	c.UseRegexpEngine(p.compilePattern)
	c.RegisterVocabulary(p.vocabulary())
	c.AssertVocabs()
	if err := c.AddResource(location, doc); err != nil {
		return nil, schemaError(err)
	}
	compiled, err := c.Compile(location)
	if err != nil {
		return nil, schemaError(err)
	}
	return &Schema{compiled, p}, nil
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
		return host.Errorf(host.CodeInvalid, "schema must not refer to %s: references lead inside the schema only", cut(strings.TrimPrefix(load.URL, base)))
	}
	return host.Errorf(host.CodeInvalid, "schema is not a JSON Schema: %s", cut(strings.ReplaceAll(err.Error(), base, "")))
}

// Validate checks a body. If it does not meet the schema, details is a
// []Violation with at most the first 20, for the client.
func (s *Schema) Validate(body []byte) (details any, ok bool) {
	defer take(body)()
	instance, err := decodeInstance(body)
	if err != nil {
		return []Violation{{Message: "the body must be JSON: " + err.Error()}}, false
	}
	violated, err := s.check(instance)
	switch {
	case err != nil:
		return []Violation{{Message: host.AsError(err).Message}}, false
	case violated != nil:
		return violations(violated), false
	}
	return nil, true
}

// check holds an instance against the schema: violated is nil if it meets it.
// Errors: CodeInvalid if that cannot be told.
func (s *Schema) check(instance any) (violated *jsonschema.ValidationError, err error) {
	if !s.pace.within(func() { err = s.compiled.Validate(instance) }) {
		return nil, host.Errorf(host.CodeInvalid, "the schema takes too long to check this")
	}
	if err == nil || errors.As(err, &violated) {
		return violated, nil
	}
	return nil, host.Caused(host.CodeInvalid, err, "the document cannot be checked")
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
