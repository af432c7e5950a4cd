package transfer

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// otherName is the column of what has no cell.
const otherName = "__other"

// maxColumns bounds the fields that have columns.
const maxColumns = 10_000

// column is a field as cells hold it.
type column struct {
	name string // the path as it is written
	path host.Path
	text bool // whether a cell is a text whatever it looks like
}

// parse reads a cell; nil stands for a missing field.
func (c *column) parse(cell string) (json.RawMessage, error) {
	switch {
	case cell == "":
		return nil, nil
	case !utf8.ValidString(cell):
		return nil, fault("%.100s must be valid UTF-8", c.name)
	case !c.text && json.Valid([]byte(cell)):
		return json.RawMessage(cell), nil
	}
	return host.AppendText(nil, cell), nil
}

// format writes a value for parse; ok is false if no cell would be read as it.
func (c *column) format(value json.RawMessage) (cell string, ok bool) {
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return string(value), !c.text
	}
	// Readers of CSV drop a carriage return before a line feed.
	plain := text != "" && !strings.Contains(text, "\r")
	switch {
	case plain && (c.text || !json.Valid([]byte(text))):
		return text, true
	case c.text:
		return "", false
	}
	return string(value), true
}

// isText reports whether a part of a JSON Schema admits nothing but texts, or
// texts and null. Where that takes more than a look, it says no.
func (t *typing) isText(path host.Path) bool {
	node := t.resolve(t.root)
	for _, name := range path {
		properties, _ := node["properties"].(map[string]any)
		next, _ := properties[name].(map[string]any)
		node = t.resolve(next)
	}
	only := func(v any) bool { return v == "string" || v == "null" }
	switch kind := node["type"].(type) {
	case string:
		return kind == "string"
	case []any:
		return slices.Contains(kind, any("string")) && !slices.ContainsFunc(kind, func(v any) bool { return !only(v) })
	}
	return false
}

// typing tells from an object's schema what its fields are.
type typing struct {
	raw  json.RawMessage
	root map[string]any
}

func newTyping(schema json.RawMessage) *typing {
	t := &typing{raw: schema}
	_ = json.Unmarshal(schema, &t.root) // true and false say nothing about fields
	return t
}

// maxReferences bounds the references that follow one another.
const maxReferences = 16

// resolve follows references within the schema, such as "#/$defs/name".
func (t *typing) resolve(node map[string]any) map[string]any {
	for range maxReferences {
		reference, ok := node["$ref"].(string)
		if !ok {
			return node
		}
		node = t.root
		for name := range strings.SplitSeq(strings.TrimPrefix(reference, "#"), "/") {
			if name != "" {
				node, _ = node[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)].(map[string]any)
			}
		}
	}
	return nil
}

// names lists the properties of the schema in the order they are written in.
func (t *typing) names() (names []string) {
	var top struct {
		Properties json.RawMessage `json:"properties"`
	}
	if json.Unmarshal(t.raw, &top) != nil {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(top.Properties)))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	for decoder.More() {
		name, _ := decoder.Token()
		var skipped json.RawMessage
		if decoder.Decode(&skipped) != nil {
			return names
		}
		names = append(names, name.(string))
	}
	return names
}

// columns makes columns of names of fields, each once. Names that no path has
// get none, nor do those that readers of CSV would change.
func (t *typing) columns(names []string) []column {
	var out []column
	seen := map[string]bool{}
	for _, name := range names {
		path, err := host.ParsePath(host.Path{name}.String())
		if err != nil || seen[name] || strings.HasPrefix(name, "__") || strings.Contains(name, "\r") || len(out) == maxColumns {
			continue
		}
		seen[name] = true
		out = append(out, column{path.String(), path, t.isText(path)})
	}
	return out
}
