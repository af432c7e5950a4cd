package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// readSettings reads the settings of the file, strictly: an unknown or
// repeated key, a secret and a value that is no scalar or list are faults.
func readSettings(name string, readFile func(string) ([]byte, error)) (map[string]given, []Fault) {
	if name == "" {
		return nil, nil
	}
	content, err := readFile(name)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, []Fault{{Source: name, Message: "cannot be read: " + err.Error()}}
	}
	file, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, []Fault{{Source: name, Message: "is not valid YAML: " + firstLine(err)}}
	}
	settings, faults := map[string]given{}, []Fault(nil)
	for _, doc := range file.Docs {
		for _, entry := range entries(doc.Body) {
			source := fmt.Sprintf("%s:%d", name, entry.GetToken().Position.Line)
			if fault := readEntry(entry, source, settings); fault != nil {
				faults = append(faults, *fault)
			}
		}
		if doc.Body != nil && entries(doc.Body) == nil && doc.Body.Type() != ast.CommentType {
			faults = append(faults, Fault{Source: name, Message: "must hold lines such as “listen: 127.0.0.1:8080”"})
		}
	}
	return settings, faults
}

// entries returns the key-value pairs of a mapping, nil for anything else.
func entries(node ast.Node) []*ast.MappingValueNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// readEntry adds one pair to settings, or says what is wrong with it.
func readEntry(entry *ast.MappingValueNode, source string, settings map[string]given) *Fault {
	key := entry.Key.GetToken().Value
	s := find(key)
	switch {
	case s == nil:
		return &Fault{Setting: key, Source: source, Message: "is no setting"}
	case s.secret:
		return &Fault{Setting: key, Source: source, Message: "is a secret: give it as " + s.variable()}
	}
	if _, repeated := settings[key]; repeated {
		return &Fault{Setting: key, Source: source, Message: "is given twice"}
	}
	text, ok := scalar(entry.Value)
	if items, isList := entry.Value.(*ast.SequenceNode); isList && s.plain == "list" {
		text, ok = scalars(items)
	}
	if !ok {
		return &Fault{Setting: key, Source: source, Message: "must be a plain value"}
	}
	settings[key] = given{text, source}
	return nil
}

func find(name string) *setting {
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}

// scalar is the text of a plain value as it was written; null is "".
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.NullNode:
		return "", true
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func scalars(items *ast.SequenceNode) (string, bool) {
	var texts []string
	for _, item := range items.Values {
		text, ok := scalar(item)
		if !ok {
			return "", false
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ","), true
}

// firstLine drops the excerpt of the file that the parser adds to its errors:
// a configuration file may hold what should not be logged.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
