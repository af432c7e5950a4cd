package auth

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// Bounds of a JWT, checked before anything is done with its signature.
const (
	maxJWT     = 8 << 10
	maxDepth   = 32
	maxKeyID   = 200
	maxSubject = 255
)

// parsed is a JWT that is well-formed. Until verify has returned nil nothing of
// it is true: issuer, alg and kid only choose the key.
type parsed struct {
	signed    string // what the signature is of
	signature []byte
	alg, kid  string
	typ       string
	issuer    string
	claims    map[string]any // numbers are json.Number
}

// parseJWT takes a JWT apart. There is one way to write each, so whatever could
// be read in two ways is refused: other base64, a member named twice, blanks
// or bytes after the end.
func parseJWT(text string) (*parsed, reason) {
	if len(text) > maxJWT {
		return nil, reasonTooLarge
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, reasonSegments
	}
	header, why := decodePart(parts[0])
	if why != "" {
		return nil, why
	}
	p := &parsed{signed: text[:len(text)-len(parts[2])-1]}
	if why := p.readHeader(header); why != "" {
		return nil, why
	}
	if p.claims, why = decodePart(parts[1]); why != "" {
		return nil, why
	}
	p.issuer, _ = p.claims["iss"].(string)
	signature, err := host.DecodeBase64URL(parts[2])
	if err != nil {
		return nil, reasonEncoding
	}
	p.signature = signature
	return p, ""
}

// readHeader reads what may choose a key. Keys that a token brings along (jwk,
// jku, x5u, x5c) are never looked at.
func (p *parsed) readHeader(header map[string]any) reason {
	if _, critical := header["crit"]; critical {
		return reasonCritical // none is understood here
	}
	for _, member := range []struct {
		name     string
		dst      *string
		optional bool
	}{{"alg", &p.alg, false}, {"kid", &p.kid, true}, {"typ", &p.typ, true}} {
		value, present := header[member.name]
		text, isText := value.(string)
		if !isText && (present || !member.optional) || len(text) > maxKeyID {
			return reasonHeader
		}
		*member.dst = text
	}
	return ""
}

// decodePart reads the JSON object in a part of a JWT.
func decodePart(part string) (map[string]any, reason) {
	raw, err := host.DecodeBase64URL(part)
	if err != nil {
		return nil, reasonEncoding
	}
	// The decoder would replace what is no UTF-8, and with it the difference
	// between two names.
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, reasonJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	value, why := decodeValue(decoder, maxDepth)
	if why != "" {
		return nil, why
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, reasonObject
	}
	return object, ""
}

// decodeValue reads a value of valid JSON, nested to at most depth.
func decodeValue(d *json.Decoder, depth int) (any, reason) {
	token, err := d.Token()
	if err != nil {
		return nil, reasonJSON
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return token, ""
	}
	if depth == 0 {
		return nil, reasonDeep
	}
	if delim == '[' {
		return decodeList(d, depth-1)
	}
	return decodeObject(d, depth-1)
}

func decodeList(d *json.Decoder, depth int) (any, reason) {
	list := []any{}
	for d.More() {
		value, why := decodeValue(d, depth)
		if why != "" {
			return nil, why
		}
		list = append(list, value)
	}
	_, _ = d.Token() // the bracket
	return list, ""
}

func decodeObject(d *json.Decoder, depth int) (any, reason) {
	object := map[string]any{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, reasonJSON
		}
		if _, twice := object[name]; twice {
			return nil, reasonDuplicate
		}
		value, why := decodeValue(d, depth)
		if why != "" {
			return nil, why
		}
		object[name] = value
	}
	_, _ = d.Token() // the brace
	return object, ""
}
