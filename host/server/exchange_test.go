package server_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/server"
)

func TestServer_Errors(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	for _, test := range []struct {
		path   string
		status int
		code   string
		logged string
	}{
		{"/run/x/error", 500, "internal", "secret-word"},
		{"/run/x/panic", 500, "internal", "of the test"},
		{"/run/x/refused", 405, "method_not_allowed", ""},
	} {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			c := b.dial(t)
			c.send("GET " + test.path + " HTTP/1.1\r\nHost: h\r\n\r\n")
			a := c.receive("GET")
			if _, code := a.problem(t); a.StatusCode != test.status || code != test.code {
				t.Errorf("got %d %s", a.StatusCode, a.text)
			}
			if test.logged != "" && (strings.Contains(a.text, test.logged) || !strings.Contains(b.logs.String(), test.logged)) {
				t.Errorf("the cause must be in the log and not in %q", a.text)
			}
			if !c.isKept() {
				t.Error("the connection was closed")
			}
		})
	}

	t.Run("headers beside an error", func(t *testing.T) {
		t.Parallel()
		c := b.dial(t)
		c.send("GET /run/x/refused HTTP/1.1\r\nHost: h\r\n\r\n")
		if a := c.receive("GET"); a.Header.Get("Allow") != "GET" || a.Header.Get("Vary") != "Origin" {
			t.Errorf("headers %v", a.Header)
		}
	})
}

func TestServer_ResponseHeaders(t *testing.T) {
	t.Parallel()
	c := start(t, mounted).dial(t)
	ids := map[string]bool{}
	for _, target := range []string{"/run/x/a", "/run/x/headers", "/run/x/error", "/run/x/panic", "/v1/things/a", "/v1/panic", "/none", "/healthz", "/a/.."} {
		c.send("GET " + target + " HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n\r\n")
		a := c.receive("GET")
		id := a.Header.Get("X-Request-Id")
		if !host.IsID(id) || ids[id] {
			t.Errorf("%s: X-Request-Id %q", target, id)
		}
		ids[id] = true
		if a.Close || len(a.Header.Values("Date")) != 1 || len(a.Header.Values("X-Request-Id")) != 1 || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
			a.Header.Get("Date") == "" || a.Header.Values("Server") != nil {
			t.Errorf("%s: headers %v", target, a.Header)
		}
	}

	c.send("GET /run/x/headers HTTP/1.1\r\nHost: h\r\n\r\n")
	a := c.receive("GET")
	if diff := cmp.Diff([]string{"a=1; Path=/; HttpOnly", "b=2"}, a.Header.Values("Set-Cookie")); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"X-Bad", "Injected", "Bad Name", "Content-Type"} {
		if got, ok := a.Header[name]; ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// The answer to HEAD is that to GET without its body.
func TestServer_Head(t *testing.T) {
	t.Parallel()
	c := start(t, mounted).dial(t)
	for _, target := range []string{"/run/x/unread", "/run/x/headers", "/run/x/empty", "/run/x/error", "/v1/things/a", "/healthz", "/none"} {
		var headers []http.Header
		for _, method := range []string{"GET", "HEAD"} {
			c.send(method + " " + target + " HTTP/1.1\r\nHost: h\r\n\r\n")
			a := c.receive(method)
			if method == "HEAD" && a.text != "" {
				t.Errorf("%s: body %q", target, a.text)
			}
			a.Header.Del("X-Request-Id")
			a.Header.Del("Date")
			headers = append(headers, a.Header)
		}
		if diff := cmp.Diff(headers[0], headers[1]); diff != "" {
			t.Errorf("%s: %s", target, diff)
		}
	}
	if !c.isKept() {
		t.Error("the connection is out of step")
	}
}

func TestServer_Request(t *testing.T) {
	t.Parallel()
	c := start(t, nil).dial(t)
	c.send("GET /run/x/a HTTP/1.1\r\nhost: h\r\nX-Twice: a\r\nx-twice:  b \r\nCookie: c=d; e=\"f\"\r\nX-Empty:\r\nUser-Agent:\tü\r\n\r\n")
	got := c.receive("GET").echoed(t)
	want := []host.Header{
		{Name: "host", Value: "h"}, {Name: "X-Twice", Value: "a"}, {Name: "x-twice", Value: "b"},
		{Name: "Cookie", Value: `c=d; e="f"`}, {Name: "X-Empty", Value: ""}, {Name: "User-Agent", Value: "ü"},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Error(diff)
	}
	if got.Remote != "127.0.0.1" || got.Client != "127.0.0.1" || got.ForwardedFor != "" {
		t.Errorf("remote %q, client %q for %q", got.Remote, got.Client, got.ForwardedFor)
	}
}

// TestServer_TrustedProxy covers what a trusted peer says of the client; the
// rules are those of TestProxies_Client.
func TestServer_TrustedProxy(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	})
	c := b.dial(t)
	c.send("GET /run/x/a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1, 203.0.113.9, 10.0.0.2\r\n\r\n")
	got := c.receive("GET").echoed(t)
	if got.Remote != "127.0.0.1" || got.Client != "203.0.113.9" || got.ForwardedFor != "203.0.113.9, 10.0.0.2" {
		t.Errorf("remote %q, client %q for %q", got.Remote, got.Client, got.ForwardedFor)
	}
	c.send("GET /run/x/a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\nForwarded: for=192.0.2.1\r\n\r\n")
	if a := c.receive("GET"); a.StatusCode != 400 {
		t.Errorf("two stories: %d %s", a.StatusCode, a.text)
	}
	if !c.isKept() {
		t.Error("the connection was closed")
	}
}

