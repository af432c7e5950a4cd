package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// yamlFile is a YAML document as plain values, with the line of every value.
type yamlFile struct {
	value  any            // as encoding/json would decode it
	lines  map[string]int // JSON pointer → line, from 1
	faults []lineFault    // what YAML allows and a manifest does not
}

// lineFault is something wrong on a line; line 0 is the whole file.
type lineFault struct {
	line int
	text string
}

func (f lineFault) String() string { return fmt.Sprintf("%d: %s", f.line, f.text) }

// parseYAML reads one document. What could change a value behind the reader's
// back (anchors, merges, tags, repeated keys) is a fault.
func parseYAML(content []byte) (*yamlFile, error) {
	parsed, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		// The parser adds an excerpt below its message.
		line, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("not valid YAML: %s", line)
	}
	f := &yamlFile{lines: map[string]int{"": 1}}
	documents := 0
	for _, doc := range parsed.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if documents++; documents > 1 {
			f.fault(doc.Body, "a second document is not allowed")
			break
		}
		f.value = f.convert(doc.Body, "")
	}
	return f, nil
}

// line finds the line of a JSON pointer, or of the nearest thing around it.
func (f *yamlFile) line(pointer string) int {
	for {
		if line, ok := f.lines[pointer]; ok {
			return line
		}
		slash := strings.LastIndexByte(pointer, '/')
		if slash < 0 {
			return 0
		}
		pointer = pointer[:slash]
	}
}

func (f *yamlFile) fault(node ast.Node, format string, args ...any) {
	f.faults = append(f.faults, lineFault{nodeLine(node), fmt.Sprintf(format, args...)})
}

func nodeLine(node ast.Node) int {
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}

// convert returns the value of a node and notes the lines of all within it.
func (f *yamlFile) convert(node ast.Node, pointer string) any {
	if _, noted := f.lines[pointer]; !noted {
		f.lines[pointer] = nodeLine(node)
	}
	switch n := node.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		if !math.IsInf(n.Value, 0) && !math.IsNaN(n.Value) {
			return n.Value
		}
	case *ast.MappingValueNode:
		return f.mapping([]*ast.MappingValueNode{n}, pointer)
	case *ast.MappingNode:
		return f.mapping(n.Values, pointer)
	case *ast.SequenceNode:
		items := make([]any, 0, len(n.Values))
		for i, item := range n.Values {
			items = append(items, f.convert(item, pointer+"/"+strconv.Itoa(i)))
		}
		return items
	}
	f.fault(node, "only plain values, lists and mappings are allowed, not %q", node.GetToken().Value)
	return nil
}

func (f *yamlFile) mapping(entries []*ast.MappingValueNode, pointer string) map[string]any {
	values := make(map[string]any, len(entries))
	for _, entry := range entries {
		key := entry.Key.GetToken().Value
		if _, merge := entry.Key.(*ast.MergeKeyNode); merge {
			f.fault(entry.Key, "merge keys are not allowed")
			continue
		}
		if _, repeated := values[key]; repeated {
			f.fault(entry.Key, "%s is given twice", key)
			continue
		}
		child := pointer + "/" + escapePointer(key)
		f.lines[child] = nodeLine(entry.Key)
		values[key] = f.convert(entry.Value, child)
	}
	return values
}

// escapePointer writes a key as a segment of a JSON pointer (RFC 6901).
func escapePointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
