package engine_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/outbound"
)

// manifested wraps a guest in an Extism manifest with more members.
func manifested(t testing.TB, name, members string) []byte {
	t.Helper()
	return fmt.Appendf(nil, `{"wasm":[{"data":%q}],%s}`, base64.StdEncoding.EncodeToString(guest(t, name)), members)
}

// fetching opens an engine whose modules may send requests to this machine.
func fetching(t testing.TB, c engine.Config) *engine.Engine {
	t.Helper()
	client := httpout.New(outbound.Config{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	t.Cleanup(client.Close)
	c.Operations = httpout.Operations(client)
	return open(t, c)
}

// reaching is what a call may do whose app allows hosts.
func reaching(hosts ...string) func() *capability.Call {
	return func() *capability.Call {
		return &capability.Call{Granted: func(group string) bool { return group == host.CapabilityHTTP }, AppID: "app", Hosts: hosts}
	}
}

// mirror answers with what it was asked, as the query says.
func mirror(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header()["Date"] = nil
		w.Header().Add("X-Twice", "a")
		w.Header().Add("X-Twice", "b<c")
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
			return
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
			return
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "{ \"method\" : %q,\n \"type\":%q, \"own\":%q, \"length\":%d, \"body\":%q}", r.Method, r.Header["Content-Type"], r.Header["X-Own"], r.ContentLength, body)
		if r.URL.Path == "/" {
			_, _ = io.WriteString(w, "\xff")
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// parts takes the answer of the guest ok/http apart.
func parts(t *testing.T, output []byte) (status int, headers map[string]string, body string) {
	t.Helper()
	head, rest, ok := bytes.Cut(output, []byte("\n"))
	if !ok || len(head) < 2 || json.Unmarshal(head[2:], &headers) != nil {
		t.Fatalf("got %q", output)
	}
	return int(binary.LittleEndian.Uint16(head)), headers, string(rest)
}

func TestHTTP_Request(t *testing.T) {
	t.Parallel()
	e, at := fetching(t, engine.Config{}), mirror(t)
	for _, tt := range []struct {
		name, input string
		status      int
		headers     string
		body        string
	}{
		{"a request", `{"url":"` + at + `","method":"post","headers":{"X-Own":"1","Content-Length":"7","Host":"x"}}` + "\n\x00\xff", 418,
			"map[content-length:77 content-type:application/json x-twice:a,b<c]", `{ "method" : "POST",` + "\n" + ` "type":[], "own":["1"], "length":2, "body":"\x00\xff"}` + "\xff"},
		{"the least", `{"url":"` + at + `"}`, 418, "map[content-length:65 content-type:application/json x-twice:a,b<c]", `{ "method" : "GET",` + "\n" + ` "type":[], "own":[], "length":0, "body":""}` + "\xff"},
		{"nothing", `{"url":"` + at + `/nothing","headers":null}`, 204, "map[x-twice:a,b<c]", ""},
		{"a redirect", `{"url":"` + at + `/redirect?to=/nothing"}`, 204, "map[x-twice:a,b<c]", ""},
		{"none", "", 0, "map[]", ""},
	} {
		for _, isolation := range []string{host.IsolationReset, host.IsolationFresh, host.IsolationReset} {
			c := call(guest(t, "ok/http"))
			c.Input, c.Isolation, c.Data = []byte(tt.input), isolation, reaching("127.0.0.1:"+at[strings.LastIndexByte(at, ':')+1:])
			got, err := output(t, e, c)
			if err != nil {
				t.Errorf("%s, %s: %v", tt.name, isolation, err)
				continue
			}
			status, headers, body := parts(t, got)
			if status != tt.status || fmt.Sprint(headers) != tt.headers || body != tt.body {
				t.Errorf("%s, %s: got %d %v %q\nwant %d %v %q", tt.name, isolation, status, headers, body, tt.status, tt.headers, tt.body)
			}
		}
	}
}

// TestHTTP_Refused: whatever fails ends the guest with a sentence that tells no
// more of the URL than its host.
func TestHTTP_Refused(t *testing.T) {
	t.Parallel()
	e, at := fetching(t, engine.Config{}), mirror(t)
	all := reaching("*:" + at[strings.LastIndexByte(at, ':')+1:])
	for _, tt := range []struct {
		name, url, manifest string
		data                func() *capability.Call
		want                string
	}{
		{"no grant", at, "", func() *capability.Call { return &capability.Call{Hosts: []string{"*"}} }, `does not grant its modules the capability "http"`},
		{"no host", at, "", reaching(), "the app's allowed_hosts do not name it"},
		{"another host", at, "", reaching("example.com"), "the app's allowed_hosts do not name it"},
		{"the manifest's host", at, `"allowed_hosts":["example.com"]`, all, "the module's manifest do not name it"},
		{"no host of the manifest", at, `"allowed_hosts":[]`, all, "the module's manifest do not name it"},
		{"the app's host, not the manifest's", at, `"allowed_hosts":["*"]`, reaching("example.com"), "the app's allowed_hosts do not name it"},
		{"a redirect from the app's hosts", at + "/redirect?to=http://example.com/secret", "", all, "requests to example.com are not allowed"},
		{"a redirect from the manifest's hosts", strings.Replace(at, "127.0.0.1", "localhost", 1) + "/redirect?to=" + at + "/secret", `"allowed_hosts":["local{host,net}"]`, all, "requests to 127.0.0.1"},
		{"a large answer", at + "/large", `"memory":{"max_http_response_bytes":999}`, all, "larger than 999 bytes"},
		{"any answer", at + "/large", `"memory":{"max_http_response_bytes":0}`, all, "larger than"},
		{"one byte", at + "/large", `"memory":{"max_http_response_bytes":1}`, all, "larger than 1 bytes"},
		{"an address that is closed", "http://127.0.0.2:" + at[strings.LastIndexByte(at, ':')+1:] + "/secret", "", all, "is not on the public internet"},
		{"no URL", "secret", "", all, "url must be an absolute URL"},
	} {
		c := call(guest(t, "ok/http"))
		if tt.manifest != "" {
			c = call(manifested(t, "ok/http", tt.manifest))
		}
		c.Input, c.Data = fmt.Appendf(nil, `{"url":%q}`, tt.url), tt.data
		got, err := output(t, e, c)
		if host.CodeOf(err) != host.CodeModuleFailed || !strings.Contains(err.Error(), "http_request: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

// TestHTTP_Manifest: what both admit is sent, also when the manifest is one that
// the cache knows.
func TestHTTP_Manifest(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), mirror(t)
	for range 2 {
		e := fetching(t, engine.Config{CacheDir: dir})
		for host, want := range map[string]string{"127.0.0.1": "", "localhost": "the module's manifest do not name it"} {
			c := call(manifested(t, "ok/http", `"allowed_hosts":["127.0.?.[0-9]"],"memory":{"max_http_response_bytes":1000}`))
			port := at[strings.LastIndexByte(at, ':')+1:]
			c.Input, c.Data = []byte(`{"url":"http://`+host+`:`+port+`/large"}`), reaching("*:"+port)
			got, err := output(t, e, c)
			if want == "" && (err != nil || len(got) < 1000) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: got %q, %v, want %q", host, got, err, want)
			}
		}
	}
}

// TestHTTP_Nobody: an engine without the operation lets nobody out.
func TestHTTP_Nobody(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Operations: []capability.Operation{}})
	c := call(guest(t, "error/http_request"))
	c.Input, c.Data = []byte(`{"url":"https://user:secret@example.com/path"}`), reaching("*")
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleFailed || !strings.Contains(err.Error(), `requests to "example.com" are not allowed`) {
		t.Errorf("got %v", err)
	}
}
