// Package payload translates between HTTP and what a module sees: it encodes a
// request into the versioned envelope a module gets (schemas/payload.v1.json)
// and decodes what a module gives back (schemas/response.v1.json).
//
// It owns both formats, and the removal of this host's credentials from what a
// guest sees. It must not know who may call an endpoint, how a module runs or
// how a response is sent. Everything it reads is hostile, the guest's output
// included: bad input is an error or has a defined meaning, never a panic. No
// number on its way through ever becomes a float.
package payload

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// Input is what an envelope is made of. All pointers but Caller are required,
// and Request must have its ReceivedAt.
type Input struct {
	Request *host.Request
	// Path is the raw path inside the app, still percent-encoded.
	Path     string
	Params   map[string]string
	Body     []byte
	App      *host.App
	Endpoint *host.Endpoint
	Release  int
	// Caller is nil for a request without a credential.
	Caller *host.Caller
	// FQDN is the name the client called, without a port.
	FQDN string
}

// Encode returns the envelope of a request as JSON. Credentials of this host
// are not in it (see Scrub), nor is what a stranger says about addresses: its
// header x-forwarded-for is Request.ForwardedFor. The error is a CodeInvalid if the body claims to be JSON and is not.
func Encode(in Input) (envelope []byte, err error) {
	defer host.Wrap(&err, "payload.Encode")
	r := Scrub(in.Request, in.Caller != nil)
	header, query, cookies := headerFields(&r), parseQuery(r.Query), parseCookies(&r)

	b := make([]byte, 0, 1024+len(in.Body)+len(in.Body)/2)
	b = appendString(append(b, `{"fqdn":`...), in.FQDN)
	b = appendString(append(b, `,"host":`...), r.Host)
	b = appendString(append(b, `,"httpVersion":`...), r.Protocol)
	b = appendString(append(b, `,"method":`...), r.Method)
	b = appendString(append(b, `,"path":`...), in.Path)
	b = appendMap(append(b, `,"pathMapping":`...), in.Params)
	b = query.append(append(b, `,"queryParams":`...))
	b = header.append(append(b, `,"header":`...))
	b = cookies.append(append(b, `,"cookies":`...))
	b = query.appendRepeated(b, `,"multiValueQueryParams":`)
	b = header.appendRepeated(b, `,"multiValueHeader":`)
	if b, err = appendBody(b, r.Get("Content-Type"), in.Body); err != nil {
		return nil, err
	}
	b = appendIP(append(b, `,"clientIp":"`...), r.Client)
	b = appendString(append(b, `","requestId":`...), r.ID)
	b = r.ReceivedAt.Append(append(b, `,"receivedAt":"`...))
	b = appendSite(append(b, '"'), in)
	if b, err = appendCaller(append(b, `,"caller":`...), in.Caller); err != nil {
		return nil, err
	}
	return append(b, '}'), nil
}

// appendIP adds nothing for a request from no network.
func appendIP(b []byte, ip netip.Addr) []byte {
	if !ip.IsValid() {
		return b
	}
	return ip.Unmap().AppendTo(b)
}

// appendSite adds the app and the endpoint.
func appendSite(b []byte, in Input) []byte {
	b = appendString(append(b, `,"app":{"id":`...), in.App.ID)
	b = appendString(append(b, `,"name":`...), in.App.Name)
	b = appendString(append(b, `,"environment":`...), in.App.Environment)
	b = appendString(append(b, `},"endpoint":{"id":`...), in.Endpoint.ID)
	b = appendString(append(b, `,"name":`...), in.Endpoint.Name)
	b = strconv.AppendInt(append(b, `,"release":`...), int64(in.Release), 10)
	return append(b, '}')
}

func appendCaller(b []byte, c *host.Caller) ([]byte, error) {
	if c == nil {
		return append(b, "null"...), nil
	}
	b = appendString(append(b, `{"kind":`...), c.Kind)
	b = appendString(append(b, `,"id":`...), c.ID)
	b = appendString(append(b, `,"name":`...), c.Name)
	b = appendList(append(b, `,"groups":`...), c.Groups)
	b = appendMap(append(b, `,"variables":`...), c.Variables)
	b = append(b, `,"claims":`...)
	if len(c.Claims) == 0 {
		return append(b, "{}}"...), nil
	}
	// Claims are the one part of any shape. Whoever verified the token keeps
	// its numbers as json.Number, which is written digit for digit.
	claims, err := json.Marshal(c.Claims)
	if err != nil {
		return nil, host.Caused(host.CodeInternal, err, "Internal error")
	}
	return append(append(b, claims...), '}'), nil
}

// appendMap adds an object of strings, sorted so that equal requests have
// equal envelopes.
func appendMap(b []byte, m map[string]string) []byte {
	var room [8]string
	names := slices.AppendSeq(room[:0], maps.Keys(m))
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		b = appendString(b, m[name])
	}
	return append(b, '}')
}

func appendList(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// isPlain reports whether s is ASCII that JSON has as it is: most of a request.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

const hexDigits = "0123456789abcdef"

// appendString adds s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, one each, so that an envelope is always valid JSON.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	if isPlain(s) {
		return append(append(b, s...), '"')
	}
	start := 0
	for i, c := range s {
		switch {
		case c == 0xFFFD:
			// Either a bad byte or the character itself; both are
			// written as the character.
			_, width := utf8.DecodeRuneInString(s[i:])
			b = append(append(b, s[start:i]...), "\uFFFD"...)
			start = i + width
		case c == '"' || c == '\\':
			b = append(append(b, s[start:i]...), '\\', byte(c))
			start = i + 1
		case c < ' ':
			b = append(append(b, s[start:i]...), '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			start = i + 1
		}
	}
	return append(append(b, s[start:]...), '"')
}
