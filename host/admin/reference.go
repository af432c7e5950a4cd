package admin

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// The reference at /docs is one page made from the OpenAPI document, with a
// style sheet of its own. It has no scripts and loads nothing from elsewhere.
var (
	//go:embed reference.html
	referenceHTML string
	//go:embed reference.css
	referenceCSS string

	referencePage = template.Must(template.New("reference").Parse(referenceHTML))
)

// referencePolicy forbids a browser everything but that style sheet.
const referencePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// reference serves the page, made once.
func (a *API) reference(app *fiber.App) {
	var page bytes.Buffer
	if err := referencePage.Execute(&page, newReference(a.huma.OpenAPI())); err != nil {
		panic(fmt.Sprintf("reference.html, which is part of this package: %v", err))
	}
	app.Get("/docs", serveStatic(fiber.MIMETextHTMLCharsetUTF8, page.String()))
	app.Get("/docs/reference.css", serveStatic("text/css; charset=utf-8", referenceCSS))
}

func serveStatic(mediaType, content string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, mediaType)
		c.Set(fiber.HeaderContentSecurityPolicy, referencePolicy)
		c.Set(fiber.HeaderCacheControl, "no-cache") // the next version has other pages
		return c.SendString(content)
	}
}

// reference is what the page shows.
type reference struct {
	Title, Description, Key string
	Sections                []referenceSection
}

// referenceSection is the operations of a tag.
type referenceSection struct {
	Name, ID   string
	Operations []referenceOperation
}

type referenceOperation struct {
	ID, Method, Path, Summary string
	Who                       string // may call it
	Parameters, Body          []referenceField
	Request                   string // example
	Responses                 []referenceResponse
}

// referenceField is a parameter or a member of a body; Name holds the path to
// it, such as endpoints[].path.
type referenceField struct {
	Name, Place, Type, Description string
	Required                       bool
}

type referenceResponse struct {
	Status, Meaning, Example string
	Fields                   []referenceField
	Failure                  bool
}

func newReference(document *huma.OpenAPI) reference {
	r := reference{Title: document.Info.Title, Description: document.Info.Description}
	if scheme := document.Components.SecuritySchemes["organizationKey"]; scheme != nil {
		r.Key = scheme.Name
	}
	f := fields{document.Components.Schemas}
	all := operations(document)
	// What takes no key is for programs; it comes behind what people look for.
	slices.SortStableFunc(all, func(x, y *huma.Operation) int { return min(len(y.Security), 1) - min(len(x.Security), 1) })
	for _, op := range all {
		i := slices.IndexFunc(r.Sections, func(s referenceSection) bool { return s.Name == op.Tags[0] })
		if i < 0 {
			i = len(r.Sections)
			r.Sections = append(r.Sections, referenceSection{Name: op.Tags[0], ID: strings.ReplaceAll(op.Tags[0], " ", "-")})
		}
		r.Sections[i].Operations = append(r.Sections[i].Operations, f.operation(op))
	}
	return r
}

// fields describes schemas, whose references it looks up.
type fields struct{ schemas huma.Registry }

func (f fields) operation(op *huma.Operation) referenceOperation {
	out := referenceOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Who: whoMay(rights[op.OperationID])}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, referenceField{p.Name, p.In, f.typeOf(p.Schema), p.Description, p.Required})
	}
	if op.RequestBody != nil {
		if media := op.RequestBody.Content[jsonType]; media != nil {
			out.Body, out.Request = f.members(media.Schema, "", 0), indent(media.Example)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		shown := referenceResponse{Status: status, Meaning: response.Description, Failure: status >= "4"}
		if media := response.Content[jsonType]; media != nil {
			shown.Example = indent(media.Example)
			if !shown.Failure {
				shown.Fields = f.members(media.Schema, "", 0)
			}
		}
		out.Responses = append(out.Responses, shown)
	}
	return out
}

// whoMay says who may use a route.
func whoMay(r right) string {
	switch {
	case r.least == "":
		return "needs no key"
	case r.within == notLimited:
		return "needs the role " + string(r.least)
	}
	within := strings.Replace(string(r.within), "others are", "other environments are", 1)
	return "needs the role " + string(r.least) + "; " + within
}

// maxDepth is how deep the page lists members of members.
const maxDepth = 3

// members lists the members of an object, and theirs.
func (f fields) members(s *huma.Schema, prefix string, depth int) (out []referenceField) {
	s = f.resolve(s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		member := s.Properties[name]
		out = append(out, referenceField{prefix + name, "", f.typeOf(member), member.Description, slices.Contains(s.Required, name)})
		inner, path := f.resolve(member), prefix+name+"."
		if inner.Items != nil {
			inner, path = f.resolve(inner.Items), prefix+name+"[]."
		}
		if depth < maxDepth {
			out = append(out, f.members(inner, path, depth+1)...)
		}
	}
	return out
}

// resolve follows references; of a choice it takes the first.
func (f fields) resolve(s *huma.Schema) *huma.Schema {
	for {
		switch {
		case s.Ref != "":
			s = f.schemas.SchemaFromRef(s.Ref)
		case len(s.AnyOf) > 0:
			s = s.AnyOf[0]
		default:
			return s
		}
	}
}

// typeOf names the type of a value in a few words.
func (f fields) typeOf(s *huma.Schema) string {
	inner := f.resolve(s)
	name := inner.Type
	switch {
	case name == "":
		name = "any JSON"
	case name == huma.TypeArray:
		name = "list of " + f.typeOf(inner.Items)
	case inner.Format == "date-time":
		name = "time"
	}
	if inner.Nullable || len(s.AnyOf) > 0 {
		name += " or null"
	}
	return name
}

// indent shows an example as JSON, "" for none.
func indent(example any) string {
	if example == nil {
		return ""
	}
	text, err := json.MarshalIndent(example, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}
