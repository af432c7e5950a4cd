package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
)

// decodeHeaders reads the headers of a response, in the order written, without
// those that are the host's to send.
func decodeHeaders(raw json.RawMessage) ([]host.Header, error) {
	if raw == nil {
		return nil, nil
	}
	if raw[0] != '{' {
		return nil, errors.New("headers must be an object")
	}
	res := host.Response{Header: make([]host.Header, 0, headerRoom)}
	for name, raw := range members(raw) {
		if !validName(name) {
			return nil, fmt.Errorf("header name %.80q is not a token", name)
		}
		for raw := range values(raw) {
			value, err := headerValue(raw)
			if err != nil {
				return nil, fmt.Errorf("header %.80s: %w", name, err)
			}
			if strings.EqualFold(name, "Content-Type") {
				res.Set(name, value) // two of them mean nothing
				continue
			}
			res.Header = append(res.Header, host.Header{Name: name, Value: value})
		}
	}
	return dropOwn(res.Header), nil
}

// headerValue reads one value of a header.
func headerValue(raw json.RawMessage) (string, error) {
	value, ok := decodeString(raw)
	if !ok {
		return "", errors.New("the value must be a string or a list of strings")
	}
	if !validValue(value) {
		return "", errors.New("the value has control characters")
	}
	return strings.Trim(value, " \t"), nil
}

// validName reports whether s is a token (RFC 9110, 5.6.2).
func validName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c < 0x7f && strings.ContainsRune("!#$%&'*+.^_`|~-", c))
	})
}

// own are the headers that only the host sends: those of the connection, those
// it computes, and those that grant a browser something beyond this response.
var own = map[string]bool{
	"connection": true, "keep-alive": true, "proxy-authenticate": true, "proxy-authorization": true,
	"proxy-connection": true, "te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
	"http2-settings": true, "content-length": true, "server": true, "date": true, "x-request-id": true,
	"service-worker-allowed": true,
}

// ownPrefixes begin further names of that kind.
var ownPrefixes = []string{"x-ratelimit-", "access-control-"}

// dropOwn removes the host's own headers and those that Connection names.
func dropOwn(header []host.Header) []host.Header {
	var named map[string]bool
	for _, h := range header {
		if strings.EqualFold(h.Name, "Connection") {
			named = map[string]bool{}
			for name := range strings.SplitSeq(h.Value, ",") {
				named[strings.ToLower(strings.Trim(name, " \t"))] = true
			}
		}
	}
	kept := header[:0]
	for _, h := range header {
		name := strings.ToLower(h.Name)
		dropped := own[name] || named[name]
		for _, prefix := range ownPrefixes {
			dropped = dropped || strings.HasPrefix(name, prefix)
		}
		if !dropped {
			kept = append(kept, h)
		}
	}
	return kept
}
