package server

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/posternhq/postern/host"
)

// Bounds of a request's head.
const (
	maxHeadBytes   = 16 << 10
	maxHeaderLines = 200
	maxMethodBytes = 32
)

// head is a request's head: the request line and the header lines. Whatever
// two servers could read in different ways has been refused, because that is
// what requests are smuggled with.
type head struct {
	method      string
	path, query string // raw
	authority   string // of an absolute-form target, else ""
	host        string // the Host header as sent
	protocol    string // "1.1" or "1.0"
	header      []host.Header
	// length is the announced size of the body: 0 for none, -1 for chunked.
	length int64
	// awaitsContinue tells that the client sends the body only when it is
	// told to.
	awaitsContinue bool
	// keepAlive tells that the client means to send another request.
	keepAlive bool
}

// Faults of a head that have a status of their own; see errors.go.
var (
	errHeadTooLarge = host.Errorf(host.CodeInvalid, "The request's header is larger than %d bytes or has more than %d lines", maxHeadBytes, maxHeaderLines)
	errHeadTimeout  = host.Errorf(host.CodeInvalid, "The request's header did not arrive in time")
)

func malformed(rule string) error {
	return host.Errorf(host.CodeInvalid, "Malformed request: %s", rule)
}

// parseHead reads a head, from the request line up to and with the empty line.
// Errors are CodeInvalid sentences that quote nothing of the request.
func parseHead(raw string) (*head, error) {
	lines, ok := strings.CutSuffix(raw, "\r\n\r\n")
	if !ok {
		return nil, malformed("the header has no end")
	}
	requestLine, lines, more := strings.Cut(lines, "\r\n")
	h := &head{}
	if err := h.parseRequestLine(requestLine); err != nil {
		return nil, err
	}
	h.header = make([]host.Header, 0, strings.Count(lines, "\n")+1)
	for more {
		var line string
		line, lines, more = strings.Cut(lines, "\r\n")
		if err := h.parseHeaderLine(line); err != nil {
			return nil, err
		}
	}
	if err := h.checkHost(); err != nil {
		return nil, err
	}
	if err := h.checkFraming(); err != nil {
		return nil, err
	}
	h.readConnection()
	return h, nil
}

func (h *head) parseRequestLine(line string) error {
	method, rest, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(rest, " ")
	if !isToken(method) || len(method) > maxMethodBytes {
		return malformed("the method is invalid")
	}
	h.method = method
	h.protocol = strings.TrimPrefix(version, "HTTP/")
	if version != "HTTP/1.1" && version != "HTTP/1.0" {
		return malformed("the request line must end with HTTP/1.1 or HTTP/1.0")
	}
	for _, c := range []byte(target) {
		if c <= ' ' || c == 0x7f || c == '#' {
			return malformed("the target must not hold blanks, control characters or a fragment")
		}
	}
	return h.parseTarget(target)
}

// parseTarget accepts a path with a query, or the same behind http:// or
// https:// and a host.
func (h *head) parseTarget(target string) error {
	if scheme, rest, ok := strings.Cut(target, "://"); ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		h.authority, target = rest[:end], rest[end:]
		if h.authority == "" {
			return malformed("the target has no host")
		}
		if !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
	}
	if !strings.HasPrefix(target, "/") {
		return malformed("the target must be a path")
	}
	h.path, h.query, _ = strings.Cut(target, "?")
	return nil
}

func (h *head) parseHeaderLine(line string) error {
	if len(h.header) == maxHeaderLines {
		return errHeadTooLarge
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok || !isToken(name) {
		return malformed("a header line must begin with a name and a colon")
	}
	value = strings.Trim(value, " \t")
	if !isFieldValue(value) {
		return malformed("a header holds control characters")
	}
	h.header = append(h.header, host.Header{Name: name, Value: value})
	return nil
}

// checkHost demands one valid Host, and that an absolute-form target agrees
// with it.
func (h *head) checkHost() error {
	name, n := h.find("Host")
	if n != 1 || !validHostHeader(name) {
		return malformed("there must be one valid Host header")
	}
	h.host = name
	if h.authority != "" && !strings.EqualFold(h.authority, h.host) {
		return malformed("the target names another host than the Host header")
	}
	return nil
}

// checkFraming finds out where the body ends, and refuses what could be read
// in two ways.
func (h *head) checkFraming() error {
	length, lengths := h.find("Content-Length")
	coding, codings := h.find("Transfer-Encoding")
	switch {
	case lengths > 1:
		return malformed("there is more than one Content-Length")
	case lengths == 1 && codings > 0:
		return malformed("there are both Content-Length and Transfer-Encoding")
	case lengths == 1:
		n, ok := parseLength(length)
		if !ok {
			return malformed("Content-Length must be a number")
		}
		h.length = n
	case codings > 1 || codings == 1 && (!strings.EqualFold(coding, "chunked") || h.protocol != "1.1"):
		return malformed("Transfer-Encoding must be chunked, in HTTP/1.1")
	case codings == 1:
		h.length = -1
	}
	return nil
}

// parseLength reads digits alone, few enough for an int64.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// readConnection notes what the client wants of the connection.
func (h *head) readConnection() {
	var closes, keeps bool
	for _, line := range h.header {
		switch {
		case isName(line.Name, "Connection"):
			for option := range strings.SplitSeq(line.Value, ",") {
				option = strings.Trim(option, " \t")
				closes = closes || strings.EqualFold(option, "close")
				keeps = keeps || strings.EqualFold(option, "keep-alive")
			}
		case isName(line.Name, "Expect") && strings.EqualFold(line.Value, "100-continue"):
			h.awaitsContinue = h.protocol == "1.1"
		}
	}
	h.keepAlive = !closes && (keeps || h.protocol == "1.1")
}

// find returns the last value of the header called name, and how many there
// are.
func (h *head) find(name string) (value string, n int) {
	for _, line := range h.header {
		if isName(line.Name, name) {
			value = line.Value
			n++
		}
	}
	return value, n
}

// isName compares the names of headers, which are ASCII.
func isName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// validHostHeader accepts a name of letters, digits, dots, hyphens and
// underscores or an IP address, with a port or without.
func validHostHeader(s string) bool {
	name, port := s, "0"
	if colon := strings.LastIndexByte(s, ':'); colon > strings.LastIndexByte(s, ']') {
		name, port = s[:colon], s[colon+1:]
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return closed && err == nil && addr.Is6() && addr.Zone() == ""
	}
	for _, c := range []byte(name) {
		if !isAlphanumeric(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return strings.Trim(name, ".") != "" && len(name) <= 255
}

// isToken reports whether s can be a method or a header name (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !inToken[c] {
			return false
		}
	}
	return s != ""
}

// inToken tells which bytes a token may have.
var inToken = func() (in [256]bool) {
	for c := range in {
		in[c] = isAlphanumeric(byte(c)) || strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return in
}()

// isFieldValue reports whether s can be the value of a header: no control
// characters but tabs.
func isFieldValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
