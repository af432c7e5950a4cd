package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// request returns a valid request for the echo, with the lines added to its
// head and the body after it.
func request(lines, body string) string {
	return "POST /run/x/echo HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n" + body
}

// hello is the smallest valid request.
const hello = "GET /run/x/hello HTTP/1.1\r\nHost: h\r\n\r\n"

// refusals are requests that are malformed or could be read in two ways.
var refusals = []struct {
	name, raw string
	status    int // 400 if 0
}{
	{name: "differing Content-Lengths", raw: request("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")},
	{name: "repeated Content-Length", raw: request("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")},
	{name: "listed Content-Lengths", raw: request("Content-Length: 3, 3\r\n", "abc")},
	{name: "Content-Lengths in two cases", raw: request("content-length: 3\r\nCONTENT-LENGTH: 4\r\n", "abcd")},
	{name: "Content-Length with sign", raw: request("Content-Length: +3\r\n", "abc")},
	{name: "Content-Length negative", raw: request("Content-Length: -3\r\n", "abc")},
	{name: "Content-Length hexadecimal", raw: request("Content-Length: 0x3\r\n", "abc")},
	{name: "Content-Length with a fraction", raw: request("Content-Length: 3.0\r\n", "abc")},
	{name: "Content-Length empty", raw: request("Content-Length:\r\n", "")},
	{name: "Content-Length past any number", raw: request("Content-Length: 99999999999999999999\r\n", "")},
	{name: "Content-Length and Transfer-Encoding", raw: request("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding and Content-Length", raw: request("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding xchunked", raw: request("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding gzip, chunked", raw: request("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding twice", raw: request("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding chunked and identity", raw: request("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding identity", raw: request("Transfer-Encoding: identity\r\n", "")},
	{name: "Transfer-Encoding empty", raw: request("Transfer-Encoding:\r\n", "")},
	{name: "Transfer-Encoding quoted", raw: request("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding with vertical tab", raw: request("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding in HTTP/1.0", raw: "POST /run/x/echo HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{name: "blank before a colon", raw: request("Content-Length : 3\r\n", "abc")},
	{name: "tab before a colon", raw: request("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")},
	{name: "folded header", raw: request("X-A: b\r\n c\r\n", "")},
	{name: "folded first header", raw: "GET /run/x/ HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n"},
	{name: "header without colon", raw: request("X-A\r\n", "")},
	{name: "header without name", raw: request(": a\r\n", "")},
	{name: "header name with parentheses", raw: request("X(A): b\r\n", "")},
	{name: "header name beyond ASCII", raw: request("X-Ä: b\r\n", "")},
	{name: "NUL in a value", raw: request("X-A: b\x00c\r\n", "")},
	{name: "bare CR in a value", raw: request("X-A: b\rContent-Length: 3\r\n", "")},
	{name: "bare CR in a name", raw: request("X\rA: b\r\n", "")},
	{name: "control character in a value", raw: request("X-A: b\x01c\r\n", "")},
	{name: "bare LF after a header", raw: request("X-A: b\nX-B: c\r\n", "")},
	{name: "bare LF at the end", raw: "GET /run/x/ HTTP/1.1\r\nHost: h\r\n\n"},
	{name: "bare LFs", raw: "GET /run/x/ HTTP/1.1\nHost: h\n\n"},
	{name: "no Host", raw: "GET /run/x/ HTTP/1.1\r\n\r\n"},
	{name: "no Host in HTTP/1.0", raw: "GET /run/x/ HTTP/1.0\r\n\r\n"},
	{name: "two Hosts", raw: "GET /run/x/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
	{name: "the same Host twice", raw: "GET /run/x/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
	{name: "Hosts in two cases", raw: "GET /run/x/ HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"},
	{name: "empty Host", raw: "GET /run/x/ HTTP/1.1\r\nHost:\r\n\r\n"},
	{name: "Host of dots", raw: "GET /run/x/ HTTP/1.1\r\nHost: .\r\n\r\n"},
	{name: "Host with a path", raw: "GET /run/x/ HTTP/1.1\r\nHost: a/b\r\n\r\n"},
	{name: "Host with a user", raw: "GET /run/x/ HTTP/1.1\r\nHost: a@b\r\n\r\n"},
	{name: "Host list", raw: "GET /run/x/ HTTP/1.1\r\nHost: a, b\r\n\r\n"},
	{name: "Host with a bad port", raw: "GET /run/x/ HTTP/1.1\r\nHost: a:b\r\n\r\n"},
	{name: "Host with an empty port", raw: "GET /run/x/ HTTP/1.1\r\nHost: a:\r\n\r\n"},
	{name: "Host with a port too large", raw: "GET /run/x/ HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
	{name: "Host with two ports", raw: "GET /run/x/ HTTP/1.1\r\nHost: a:1:2\r\n\r\n"},
	{name: "Host with bad brackets", raw: "GET /run/x/ HTTP/1.1\r\nHost: [::1\r\n\r\n"},
	{name: "Host with no address in brackets", raw: "GET /run/x/ HTTP/1.1\r\nHost: [a]\r\n\r\n"},
	{name: "absolute target of another host", raw: "GET http://a/run/x/ HTTP/1.1\r\nHost: b\r\n\r\n"},
	{name: "absolute target of another port", raw: "GET http://a:81/run/x/ HTTP/1.1\r\nHost: a:80\r\n\r\n"},
	{name: "absolute target with a user", raw: "GET http://u@a/run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "absolute target without a host", raw: "GET http:///run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "absolute target of another scheme", raw: "GET ftp://a/run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "authority as target", raw: "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
	{name: "asterisk as target", raw: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "relative target", raw: "GET run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "empty target", raw: "GET  HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "fragment in the target", raw: "GET /run/x/#a HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "blank in the target", raw: "GET /run/x/ a HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "tab in the target", raw: "GET /run/x/\ta HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "control character in the target", raw: "GET /run/x/\x7f HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "two blanks after the method", raw: "GET  /run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "two blanks before the version", raw: "GET /run/x/  HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "blank after the version", raw: "GET /run/x/ HTTP/1.1 \r\nHost: a\r\n\r\n"},
	{name: "blank before the method", raw: " GET /run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "tabs for blanks", raw: "GET\t/run/x/\tHTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "bad method", raw: "G(T /run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "long method", raw: strings.Repeat("A", 33) + " /run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "no version", raw: "GET /run/x/\r\nHost: a\r\n\r\n"},
	{name: "HTTP/0.9", raw: "GET /run/x/\r\n\r\n"},
	{name: "HTTP/1.2", raw: "GET /run/x/ HTTP/1.2\r\nHost: a\r\n\r\n"},
	{name: "HTTP/2.0", raw: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
	{name: "version in lower case", raw: "GET /run/x/ http/1.1\r\nHost: a\r\n\r\n"},
	{name: "version with zeros", raw: "GET /run/x/ HTTP/01.1\r\nHost: a\r\n\r\n"},
	{name: "two empty lines first", raw: "\r\n\r\nGET /run/x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{name: "TLS", raw: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"},
	{name: "head too large", raw: "GET /run/x/ HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 16<<10) + "\r\n\r\n", status: 431},
	{name: "target too large", raw: "GET /run/x/" + strings.Repeat("a", 17<<10), status: 431},
	{name: "too many headers", raw: request(strings.Repeat("A:\r\n", 200), ""), status: 431},

	{name: "chunk size not a number", raw: chunked("zz\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size empty", raw: chunked("\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size with prefix", raw: chunked("0x3\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size with sign", raw: chunked("+3\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size negative", raw: chunked("-3\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size past any number", raw: chunked("fffffffffffffffff\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size with more behind", raw: chunked("3 abc\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size with blank before", raw: chunked(" 3\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size with blank behind", raw: chunked("3 ;a\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk size with bare LF", raw: chunked("3\nabc\r\n0\r\n\r\n")},
	{name: "chunk extension with bare CR", raw: chunked("3;a\rb\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk extension too long", raw: chunked("3;" + strings.Repeat("a", 300) + "\r\nabc\r\n0\r\n\r\n")},
	{name: "chunk extensions without end", raw: chunked(strings.Repeat("1;"+strings.Repeat("a", 200)+"\r\na\r\n", 200) + "0\r\n\r\n")},
	{name: "chunk longer than its size", raw: chunked("3\r\nabcd\r\n0\r\n\r\n")},
	{name: "chunk ended by bare LF", raw: chunked("3\r\nabc\n0\r\n\r\n")},
	{name: "trailer malformed", raw: chunked("0\r\nno colon\r\n\r\n")},
	{name: "trailer with bare LF", raw: chunked("0\r\nA: b\n\r\n")},
	{name: "trailer too large", raw: chunked("0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 20) + "\r\n")},
}

// TestServer_Refuses sends what two servers could read in different ways, with
// a valid request behind it that must never be answered.
func TestServer_Refuses(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
			c.send(test.raw + hello)
			a := c.receive("GET")
			if want := max(400, test.status); a.StatusCode != want {
				t.Errorf("status %d, want %d: %s", a.StatusCode, want, a.text)
			}
			if _, code := a.problem(t); code != "invalid_request" {
				t.Errorf("code %q", code)
			}
			if !a.Close {
				t.Error("the answer does not say Connection: close")
			}
			if !c.isClosed() {
				t.Error("the connection was kept")
			}
		})
	}
}

// chunked returns a request with the bytes as its chunked body.
func chunked(body string) string { return request("Transfer-Encoding: chunked\r\n", body) }

// TestServer_Accepts sends unusual but sound requests; each must be answered
// and the connection be kept or closed as the client asked.
func TestServer_Accepts(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	for _, test := range []struct {
		name, raw string
		want      echoed
		closed    bool
	}{
		{name: "plain", raw: hello, want: echoed{Path: "/run/x/hello"}},
		{name: "one empty line first", raw: "\r\n" + hello, want: echoed{Path: "/run/x/hello"}},
		{name: "absolute target", raw: "GET HTTP://A:80/run/x/?q HTTP/1.1\r\nHost: a:80\r\n\r\n", want: echoed{Path: "/run/x/", Query: "q", Host: "a:80"}},
		{name: "absolute target without a path", raw: "GET http://app.example.com?q HTTP/1.1\r\nHost: app.example.com\r\n\r\n", want: echoed{Path: "/", Query: "q", Host: "app.example.com"}},
		{name: "path is kept raw", raw: "GET /run/x/%2Fa//b/../c?d=%2F?e HTTP/1.1\r\nHost: h\r\n\r\n", want: echoed{Path: "/run/x/%2Fa//b/../c", Query: "d=%2F?e"}},
		{name: "two slashes first", raw: "GET //evil.example.com/a HTTP/1.1\r\nHost: app.example.com\r\n\r\n", want: echoed{Path: "//evil.example.com/a", Host: "app.example.com"}},
		{name: "UTF-8 in the target", raw: "GET /run/x/ü HTTP/1.1\r\nHost: h\r\n\r\n", want: echoed{Path: "/run/x/ü"}},
		{name: "a domain with a port", raw: "GET /a HTTP/1.1\r\nHost: APP.example.com.:8080\r\n\r\n", want: echoed{Path: "/a", Host: "APP.example.com.:8080"}},
		{name: "an IPv6 host", raw: "GET /run/x/ HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", want: echoed{Path: "/run/x/", Host: "[::1]:80"}},
		{name: "unknown method", raw: "BREW /run/x/pot HTTP/1.1\r\nHost: h\r\n\r\n", want: echoed{Method: "BREW", Path: "/run/x/pot"}},
		{name: "method in lower case", raw: "get /run/x/ HTTP/1.1\r\nHost: h\r\n\r\n", want: echoed{Method: "get", Path: "/run/x/"}},
		{name: "body", raw: request("Content-Length: 3\r\n", "abc"), want: echoed{Method: "POST", Path: "/run/x/echo", Body: "abc", Length: 3}},
		{name: "body of a GET", raw: "GET /run/x/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", want: echoed{Path: "/run/x/", Body: "abc", Length: 3}},
		{name: "Content-Length with zeros", raw: request("Content-Length: 0003\r\n", "abc"), want: echoed{Method: "POST", Path: "/run/x/echo", Body: "abc", Length: 3}},
		{name: "no body", raw: request("Content-Length: 0\r\n", ""), want: echoed{Method: "POST", Path: "/run/x/echo"}},
		{name: "chunks", raw: chunked("3\r\nabc\r\n0A;a=\"b\"\r\n0123456789\r\n2; c\r\nde\r\n0\r\nTrailer: x\r\n\r\n"), want: echoed{Method: "POST", Path: "/run/x/echo", Body: "abc0123456789de", Length: -1}},
		{name: "chunks in another case", raw: request("transfer-encoding: CHUNKED\r\n", "1\r\na\r\n0\r\n\r\n"), want: echoed{Method: "POST", Path: "/run/x/echo", Body: "a", Length: -1}},
		{name: "no chunks", raw: chunked("0\r\n\r\n"), want: echoed{Method: "POST", Path: "/run/x/echo", Length: -1}},
		{name: "close", raw: "GET /run/x/ HTTP/1.1\r\nHost: h\r\nConnection: TE, Close\r\n\r\n", want: echoed{Path: "/run/x/"}, closed: true},
		{name: "HTTP/1.0", raw: "GET /run/x/ HTTP/1.0\r\nHost: h\r\n\r\n", want: echoed{Path: "/run/x/", Protocol: "1.0"}, closed: true},
		{name: "HTTP/1.0 kept", raw: "GET /run/x/ HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n", want: echoed{Path: "/run/x/", Protocol: "1.0"}},
		{name: "Expect in HTTP/1.0", raw: "GET /run/x/ HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", want: echoed{Path: "/run/x/", Protocol: "1.0", Body: "abc", Length: 3}, closed: true},
		{name: "199 headers", raw: request(strings.Repeat("A:\r\n", 199), ""), want: echoed{Method: "POST", Path: "/run/x/echo"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
			c.send(test.raw)
			a := c.receive("GET")
			if a.StatusCode != 200 {
				t.Fatalf("status %d: %s", a.StatusCode, a.text)
			}
			got := a.echoed(t)
			got.Header, got.Remote, got.Client = nil, "", ""
			want := test.want
			want.Method, want.Host, want.Protocol = or(want.Method, "GET"), or(want.Host, "h"), or(want.Protocol, "1.1")
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if a.Close != test.closed {
				t.Errorf("Connection: close sent: %t", a.Close)
			}
			if test.closed && !c.isClosed() || !test.closed && !c.isKept() {
				t.Errorf("closed: %t", !test.closed)
			}
		})
	}
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func TestServer_Pipelined(t *testing.T) {
	t.Parallel()
	c := start(t, nil).dial(t)
	c.send(chunked("3\r\nabc\r\n0\r\n\r\n") + request("Content-Length: 3\r\n", "def") + hello + "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" + chunked("x\r\n"))
	for _, want := range []string{"abc", "def", ""} {
		if got := c.receive(http.MethodGet).echoed(t).Body; got != want {
			t.Errorf("body %q, want %q", got, want)
		}
	}
	if a := c.receive(http.MethodGet); a.text != `{"status":"ok"}` {
		t.Errorf("health: %q", a.text)
	}
	if a := c.receive(http.MethodGet); a.StatusCode != 400 || !c.isClosed() {
		t.Errorf("bad chunk: %d", a.StatusCode)
	}
}

// The head is parsed the same however it is cut into packets.
func TestServer_ByteByByte(t *testing.T) {
	t.Parallel()
	c := start(t, nil).dial(t)
	for _, char := range []byte(chunked("3\r\nabc\r\n0\r\n\r\n") + hello) {
		c.send(string([]byte{char}))
	}
	if got := c.receive("POST").echoed(t).Body; got != "abc" {
		t.Errorf("body %q", got)
	}
	if got := c.receive("GET").echoed(t).Path; got != "/run/x/hello" {
		t.Errorf("path %q", got)
	}
}
