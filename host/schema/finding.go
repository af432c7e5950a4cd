package schema

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/posternhq/postern/host"
)

// Finding is a violation in the form that form builders and API tools know from
// the validator Ajv.
type Finding struct {
	Keyword    string         `json:"keyword"`    // the rule: "required"
	DataPath   string         `json:"dataPath"`   // the value: ".items[0].name"; "" is the whole document
	SchemaPath string         `json:"schemaPath"` // where the rule stands: "#/properties/items/items/required"
	Params     map[string]any `json:"params"`     // of the rule: {"missingProperty":"email"}
	Message    string         `json:"message"`    // "should have required property 'email'"
}

// Find lists how a document breaks the rules, at most the first 20; none if it
// meets the schema. Errors: CodeInvalid for what is no JSON, has numbers out of
// bounds, or takes too long.
func (s *Schema) Find(document []byte) ([]Finding, error) {
	defer take(document)()
	instance, err := decodeInstance(document)
	if err != nil {
		return nil, host.Errorf(host.CodeInvalid, "the document must be JSON: %s", err)
	}
	violated, err := s.check(instance)
	if violated == nil {
		return nil, err
	}
	var found []Finding
	collect(violated, &found)
	return found, nil
}

// collect adds the findings of an error and of what caused it.
func collect(e *jsonschema.ValidationError, found *[]Finding) {
	switch e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		// These only lead to the rules that were broken.
	default:
		for _, broken := range describe(e.ErrorKind) {
			if len(*found) == maxViolations {
				return
			}
			broken.DataPath, broken.SchemaPath = dataPath(e.InstanceLocation), schemaPath(e)
			broken.Message = cut(broken.Message)
			if broken.Keyword == "" {
				broken.Keyword = broken.SchemaPath[strings.LastIndexByte(broken.SchemaPath, '/')+1:]
			}
			*found = append(*found, broken)
		}
	}
	for _, cause := range e.Causes {
		collect(cause, found)
	}
}

// plainName is a member that is written with a dot in a data path.
var plainName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// dataPath writes a place as JavaScript does.
func dataPath(location []string) string {
	var b strings.Builder
	for _, name := range location {
		switch _, err := strconv.ParseUint(name, 10, 32); {
		case err == nil:
			b.WriteString("[" + name + "]")
		case plainName.MatchString(name):
			b.WriteString("." + name)
		default:
			b.WriteString("['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "']")
		}
	}
	return b.String()
}

// schemaPath is the place of the rule within the schema.
func schemaPath(e *jsonschema.ValidationError) string {
	_, fragment, _ := strings.Cut(e.SchemaURL, "#")
	path := "#" + fragment
	for _, keyword := range e.ErrorKind.KeywordPath() {
		path += "/" + keyword
	}
	return path
}
