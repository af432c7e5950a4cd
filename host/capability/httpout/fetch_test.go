package httpout_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/httpout"
)

func TestFetch_Bodies(t *testing.T) {
	t.Parallel()
	port := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if kind := r.URL.Query().Get("as"); kind != "" {
			w.Header().Set("Content-Type", kind)
		} else {
			w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		}
		w.Header().Add("X-Twice", "a")
		w.Header().Add("X-Twice", "b")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(body)
	})
	client := httpout.New(internet)
	defer client.Close()
	for name, test := range map[string]struct{ request, as, kind, want string }{
		"JSON":           {`{"body":{"n":12345678901234567890}}`, "", "application/json", `"body":{"n":12345678901234567890},"bodyEncoding":"json"`},
		"JSON of a text": {`{"body":"x","bodyEncoding":"json"}`, "", "application/json", `"body":"x","bodyEncoding":"json"`},
		"problem":        {`{"body":[1]}`, "application/problem+json", "application/problem+json", `"body":[1],"bodyEncoding":"json"`},
		"broken JSON":    {`{"body":"{"}`, "application/json", "application/json", `"body":"{","bodyEncoding":"text"`},
		"text":           {`{"body":"hé"}`, "", "text/plain; charset=utf-8", `"body":"hé","bodyEncoding":"text"`},
		"bytes":          {`{"body":"/wAB","bodyEncoding":"base64"}`, "", "application/octet-stream", `"body":"/wAB","bodyEncoding":"base64"`},
		"no text":        {`{"body":"/wAB","bodyEncoding":"base64"}`, "text/plain", "text/plain", `"body":"/wAB","bodyEncoding":"base64"`},
		"nothing":        {`{}`, "text/plain", "text/plain", ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r httpout.Request
			if err := json.Unmarshal([]byte(test.request), &r); err != nil {
				t.Fatal(err)
			}
			r.Method, r.URL = "POST", "http://public.test:"+port+"/?as="+url.QueryEscape(test.as)
			answer, err := fetch(t, client, &r)
			if err != nil {
				t.Fatal(err)
			}
			got := answer.AppendJSON(nil)
			if !json.Valid(got) {
				t.Errorf("%s is not JSON", got)
			}
			if answer.Status != http.StatusTeapot || answer.URL != r.URL || !strings.Contains(string(got), test.want) || !strings.Contains(string(got), `"x-twice":["a","b"]`) || !slices.Equal(answer.Headers["Content-Type"], []string{test.kind}) {
				t.Errorf("got %s, want %s of the type %s", got, test.want, test.kind)
			}
			if diff := cmp.Diff([]string{"a", "b"}, answer.Headers["X-Twice"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFetch_URL sends what a URL stands for.
func TestFetch_URL(t *testing.T) {
	t.Parallel()
	port := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host+" "+r.RequestURI) })
	client := httpout.New(internet)
	defer client.Close()
	for path, want := range map[string]string{
		"": "/", "/a b?c d=é#f": "/a%20b?c%20d=é", "?x HTTP/1.1": "/?x%20HTTP/1.1", "//a/../b": "//a/../b",
	} {
		answer, err := fetch(t, client, &httpout.Request{URL: "HTTP://public.test:" + port + path, Raw: true})
		if err != nil {
			t.Fatal(err)
		}
		want = base64.StdEncoding.EncodeToString([]byte("public.test:" + port + " " + want))
		if string(answer.Body) != `"`+want+`"` {
			t.Errorf("%s: got %s, want %q", path, answer.Body, want)
		}
	}
}

func TestFetch_MaxBytes(t *testing.T) {
	t.Parallel()
	port := serve(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "12345") })
	client := httpout.New(internet)
	defer client.Close()
	for most, want := range map[int64]host.Code{4: httpout.CodeTooLarge, 5: ""} {
		_, err := fetch(t, client, &httpout.Request{URL: "http://public.test:" + port, MaxBytes: most})
		if host.CodeOf(err) != want {
			t.Errorf("%d bytes: %v", most, err)
		}
	}
}

