package admin_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOpenAPI_Lint holds the document against the rules of OpenAPI 3.1 that
// are ours to keep, and against what a reader needs.
func TestOpenAPI_Lint(t *testing.T) {
	t.Parallel()
	d := loadDocument(t)
	if version := d.root["openapi"]; version != "3.1.0" {
		t.Errorf("openapi is %v", version)
	}
	parameters := regexp.MustCompile(`\{(\w+)\}`)
	for id, op := range d.operations {
		l := linter{t, d, id}
		l.texts(op.object, "summary")
		if tags, _ := op.object["tags"].([]any); len(tags) != 1 {
			l.fault("has no single tag")
		}
		declared := l.parameters(op.object)
		for _, match := range parameters.FindAllStringSubmatch(op.path, -1) {
			if !slices.Contains(declared, "path "+match[1]) {
				l.fault("does not declare the path parameter %s", match[1])
			}
		}
		l.security(op.object)
		l.responses(op.object)
		if body, ok := op.object["requestBody"].(map[string]any); ok {
			l.content("requestBody", body)
			l.written(body)
		}
	}
	for name, schema := range d.root["components"].(map[string]any)["schemas"].(map[string]any) {
		linter{t, d, "schema " + name}.schema("", schema)
	}
}

type linter struct {
	*testing.T
	document *document
	subject  string
}

func (l linter) fault(format string, args ...any) {
	l.Helper()
	l.Errorf("%s: %s", l.subject, fmt.Sprintf(format, args...))
}

func (l linter) texts(object map[string]any, names ...string) {
	for _, name := range names {
		if text, _ := object[name].(string); strings.TrimSpace(text) == "" {
			l.fault("has no %s", name)
		}
	}
}

// parameters returns "place name" of each.
func (l linter) parameters(op map[string]any) (declared []string) {
	list, _ := op["parameters"].([]any)
	for _, each := range list {
		p := each.(map[string]any)
		l.texts(p, "name", "in")
		declared = append(declared, fmt.Sprint(p["in"], " ", p["name"]))
		if p["in"] == "path" && p["required"] != true {
			l.fault("path parameter %s is not required", p["name"])
		}
		if p["in"] != "header" {
			l.texts(p, "description")
		}
		l.schema("parameter "+p["name"].(string), p["schema"])
	}
	if slices.Sort(declared); len(slices.Compact(slices.Clone(declared))) != len(declared) {
		l.fault("declares a parameter twice: %v", declared)
	}
	return declared
}

// written wants a description of every field of a request: whoever writes it
// must learn what it does.
func (l linter) written(body map[string]any) {
	for _, media := range body["content"].(map[string]any) {
		ref, _ := media.(map[string]any)["schema"].(map[string]any)["$ref"].(string)
		schema, _ := l.document.root["components"].(map[string]any)["schemas"].(map[string]any)[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
		fields, _ := schema["properties"].(map[string]any)
		for name, field := range fields {
			linter{l.T, l.document, l.subject + ": field " + name}.texts(field.(map[string]any), "description")
		}
	}
}

// security must name schemes that are there; only an operation without any
// goes without 401.
func (l linter) security(op map[string]any) {
	schemes := l.document.root["components"].(map[string]any)["securitySchemes"].(map[string]any)
	list, _ := op["security"].([]any)
	for _, each := range list {
		for name := range each.(map[string]any) {
			if schemes[name] == nil {
				l.fault("names the security scheme %s, which does not exist", name)
			}
		}
	}
	if refused := op["responses"].(map[string]any)["401"] != nil; refused != (len(list) > 0) {
		l.fault("with %d security requirements answers 401: %t", len(list), refused)
	}
}

func (l linter) responses(op map[string]any) {
	responses := op["responses"].(map[string]any)
	statuses := slices.Sorted(maps.Keys(responses))
	if len(statuses) == 0 || !strings.HasPrefix(statuses[0], "2") {
		l.fault("answers only %v", statuses)
	}
	for status, each := range responses {
		response := each.(map[string]any)
		if !regexp.MustCompile(`^[245]\d\d$`).MatchString(status) {
			l.fault("answers %q", status)
		}
		l.texts(response, "description")
		l.content(status, response)
		if status < "4" {
			continue
		}
		media, _ := response["content"].(map[string]any)["application/json"].(map[string]any)
		if schema, _ := media["schema"].(map[string]any); schema["$ref"] != "#/components/schemas/Failure" || media["example"] == nil {
			l.fault("%s is not described as an error with an example", status)
		}
	}
}

func (l linter) content(place string, object map[string]any) {
	content, _ := object["content"].(map[string]any)
	if len(content) == 0 {
		l.fault("%s has no content", place)
	}
	for mediaType, media := range content {
		l.schema(place+" "+mediaType, media.(map[string]any)["schema"])
	}
}

// schema demands a type of every value and every member, however deep; what may
// be any JSON says so in its description.
func (l linter) schema(place string, each any) {
	schema, ok := each.(map[string]any)
	if !ok {
		l.fault("%s has no schema", place)
		return
	}
	if schema["type"] == nil && schema["$ref"] == nil && schema["anyOf"] == nil && schema["description"] == nil {
		l.fault("%s has neither a type nor a description", place)
	}
	if ref, ok := schema["$ref"].(string); ok {
		name, found := strings.CutPrefix(ref, "#/components/schemas/")
		if !found || l.document.root["components"].(map[string]any)["schemas"].(map[string]any)[name] == nil {
			l.fault("%s refers to %s, which does not exist", place, ref)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, member := range properties {
		l.schema(place+"/"+name, member)
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if properties[name.(string)] == nil {
			l.fault("%s requires %s, which it does not have", place, name)
		}
	}
	if items, ok := schema["items"]; ok || schema["type"] == "array" {
		l.schema(place+"[]", items)
	}
	choices, _ := schema["anyOf"].([]any)
	for _, choice := range choices {
		l.schema(place, choice)
	}
}
