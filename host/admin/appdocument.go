package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/posternhq/postern/host"
)

// object is a JSON object of an app's OpenAPI document.
type object = map[string]any

func (a *API) documentRoutes() {
	register(a, operation{id: "get-app-openapi", method: get, path: "/v1/apps/{app}/openapi.json", summary: "Describe an app's own endpoints in OpenAPI 3.1", tag: "apps"}, a.appOpenAPI)
}

type documentOutput struct {
	Body map[string]any
}

func (a *API) appOpenAPI(ctx context.Context, in *AppPath) (*documentOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	release, err := a.active(ctx, app.ID)
	if err != nil {
		return nil, err
	}
	issuers, _, err := a.Store.Issuers(ctx, app.ID, host.Page{Limit: host.MaxPageLimit})
	if err != nil {
		return nil, err
	}
	d := newAppDocument(app, release, issuers)
	return &documentOutput{d.root}, nil
}

// appDocument is the OpenAPI document of an app, being made.
type appDocument struct {
	root, paths, schemas object
	security             []object // of endpoints that require authentication
	ids                  map[string]bool
	// templates are the paths so far by their shape: OpenAPI takes paths that
	// differ in the names of parameters alone for the same.
	templates map[string]host.Template
}

// componentName is what OpenAPI allows as the name of a schema.
var componentName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

func newAppDocument(app *host.App, release *host.Release, issuers []*host.Issuer) *appDocument {
	d := &appDocument{paths: object{}, schemas: object{"Error": errorSchema()}, ids: map[string]bool{}, templates: map[string]host.Template{}}
	schemes := d.securitySchemes(issuers)
	info := object{"title": app.Name, "version": strconv.Itoa(release.Number)}
	if app.Description != nil && *app.Description != "" {
		info["description"] = *app.Description
	}
	d.root = object{
		"openapi": "3.1.0", "info": info, "servers": servers(app), "paths": d.paths,
		"components": object{
			"schemas": d.schemas, "securitySchemes": schemes,
			"responses": object{"Error": object{"description": "An error", "content": jsonContent(object{"$ref": "#/components/schemas/Error"})}},
		},
	}
	// The oldest first, so that a later one of the same name does not take
	// over an id that clients were generated with.
	endpoints := slices.Clone(release.Endpoints)
	slices.SortFunc(endpoints, func(x, y host.Endpoint) int { return strings.Compare(x.ID, y.ID) })
	for i := range endpoints {
		if endpoints[i].Enabled {
			d.add(&endpoints[i])
		}
	}
	return d
}

func jsonContent(schema any) object {
	return object{jsonType: object{"schema": schema}}
}

func errorSchema() object {
	text := func(what string) object { return object{"type": "string", "description": what} }
	return object{
		"type": "object", "required": []string{"error", "code", "request_id"},
		"properties": object{
			"error": text("What went wrong, for a person"), "code": text("What went wrong, for a program"), "request_id": text("Names the request in the log"),
			"details": object{"description": "More about it: for a body that does not meet its schema, a list of paths and messages"},
		},
	}
}

// servers are where the app answers: its domains, and a path on every host that
// is no app's domain.
func servers(app *host.App) []object {
	var out []object
	for _, domain := range app.Domains {
		out = append(out, object{"url": "https://" + domain})
	}
	path := "/run/" + app.Slug
	if app.Environment != host.Production {
		path += "@" + app.Environment
	}
	return append(out, object{"url": path})
}

// securitySchemes are the ways to show a credential. Any one will do.
func (d *appDocument) securitySchemes(issuers []*host.Issuer) object {
	schemes := object{
		"key":      object{"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key, ask_…, or a token"},
		"keyQuery": object{"type": "apiKey", "in": "query", "name": "api_key", "description": "The same, for clients that cannot set headers"},
		"token":    object{"type": "http", "scheme": "bearer", "description": "A token, or a key"},
	}
	names := []string{"key", "token", "keyQuery"}
	var trusted []string
	for _, issuer := range issuers {
		if issuer.Enabled {
			trusted = append(trusted, issuer.Issuer)
		}
	}
	if trusted != nil {
		schemes["jwt"] = object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A JWT of " + strings.Join(trusted, " or ")}
		names = append(names, "jwt")
	}
	for _, name := range names {
		d.security = append(d.security, object{name: []string{}})
	}
	return schemes
}

// add describes an endpoint.
func (d *appDocument) add(e *host.Endpoint) {
	id := d.operationID(e)
	op := object{"operationId": id, "summary": e.Name, "security": []object{}}
	if e.RequiresAuthentication {
		op["security"] = d.security
	}
	template, err := host.ParseTemplate(e.Path)
	if err != nil {
		return // no stored endpoint has such a path
	}
	if first, taken := d.templates[template.Shape()]; taken {
		template = first
	}
	d.templates[template.Shape()] = template
	if parameters := pathParameters(template); parameters != nil {
		op["parameters"] = parameters
	}
	statuses := []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	if takesBody(e.Method) {
		op["requestBody"] = d.requestBody(id, e)
		statuses = append(statuses, http.StatusRequestEntityTooLarge)
	}
	responses := object{"200": d.answer(id, e)}
	for _, status := range statuses {
		responses[strconv.Itoa(status)] = object{"$ref": "#/components/responses/Error"}
	}
	op["responses"] = responses
	item, _ := d.paths[template.String()].(object)
	if item == nil {
		item = object{}
		d.paths[template.String()] = item
	}
	item[strings.ToLower(e.Method)] = op
}