func TestServer_AccessLog(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *server.Config) {
		mounted(c)
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	c := b.dial(t)
	var ids []string
	for _, raw := range []string{
		"GET /run/x/a?api_key=query-secret HTTP/1.1\r\nHost: h\r\nX-API-Key: header-secret\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
		"POST /v1/refuse?api_key=query-secret HTTP/1.1\r\nHost: h\r\nForwarded: for=\"[2001:db8::1]\"\r\nAuthorization: header-secret\r\n\r\n",
		"GET /a?api_key=query-secret HTTP/1.1\r\nHost: h\r\nX: header-secret\x01\r\n\r\n",
	} {
		c.send(raw)
		ids = append(ids, c.receive("GET").Header.Get("X-Request-Id"))
	}
	if !c.isClosed() { // and the lines are written
		t.Error("the connection was kept")
	}
	if strings.Contains(b.logs.String(), "-secret") {
		t.Errorf("a secret is in the log: %s", b.logs)
	}
	type line struct {
		Method, Path, Client string
		ID                   string `json:"request_id"`
		Status, Bytes        int
		Duration             *int64
	}
	for i, want := range []line{
		{Method: "GET", Path: "/run/x/a", Client: "203.0.113.9", Status: 200},
		{Method: "POST", Path: "/v1/refuse", Client: "2001:db8::1", Status: 409},
		{Client: "127.0.0.1", Status: 400},
	} {
		got := line{}
		for text := range strings.SplitSeq(b.logs.String(), "\n") {
			if strings.Contains(text, `"msg":"request"`) && strings.Contains(text, ids[i]) {
				if err := json.Unmarshal([]byte(text), &got); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got.ID != ids[i] || got.Method != want.Method || got.Path != want.Path || got.Client != want.Client || got.Status != want.Status || got.Bytes < 10 || got.Duration == nil {
			t.Errorf("line %d: %+v", i, got)
		}
	}
}

// TestServer_LogForged sends targets that would write lines, or colours, of
// their own into a log that a person reads.
func TestServer_LogForged(t *testing.T) {
	t.Parallel()
	var lines logs
	b := start(t, func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&lines, nil)) })
	const forged = "time=2026-01-01T00:00:00Z level=ERROR msg=forged"
	targets := []string{
		"/run/x/a%0A" + strings.ReplaceAll(forged, " ", "%20"), "/run/x/\xc2\x85" + strings.ReplaceAll(forged, " ", "\xc2\xa0"),
		"/run/x/\xe2\x80\xa8msg=forged", "/run/x/a\tmsg=forged", "/run/x/a\rmsg=forged", "/run/x/a\x1b[2Kmsg=forged", "/run/x/\xc2\x9b2K\xff\"msg=forged",
	}
	for _, target := range targets {
		c := b.dial(t)
		c.send("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		c.receive("GET")
		if !c.isClosed() { // and the line is written
			t.Errorf("%q: the connection was kept", target)
		}
	}
	written := strings.Split(strings.TrimSuffix(lines.String(), "\n"), "\n")
	if len(written) != len(targets) {
		t.Errorf("%d lines for %d requests", len(written), len(targets))
	}
	for _, line := range written {
		isControl := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
		if !strings.Contains(line, " msg=request request_id=") || strings.Contains(line, " msg=forged") || strings.ContainsFunc(line, isControl) {
			t.Errorf("line %q", line)
		}
	}
}

func BenchmarkServer(b *testing.B) {
	server := start(b, func(c *server.Config) { c.Log = nil })
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c := server.dial(b)
		for pb.Next() {
			c.send("GET /run/x/unread HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
			if _, err := c.in.Peek(1); err != nil {
				b.Fatal(err)
			}
			_, _ = c.in.Discard(c.in.Buffered())
		}
	})
}
