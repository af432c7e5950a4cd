package host

import (
	"net/url"
	"strings"
)

// Bounds of a path template.
const (
	maxTemplateBytes    = 2000
	maxTemplateSegments = 64
)

// Template is a parsed path template such as /orders/{id}.
type Template struct{ Segments []Segment }

// Segment is one part of a path between slashes: a literal, decoded, or the
// name of a parameter that takes the whole segment.
type Segment struct {
	Literal   string
	Parameter string // "" for a literal
}

// ParseTemplate reads a path template. Parameters are written {name}, or :name
// as some systems do. One trailing slash is ignored. The error is a
// CodeInvalid that names the rule.
func ParseTemplate(path string) (Template, error) {
	var t Template
	if !strings.HasPrefix(path, "/") || len(path) > maxTemplateBytes {
		return t, Errorf(CodeInvalid, "path must begin with / and have at most %d characters", maxTemplateBytes)
	}
	if path == "/" {
		return t, nil
	}
	seen := map[string]bool{}
	for raw := range strings.SplitSeq(strings.TrimSuffix(path[1:], "/"), "/") {
		s, err := parseSegment(raw)
		if err != nil {
			return Template{}, err
		}
		if s.Parameter != "" && seen[s.Parameter] {
			return Template{}, Errorf(CodeInvalid, "path names the parameter {%s} twice", s.Parameter)
		}
		seen[s.Parameter] = true
		t.Segments = append(t.Segments, s)
	}
	if len(t.Segments) > maxTemplateSegments {
		return Template{}, Errorf(CodeInvalid, "path must have at most %d segments", maxTemplateSegments)
	}
	return t, nil
}

func parseSegment(raw string) (Segment, error) {
	name, isParameter := strings.CutPrefix(raw, ":")
	if !isParameter && strings.HasPrefix(raw, "{") && strings.HasSuffix(raw, "}") {
		name, isParameter = raw[1:len(raw)-1], true
	}
	if isParameter {
		if !validParameterName(name) {
			return Segment{}, Errorf(CodeInvalid, "path parameter %q must be 1-64 letters, digits, hyphens or underscores", raw)
		}
		return Segment{Parameter: name}, nil
	}
	if strings.ContainsAny(raw, "{}?#") {
		return Segment{}, Errorf(CodeInvalid, "path segment %q must be a literal or one whole {parameter}", raw)
	}
	literal, err := DecodeSegment(raw)
	if err != nil {
		return Segment{}, err
	}
	if literal == "" {
		return Segment{}, Errorf(CodeInvalid, "path must not have empty segments")
	}
	return Segment{Literal: literal}, nil
}

func validParameterName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// DecodeSegment decodes one raw path segment, once. Bad percent-encoding,
// control characters and the segments "." and ".." are a CodeInvalid.
func DecodeSegment(raw string) (string, error) {
	s, err := url.PathUnescape(raw)
	if err != nil {
		return "", Errorf(CodeInvalid, "path has a bad percent-encoding")
	}
	if s == "." || s == ".." {
		return "", Errorf(CodeInvalid, "path must not contain . or .. segments")
	}
	for _, c := range []byte(s) {
		if c < ' ' || c == 0x7f {
			return "", Errorf(CodeInvalid, "path must not contain control characters")
		}
	}
	return s, nil
}

// String writes the template in its normal form, parameters as {name}.
func (t Template) String() string {
	return t.render(func(s Segment) string { return "{" + s.Parameter + "}" })
}

// Shape is the template without the names of its parameters. Two endpoints of
// one method must not have the same.
func (t Template) Shape() string {
	return t.render(func(Segment) string { return "{}" })
}

func (t Template) render(parameter func(Segment) string) string {
	if len(t.Segments) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, s := range t.Segments {
		b.WriteByte('/')
		if s.Parameter != "" {
			b.WriteString(parameter(s))
		} else {
			b.WriteString(url.PathEscape(s.Literal))
		}
	}
	return b.String()
}
