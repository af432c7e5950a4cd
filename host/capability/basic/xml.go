// Package basic has the data operations that need no permission: they reach
// nothing but their own request.
//
// It owns how XML becomes JSON, and how long a module may wait. Requests are
// hostile.
package basic

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/posternhq/postern/host"
)

// Bounds of a document.
const (
	MaxXMLBytes = 5 << 20
	maxXMLDepth = 100
)

// Members of an element's object: attributes have their name behind the prefix,
// and textMember is the text, if there is more than text.
const (
	attributePrefix = "@"
	textMember      = "#text"
)

// XMLToJSON turns a document into an object with one member, the root element.
// An element with nothing but text is a text, an empty one is null, any other
// an object: "@name" for attributes, "#text" for its text without the blanks
// around it, and a member for each name of its elements, which is a list if the
// name repeats. Names keep their prefixes as they are written. Documents with a
// DTD are refused. Errors: CodeInvalid with the line, CodeUnavailable if ctx ends.
func XMLToJSON(ctx context.Context, document string) (json.RawMessage, error) {
	if len(document) > MaxXMLBytes {
		return nil, host.Errorf(host.CodeInvalid, "xml must be at most %d bytes", MaxXMLBytes)
	}
	d := xml.NewDecoder(strings.NewReader(document))
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, host.Errorf(host.CodeInvalid, "xml must be UTF-8, not %.40q", charset)
	}
	root, err := parse(ctx, d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteByte('{')
	out.Write(quoted(root.name))
	out.WriteByte(':')
	root.write(&out)
	out.WriteByte('}')
	return out.Bytes(), nil
}

// element is an element with what is in it, in the order of the document.
type element struct {
	name       string
	attributes []xml.Attr
	text       strings.Builder
	children   []*element
}

// repeats reports whether an attribute is there twice, which XML forbids.
func (e *element) repeats() bool {
	seen := map[xml.Name]bool{}
	for _, a := range e.attributes {
		if seen[a.Name] {
			return true
		}
		seen[a.Name] = true
	}
	return false
}

// parse reads a document with RawToken, which leaves prefixes as they are; that
// elements end as they began is checked here.
func parse(ctx context.Context, d *xml.Decoder) (*element, error) {
	var root *element
	var open []*element
	for n := 1; ; n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return nil, timeIsUp(ctx)
		}
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, broken(d, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: full(t.Name), attributes: t.Attr}
			switch {
			case e.repeats():
				return nil, broken(d, errors.New("an attribute is there twice"))
			case len(open) == maxXMLDepth:
				return nil, host.Errorf(host.CodeInvalid, "xml has more than %d elements within one another", maxXMLDepth)
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			case root != nil:
				return nil, host.Errorf(host.CodeInvalid, "xml has more than one root element")
			default:
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != full(t.Name) {
				return nil, broken(d, errors.New("an element ends that did not begin"))
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text.Write(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, broken(d, errors.New("there is text outside of the root element"))
			}
		case xml.Directive:
			return nil, host.Errorf(host.CodeInvalid, "xml must have no DTD")
		}
	}
	if root == nil || len(open) > 0 {
		return nil, broken(d, io.ErrUnexpectedEOF)
	}
	return root, nil
}

func broken(d *xml.Decoder, err error) error {
	if known := (*host.Error)(nil); errors.As(err, &known) {
		return known
	}
	line, _ := d.InputPos()
	return host.Caused(host.CodeInvalid, err, "xml is malformed in line %d", line)
}

// full is a name with its prefix.
func full(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// write writes an element as JSON.
func (e *element) write(out *bytes.Buffer) {
	text := strings.TrimSpace(e.text.String())
	if len(e.attributes) == 0 && len(e.children) == 0 {
		if text == "" {
			out.WriteString("null")
		} else {
			out.Write(quoted(text))
		}
		return
	}
	out.WriteByte('{')
	first := true
	member := func(name string) {
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.Write(quoted(name))
		out.WriteByte(':')
	}
	for _, a := range e.attributes {
		member(attributePrefix + full(a.Name))
		out.Write(quoted(a.Value))
	}
	if text != "" {
		member(textMember)
		out.Write(quoted(text))
	}
	for _, group := range e.groups() {
		member(group[0].name)
		writeGroup(out, group)
	}
	out.WriteByte('}')
}

// groups are the children by name, in the order in which names come first.
func (e *element) groups() [][]*element {
	var groups [][]*element
	place := map[string]int{}
	for _, child := range e.children {
		i, seen := place[child.name]
		if !seen {
			i = len(groups)
			place[child.name] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], child)
	}
	return groups
}

func writeGroup(out *bytes.Buffer, group []*element) {
	if len(group) == 1 {
		group[0].write(out)
		return
	}
	for i, child := range group {
		out.WriteByte("[,"[min(i, 1)])
		child.write(out)
	}
	out.WriteByte(']')
}

// quoted is a text as JSON.
func quoted(text string) []byte {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text
	}
	return raw
}
