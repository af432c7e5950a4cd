package host

import (
	"strings"
	"unicode/utf8"
)

// ParsePath reads the name of a field: names separated by dots, from the
// outermost to the innermost. A backslash takes the next character as it is:
// `a\.b` is one name. The error is a CodeInvalid with the rule.
func ParsePath(s string) (Path, error) {
	if !utf8.ValidString(s) {
		return nil, Errorf(CodeInvalid, "a field must be valid UTF-8")
	}
	var path Path
	var name strings.Builder
	escaped := false
	for _, r := range s {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '.':
			path = append(path, name.String())
			name.Reset()
		default:
			name.WriteRune(r)
		}
		escaped = false
	}
	path = append(path, name.String())
	if escaped || len(path) > MaxRecordDepth {
		return nil, Errorf(CodeInvalid, "the field %.100q must be at most %d names separated by dots", s, MaxRecordDepth)
	}
	for _, name := range path {
		if name == "" || len(name) > MaxFieldName {
			return nil, Errorf(CodeInvalid, "the field %.100q must be names of 1-%d bytes separated by dots", s, MaxFieldName)
		}
	}
	return path, nil
}

var escapePath = strings.NewReplacer(`\`, `\\`, `.`, `\.`)

// String is the field as ParsePath reads it.
func (p Path) String() string {
	names := make([]string, len(p))
	for i, name := range p {
		names[i] = escapePath.Replace(name)
	}
	return strings.Join(names, ".")
}
