package admin

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
)

// This file completes the OpenAPI document that huma makes from the handlers'
// types: what their types do not say.

func init() {
	// Lists in our answers are never null; bodies say where theirs may be.
	huma.DefaultArrayNullable = false
}

// examplesJSON is what the examples in the document are: requests in the order
// in which a test sends them, with the answers it got.
//
//go:embed examples.json
var examplesJSON []byte

// example is one request and its answer.
type example struct {
	Operation string            `json:"operation"`
	Path      map[string]string `json:"path,omitempty"`
	Query     map[string]string `json:"query,omitempty"`
	File      string            `json:"file,omitempty"` // of a body that is no JSON
	Body      json.RawMessage   `json:"body,omitempty"`
	Status    int               `json:"status,omitempty"`
	Answer    json.RawMessage   `json:"answer,omitempty"`
}

// complete adds errors, examples and what may be null to the document.
func (a *API) complete() {
	document := a.huma.OpenAPI()
	for _, schema := range document.Components.Schemas.Map() {
		completeSchema(schema)
	}
	var examples []example
	if err := json.Unmarshal(examplesJSON, &examples); err != nil {
		panic(fmt.Sprintf("examples.json, which is part of this package: %v", err))
	}
	for _, op := range operations(document) {
		addErrors(op)
		i := slices.IndexFunc(examples, func(e example) bool { return e.Operation == op.OperationID })
		if i >= 0 {
			examples[i].addTo(op)
		}
	}
}

// operations are those of the document, by path and method.
func operations(document *huma.OpenAPI) []*huma.Operation {
	var out []*huma.Operation
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		item := document.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				out = append(out, op)
			}
		}
	}
	return out
}

// completeSchema says that rate limits may be null, as none is required of
// anybody, and what members without a type are. They get no list of types:
// generators of clients know what to make of none, not of many.
func completeSchema(schema *huma.Schema) {
	for name, member := range schema.Properties {
		switch {
		case strings.HasSuffix(member.Ref, "/RateLimit"):
			schema.Properties[name] = &huma.Schema{
				Description: member.Description,
				AnyOf:       []*huma.Schema{{Ref: member.Ref}, {Extensions: map[string]any{"type": "null"}}},
			}
		case strings.HasSuffix(name, "_schema") && isUntyped(member):
			member.Description = "JSON Schema 2020-12; null for none"
		case isUntyped(member) && member.Description == "":
			member.Description = "Any JSON"
		}
	}
}

func isUntyped(s *huma.Schema) bool { return s.Type == "" && s.Ref == "" && s.AnyOf == nil }

// problems are the errors that an operation may answer, beside the example that
// the document shows of each.
var problems = map[int]failure{
	http.StatusBadRequest:            {Text: "timeout_ms must be a whole number", Code: string(host.CodeInvalid)},
	http.StatusUnauthorized:          {Text: "Invalid or revoked API key", Code: string(host.CodeUnauthorized)},
	http.StatusForbidden:             {Text: "This needs the role admin; yours is developer", Code: string(host.CodeForbidden)},
	http.StatusNotFound:              {Text: "App not found", Code: string(host.CodeNotFound)},
	http.StatusConflict:              {Text: "An app with this name already exists in this environment", Code: string(host.CodeConflict)},
	http.StatusPreconditionFailed:    {Text: `It has changed since: If-Match is "1", the current ETag is "2"`, Code: string(host.CodeStale)},
	http.StatusRequestEntityTooLarge: {Text: "The body is larger than this route takes", Code: string(host.CodeTooLarge)},
	http.StatusTooManyRequests:       {Text: "Too many requests with credentials that are not valid", Code: string(host.CodeRateLimited)},
	http.StatusInternalServerError:   {Text: "Internal error", Code: string(host.CodeInternal)},
	http.StatusServiceUnavailable:    {Text: "The change is saved, but is not in force yet", Code: string(host.CodeUnavailable)},
}

// addErrors documents the errors that follow from what the operation takes.
func addErrors(op *huma.Operation) {
	statuses := []int{http.StatusInternalServerError}
	if len(op.Security) > 0 {
		statuses = append(statuses, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	}
	if strings.Contains(op.Path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	if op.RequestBody != nil {
		statuses = append(statuses, http.StatusRequestEntityTooLarge)
	}
	if op.Method != get {
		statuses = append(statuses, http.StatusConflict, http.StatusServiceUnavailable)
	}
	if slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "If-Match" }) {
		statuses = append(statuses, http.StatusPreconditionFailed)
	}
	delete(op.Responses, "default")
	for _, status := range statuses {
		shown := problems[status]
		shown.RequestID = "01932b7a-0000-7000-8000-000000000000"
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content: map[string]*huma.MediaType{jsonType: {
				Schema: &huma.Schema{Ref: "#/components/schemas/Failure"}, Example: shown,
			}},
		}
	}
}

// addTo shows the example in the document.
func (e example) addTo(op *huma.Operation) {
	for _, p := range op.Parameters {
		if value, ok := e.Path[p.Name]; ok {
			p.Example = value
		}
		if value, ok := e.Query[p.Name]; ok {
			p.Example = value
		}
	}
	if e.Body != nil {
		op.RequestBody.Content[jsonType].Example = e.Body
	}
	if response := op.Responses[strconv.Itoa(e.Status)]; response != nil && e.Answer != nil {
		response.Content[jsonType].Example = e.Answer
	}
}