// operationID is made of the endpoint's name, which need not be unique, or of
// its method and path if the name has nothing that an id may have.
func (d *appDocument) operationID(e *host.Endpoint) string {
	base := host.Slug(e.Name)
	if !strings.ContainsFunc(e.Name, func(r rune) bool { return r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }) {
		base = host.Slug(e.Method + " " + e.Path)
	}
	id := base
	for n := 2; d.ids[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	d.ids[id] = true
	return id
}

func pathParameters(t host.Template) (out []object) {
	for _, s := range t.Segments {
		if s.Parameter != "" {
			out = append(out, object{"name": s.Parameter, "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	return out
}

func takesBody(method string) bool {
	return method == post || method == patch || method == http.MethodPut || method == remove
}

func (d *appDocument) requestBody(id string, e *host.Endpoint) object {
	if e.RequestSchema == nil {
		return object{"content": object{"*/*": object{"schema": object{}}}}
	}
	return object{"required": true, "content": jsonContent(d.schema(id+"-body", e.RequestSchema))}
}

func (d *appDocument) answer(id string, e *host.Endpoint) object {
	answer := object{"description": "The module's answer; it may choose another status"}
	if e.ResponseSchema != nil {
		answer["content"] = jsonContent(d.schema(id+"-answer", e.ResponseSchema))
	}
	return answer
}

// schema makes a component of an endpoint's JSON Schema and returns a reference
// to it. Its definitions become components, too, because many generators look
// for schemas nowhere else.
func (d *appDocument) schema(name string, raw json.RawMessage) object {
	here := "#/components/schemas/" + name
	reference := object{"$ref": here}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return object{} // no stored schema is malformed
	}
	if admits, ok := value.(bool); ok { // as objects, for generators
		value = object{}
		if !admits {
			value = object{"not": object{}}
		}
	}
	d.schemas[name] = value
	schema, ok := value.(object)
	if !ok || !refersWithin(schema, true) {
		return reference
	}
	delete(schema, "$id")
	delete(schema, "$schema") // OpenAPI 3.1 means the same
	places := d.hoist(name, schema)
	redirect(schema, here, places)
	for _, place := range places {
		redirect(d.schemas[strings.TrimPrefix(place, "#/components/schemas/")], here, places)
	}
	return reference
}

// refersWithin reports whether all references of a schema are to places in
// itself. One that is named by an inner $id, or refers to its own by name, has
// to stay as it is.
func refersWithin(value any, top bool) bool {
	switch value := value.(type) {
	case object:
		for word, inner := range value {
			text, isText := inner.(string)
			if isText && (word == "$id" && !top || word == "$ref" && !strings.HasPrefix(text, "#")) || !refersWithin(inner, false) {
				return false
			}
		}
	case []any:
		for _, inner := range value {
			if !refersWithin(inner, false) {
				return false
			}
		}
	}
	return true
}

// hoist makes components of a schema's definitions. It returns where they are
// now, by where they were.
func (d *appDocument) hoist(name string, schema object) map[string]string {
	places := map[string]string{}
	for _, word := range []string{"$defs", "definitions"} {
		definitions, _ := schema[word].(object)
		for each, definition := range definitions {
			component := name + "-" + each
			if !componentName.MatchString(each) || d.schemas[component] != nil {
				continue // it stays where it is
			}
			places["#/"+word+"/"+each] = "#/components/schemas/" + component
			d.schemas[component] = definition
			delete(definitions, each)
		}
		if len(definitions) == 0 {
			delete(schema, word)
		}
	}
	return places
}

// redirect lets the references of a schema lead to where their targets are now.
func redirect(value any, here string, places map[string]string) {
	schema, ok := value.(object)
	if !ok {
		return
	}
	if reference, ok := schema["$ref"].(string); ok && strings.HasPrefix(reference, "#") {
		schema["$ref"] = moved(reference, here, places)
	}
	for word, inner := range schema {
		switch word {
		case "const", "enum", "default", "examples":
			// Values, not schemas.
		case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
			named, _ := inner.(object)
			for _, each := range named {
				redirect(each, here, places)
			}
		default:
			redirect(inner, here, places)
			list, _ := inner.([]any)
			for _, each := range list {
				redirect(each, here, places)
			}
		}
	}
}

// moved is where a reference within a schema leads in the document.
func moved(reference, here string, places map[string]string) string {
	for from, to := range places {
		if rest, ok := strings.CutPrefix(reference, from); ok && (rest == "" || rest[0] == '/') {
			return to + rest
		}
	}
	return here + strings.TrimPrefix(reference, "#")
}
