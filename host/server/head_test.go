package server

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// FuzzParseHead holds parseHead against net/http: a head that both take must
// mean the same to both, or a request could be smuggled between them.
func FuzzParseHead(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a?b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
		"GET http://a/b?c HTTP/1.0\r\nHost: A\r\nConnection: keep-alive\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]\r\nContent-Length : 1\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\n\n",
		"\r\n\r\n",
		"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		h, err := parseHead(raw)
		if err != nil {
			if host.CodeOf(err) != host.CodeInvalid {
				t.Fatalf("%q: %v is not the client's fault", raw, err)
			}
			return
		}
		std, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		length := std.ContentLength
		if len(std.TransferEncoding) > 0 {
			length = -1
		}
		if h.length != length {
			t.Errorf("%q: length %d, net/http %d", raw, h.length, length)
		}
		if h.method != std.Method || !strings.EqualFold(h.host, std.Host) || "HTTP/"+h.protocol != std.Proto {
			t.Errorf("%q: %+v, net/http %+v", raw, h, std)
		}
		if h.path != std.URL.EscapedPath() && h.path != std.URL.Path && h.authority == "" {
			t.Errorf("%q: path %q, net/http %q", raw, h.path, std.URL)
		}
		if h.keepAlive == std.Close {
			t.Errorf("%q: keep-alive %t, net/http close %t", raw, h.keepAlive, std.Close)
		}
	})
}

// A head that is refused must not be quoted: errors are sent and logged.
func TestParseHead_QuotesNothing(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"GET /secret\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET secret HTTP/1.1\r\nHost: a\r\n\r\n",
		"secret/ / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / secret\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: secret/\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: secret\x00\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nsecret\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: secret\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: secret\r\n\r\n",
	} {
		if _, err := parseHead(raw); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}