// TestFetch_Redirects follows, hands over and refuses redirects.
func TestFetch_Redirects(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]http.Header{}
	port := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Host+r.URL.Path] = r.Header
		mu.Unlock()
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		}
	})
	client := httpout.New(internet)
	defer client.Close()
	public, other := "http://public.test:"+port, "http://other.test:"+port
	secret := map[string]httpout.HeaderList{"authorization": {"Bearer s3cret"}, "x-api-key": {"s3cret"}, "cookie": {"s=s3cret"}, "accept": {"text/plain"}}
	for name, test := range map[string]struct {
		request httpout.Request
		hosts   []string
		url     string // of the answer
		code    host.Code
	}{
		"same host":        {httpout.Request{URL: public + "/a?to=/b", Headers: secret}, []string{"public.test:" + port}, public + "/b", ""},
		"other host":       {httpout.Request{URL: public + "/c?to=" + other + "/d", Headers: secret}, []string{"*.test:" + port}, other + "/d", ""},
		"other not listed": {httpout.Request{URL: public + "/e?to=" + other + "/f"}, []string{"public.test:" + port}, "", host.CodePermission},
		"manual":           {httpout.Request{URL: public + "/g?to=" + other + "/h", Redirect: httpout.RedirectManual}, []string{"public.test:" + port}, public + "/g?to=" + other + "/h", ""},
		"refused":          {httpout.Request{URL: public + "/i?to=/j", Redirect: httpout.RedirectError}, []string{"public.test:" + port}, "", httpout.CodeRedirect},
		"body elsewhere":   {httpout.Request{URL: public + "/k?to=" + other + "/l", Method: "POST", Body: []byte(`"s3cret"`)}, []string{"*.test:" + port}, "", httpout.CodeRedirect},
		"not listed":       {httpout.Request{URL: other + "/m"}, []string{"public.test:" + port, "other.test", "*.other.test:" + port}, "", host.CodePermission},
	} {
		answer, err := client.Fetch(context.Background(), httpout.Scope{AppID: "app", Hosts: test.hosts}, &test.request)
		if host.CodeOf(err) != test.code {
			t.Errorf("%s: got %v, want %q", name, err, test.code)
			continue
		}
		if err == nil && answer.URL != test.url {
			t.Errorf("%s: the answer is of %s, want %s", name, answer.URL, test.url)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for place, want := range map[string]string{"public.test:" + port + "/b": "Bearer s3cret", "other.test:" + port + "/d": ""} {
		header := seen[place]
		if header == nil || header.Get("Authorization") != want || (header.Get("X-Api-Key") == "") != (want == "") || header.Get("Accept") != "text/plain" {
			t.Errorf("%s got %v", place, header)
		}
	}
	for _, place := range []string{"other.test:" + port + "/f", "other.test:" + port + "/h", "other.test:" + port + "/l", "other.test:" + port + "/m", "public.test:" + port + "/j"} {
		if seen[place] != nil {
			t.Errorf("%s was asked", place)
		}
	}
}

// TestFetch_Connections proves that an app goes on with its connection, and
// that no other app gets it.
func TestFetch_Connections(t *testing.T) {
	t.Parallel()
	port := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) })
	client := httpout.New(internet)
	defer client.Close()
	ask := func(app string) string {
		answer, err := client.Fetch(context.Background(), httpout.Scope{AppID: app, Hosts: []string{"*:" + port}}, &httpout.Request{URL: "http://public.test:" + port})
		if err != nil {
			t.Fatal(err)
		}
		return string(answer.Body)
	}
	first := ask("one")
	if again := ask("one"); again != first {
		t.Errorf("the app has the connections %s and %s", first, again)
	}
	if other := ask("two"); other == first {
		t.Errorf("two apps share the connection %s", other)
	}
}

// TestClose gives back what is idle.
func TestClose(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				close(closed)
			}
		},
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	client := httpout.New(internet)
	if _, err := fetch(t, client, &httpout.Request{URL: "http://" + listener.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	client.Close()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection stays open")
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hosts, url string
		want       bool
	}{
		{"", "https://example.com", false},
		{"example.com", "https://example.com/x", true},
		{"Example.com", "https://EXAMPLE.com.", true},
		{"example.com", "http://example.com:443", true},
		{"example.com", "https://example.com:8443", false},
		{"example.com:8443", "https://example.com:8443", true},
		{"example.com:8443", "https://example.com", false},
		{"example.com", "https://api.example.com", false},
		{"*.example.com", "https://api.example.com", true},
		{"*.example.com", "https://a.b.example.com", true},
		{"*.example.com", "https://example.com", false},
		{"*.example.com", "https://evilexample.com", false},
		{"*.example.com", "https://example.com.evil.com", false},
		{"*", "https://anything.test", true},
		{"*", "https://anything.test:8080", false},
		{"*:8080", "https://anything.test:8080", true},
		{"a.com b.com", "https://b.com", true},
		{"[::1]:80", "http://[::1]:80", true},
		{"::1", "http://[::1]", false}, // an address with colons needs its brackets
		{"xn--bcher-kva.example", "https://b\u00fccher.example", true},
		{"xn--bcher-kva.example", "https://B\u00dcCHER.example.", true},
		{"*.example.com", "https://b\u00fccher\u3002example.com", true}, // which is a dot
		{"example.com", "https://\uff45xample.com", true},
		{"*.example.com", "https://evil.test\uff0f.example.com", false}, // a slash
		{"example.com", "https://example.com:0443", false},
		{"[::1]", "http://[::1%25lo]", false},
		{"127.0.0.1", "http://2130706433", false},
		{"127.0.0.1", "http://[::ffff:127.0.0.1]", false},
	} {
		u, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := httpout.Allowed(strings.Fields(test.hosts), u); got != test.want {
			t.Errorf("%q, %s: got %v", test.hosts, test.url, got)
		}
	}
}
