package host

import "strings"

// SplitPath splits a raw path, still encoded, into its decoded segments. Each
// is decoded exactly once, after the split, so that an encoded slash stays
// inside its segment. One trailing slash is ignored; "/" has no segments.
// Errors: CodeInvalid for a bad encoding, a control character, "." and "..";
// CodeNotFound for an empty segment, which no path can have.
func SplitPath(raw string) ([]string, error) {
	if raw == "/" {
		return nil, nil
	}
	rest, ok := strings.CutPrefix(raw, "/")
	if !ok {
		return nil, Errorf(CodeInvalid, "path must begin with /")
	}
	segments := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	empty := false
	for i, s := range segments {
		decoded, err := DecodeSegment(s)
		if err != nil {
			return nil, err
		}
		segments[i] = decoded
		empty = empty || decoded == ""
	}
	if empty {
		return nil, Errorf(CodeNotFound, "Not found")
	}
	return segments, nil
}

// HostName is the name in a Host header, in the form domains are compared in:
// lower case, without a port or a trailing dot.
func HostName(hostHeader string) string {
	name := hostHeader
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, ']') {
		name = name[:colon]
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
