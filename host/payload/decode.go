package payload

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// Content types of bodies whose headers name none.
const (
	typeJSON  = "application/json"
	typeText  = "text/plain; charset=utf-8"
	typeBytes = "application/octet-stream"
)

// headerRoom is for how many headers there is room in a response: the host
// adds some to those of the module.
const headerRoom = 8

// Answer is what a module's output means.
type Answer struct {
	Response host.Response
	// Warnings are for the log of the invocation.
	Warnings []string
}

// Decode reads the output of a module. A JSON object whose keys are all known
// to response.v1.json must meet that schema; any other output is itself the
// body of a 200: JSON, text or bytes. Headers that are the host's to send are
// dropped. The error is a CodeInvalidResponse; what is wrong is in its cause,
// for the log, because it may hold parts of the output.
func Decode(output []byte) (_ Answer, err error) {
	defer host.Wrap(&err, "payload.Decode")
	if len(output) == 0 {
		return Answer{Response: host.Response{Status: 200}}, nil
	}
	isText := utf8.Valid(output)
	isJSON := host.ValidJSON(output) || !isText && json.Valid(output)
	if isJSON {
		if parts, ok := responseParts(output); ok {
			if !isText {
				return Answer{}, refuse(errors.New("the response is not valid UTF-8"))
			}
			answer, err := parts.answer()
			if err != nil {
				return Answer{}, refuse(err)
			}
			return answer, nil
		}
	}
	contentType := typeBytes
	switch {
	case isJSON && isText:
		contentType = typeJSON
	case isText:
		contentType = typeText
	}
	header := append(make([]host.Header, 0, headerRoom), host.Header{Name: "Content-Type", Value: contentType})
	return Answer{Response: host.Response{Status: 200, Header: header, Body: output}}, nil
}

func refuse(reason error) error {
	return host.Caused(host.CodeInvalidResponse, reason, "The module's response is not valid")
}

// parts are the members of a response as the module wrote them, nil if absent.
type parts struct {
	status, headers, body, bodyEncoding, redirect json.RawMessage
}

// responseParts takes output, which is valid JSON, apart. It is a response if
// it is an object with at least one key and none but the known ones.
func responseParts(output []byte) (p parts, ok bool) {
	for key, value := range members(output) {
		part := p.named(key)
		if part == nil {
			return parts{}, false
		}
		*part, ok = value, true
	}
	return p, ok
}

func (p *parts) named(key string) *json.RawMessage {
	switch key {
	case "status":
		return &p.status
	case "headers":
		return &p.headers
	case "body":
		return &p.body
	case "bodyEncoding":
		return &p.bodyEncoding
	case "redirect":
		return &p.redirect
	}
	return nil
}

// answer checks the parts as response.v1.json does and puts them together.
func (p parts) answer() (Answer, error) {
	var a Answer
	res := &a.Response
	var err error
	if res.Status, err = p.statusCode(); err != nil {
		return Answer{}, err
	}
	if res.Header, err = decodeHeaders(p.headers); err != nil {
		return Answer{}, err
	}
	if err := p.follow(res); err != nil {
		return Answer{}, err
	}
	contentType, err := p.content(res)
	if err != nil {
		return Answer{}, err
	}
	if res.Status == 204 || res.Status == 304 {
		res.Body = nil
	} else if contentType != "" && res.Get("Content-Type") == "" {
		res.Set("Content-Type", contentType)
	}
	if res.Status == 301 {
		a.Warnings = append(a.Warnings, "The response has the status 301, which browsers keep for good: answer 302 or 303 unless that is meant")
	}
	return a, nil
}

// statusCode reads the status: an integer from 200 to 599, which JSON may also
// write as 2e2.
func (p parts) statusCode() (int, error) {
	if p.status == nil {
		return 200, nil
	}
	code, err := strconv.Atoi(string(p.status))
	if err != nil && host.ModestNumber(string(p.status)) {
		if exact, ok := new(big.Rat).SetString(string(p.status)); ok && exact.IsInt() && exact.Num().IsInt64() {
			code, err = int(exact.Num().Int64()), nil
		}
	}
	if err != nil || code < 200 || code > 599 {
		return 0, fmt.Errorf("status is %.40s; it must be an integer from 200 to 599", p.status)
	}
	return code, nil
}

// follow applies redirect, which is a 302 unless status is another redirect.
func (p parts) follow(res *host.Response) error {
	if p.redirect == nil {
		return nil
	}
	target, ok := decodeString(p.redirect)
	if !ok || target == "" || !validValue(target) {
		return errors.New("redirect must be a URL without control characters")
	}
	if p.status == nil {
		res.Status = 302
	}
	if !slices.Contains([]int{301, 302, 303, 307, 308}, res.Status) {
		return fmt.Errorf("a redirect has the status %d; it must be 301, 302, 303, 307 or 308", res.Status)
	}
	res.Set("Location", target)
	return nil
}

// content sets the body and returns the content type it has by itself.
func (p parts) content(res *host.Response) (contentType string, err error) {
	encoding, ok := decodeString(p.bodyEncoding)
	if p.bodyEncoding != nil && (!ok || !slices.Contains([]string{"json", "text", "base64"}, encoding)) {
		return "", fmt.Errorf("bodyEncoding is %.40s; it must be json, text or base64", p.bodyEncoding)
	}
	if p.body == nil {
		if encoding != "" {
			return "", errors.New("bodyEncoding is given without body")
		}
		return "", nil
	}
	text, isString := decodeString(p.body)
	if !isString && (encoding == "text" || encoding == "base64") {
		return "", fmt.Errorf("body must be a string, because bodyEncoding is %s", encoding)
	}
	switch {
	case encoding == "base64":
		if res.Body, err = base64.StdEncoding.DecodeString(text); err != nil {
			return "", fmt.Errorf("body is not base64: %w", err)
		}
		return typeBytes, nil
	case encoding == "json" || !isString:
		res.Body = p.body
		return typeJSON, nil
	}
	res.Body = []byte(text)
	return typeText, nil
}

// decodeString returns the string that raw, valid JSON in UTF-8 or nil, is.
func decodeString(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	return decodeEscaped(raw)
}

func decodeEscaped(raw json.RawMessage) (s string, ok bool) {
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// validValue reports whether s can be the value of a header: no control
// characters but the tab. CR and LF would begin a header of the guest's own.
func validValue(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}
