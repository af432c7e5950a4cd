package route_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/route"
	"pgregory.net/rapid"
)

// place returns the place of a path in an app that has the release.
func place(t interface{ Fatal(...any) }, release *host.Release, path string) route.Place {
	app := newApp("app", host.Production, "app.example.com")
	p, err := route.New().With(app, release).Find("app.example.com", path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlace_Match(t *testing.T) {
	t.Parallel()
	release := newRelease(1,
		"GET", "/",
		"GET", "/a/{x}/c",
		"GET", "/a/b/{y}",
		"POST", "/a/{other}/c",
		"GET", "/users/me",
		"DELETE", "/users/{id}",
		"PUT", "/users/{user}",
		"GET", "/files/{a}/{b}",
		"HEAD", "/head/{x}",
		"GET", "/head/{y}",
		"GET", "/caf%C3%A9",
		"GET", "/a b",
		"GET", "/off",
		"OPTIONS", "/options",
	)
	i := slices.IndexFunc(release.Endpoints, func(e host.Endpoint) bool { return e.Path == "/off" })
	release.Endpoints[i].Enabled = false

	type params = map[string]string
	for _, test := range []struct {
		method, path string
		want         string // name of the endpoint
		params       params
		allow        string
		code         host.Code
	}{
		{method: "GET", path: "/", want: "GET /"},
		{method: "HEAD", path: "/", want: "GET /"},
		{method: "POST", path: "/", allow: "GET HEAD OPTIONS"},
		{method: "OPTIONS", path: "/", allow: "GET HEAD OPTIONS"},
		{method: "GET", path: "/a/b/c", want: "GET /a/b/{y}", params: params{"y": "c"}},
		{method: "GET", path: "/a/z/c", want: "GET /a/{x}/c", params: params{"x": "z"}},
		{method: "POST", path: "/a/b/c", want: "POST /a/{other}/c", params: params{"other": "b"}},
		{method: "GET", path: "/a/z/d", code: host.CodeNotFound},
		{method: "GET", path: "/users/me", want: "GET /users/me"},
		{method: "DELETE", path: "/users/me", want: "DELETE /users/{id}", params: params{"id": "me"}},
		{method: "PUT", path: "/users/7", want: "PUT /users/{user}", params: params{"user": "7"}},
		{method: "PATCH", path: "/users/me", allow: "DELETE GET HEAD OPTIONS PUT"},
		{method: "GET", path: "/users/7", allow: "DELETE OPTIONS PUT"},
		{method: "BREW", path: "/users/7", allow: "DELETE OPTIONS PUT"},
		{method: "GET", path: "/users", code: host.CodeNotFound},
		{method: "GET", path: "/users/7/", allow: "DELETE OPTIONS PUT"},
		{method: "GET", path: "/files/x%2Fy/z%20w/", want: "GET /files/{a}/{b}", params: params{"a": "x/y", "b": "z w"}},
		{method: "GET", path: "/files//z", code: host.CodeNotFound},
		{method: "GET", path: "/files/x//", code: host.CodeNotFound},
		{method: "GET", path: "/files/x/..", code: host.CodeInvalid},
		{method: "GET", path: "/files/x/%", code: host.CodeInvalid},
		{method: "HEAD", path: "/head/1", want: "HEAD /head/{x}", params: params{"x": "1"}},
		{method: "GET", path: "/head/1", want: "GET /head/{y}", params: params{"y": "1"}},
		{method: "GET", path: "/caf%c3%a9", want: "GET /caf%C3%A9"},
		{method: "GET", path: "/café", want: "GET /caf%C3%A9"},
		{method: "GET", path: "/a%20b", want: "GET /a b"},
		{method: "GET", path: "/a+b", code: host.CodeNotFound},
		{method: "GET", path: "/off", code: host.CodeNotFound},
		{method: "OPTIONS", path: "/options", want: "OPTIONS /options"},
		{method: "GET", path: "/options", allow: "OPTIONS"},
		{method: "GET", path: "/A/b/c", code: host.CodeNotFound},
		{method: "GET", path: "/" + strings.Repeat("a/", 5000), code: host.CodeNotFound},
	} {
		t.Run(test.method+" "+test.path[:min(40, len(test.path))], func(t *testing.T) {
			t.Parallel()
			m, err := place(t, release, test.path).Match(test.method)
			if host.CodeOf(err) != test.code {
				t.Fatalf("code %q, want %q", host.CodeOf(err), test.code)
			}
			if got := nameOf(m.Endpoint); got != test.want {
				t.Errorf("endpoint %q, want %q", got, test.want)
			}
			if diff := cmp.Diff(test.params, m.Params); diff != "" {
				t.Error(diff)
			}
			if got := strings.Join(m.Allow, " "); got != test.allow {
				t.Errorf("allow %q, want %q", got, test.allow)
			}
		})
	}
}

func nameOf(e *host.Endpoint) string {
	if e == nil {
		return ""
	}
	return e.Name
}

// hostile is a release that makes a search turn back as often as a release
// can: 500 templates of 64 segments, which the path follows to the last segment
// and then misses, each of them.
func hostile() (*host.Release, string) {
	var endpoints []string
	for i := range host.MaxEndpoints {
		path := ""
		for depth := range 63 {
			if depth < 9 && i>>depth&1 == 1 {
				path += "/a"
			} else {
				path += fmt.Sprintf("/{p%d}", depth)
			}
		}
		endpoints = append(endpoints, "GET", path+"/end")
	}
	return newRelease(1, endpoints...), strings.Repeat("/a", 64)
}

// A path that fits 500 templates but for its last segment is searched in time
// bounded by the size of the tree; BenchmarkMatch_Hostile says how much.
func TestPlace_Match_Hostile(t *testing.T) {
	t.Parallel()
	release, path := hostile()
	if _, err := place(t, release, path).Match("GET"); host.CodeOf(err) != host.CodeNotFound {
		t.Errorf("got %v", err)
	}
}

// TestPlace_Match_Naive holds the tree against a matcher that tries every
// template.
func TestPlace_Match_Naive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		release := drawRelease(t)
		path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "%61"}), 0, 4).Draw(t, "path"), "/")
		method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "OPTIONS", "BREW"}).Draw(t, "method")

		m, err := place(t, release, path).Match(method)
		want := matchNaively(release, method, path)
		if got := (naive{nameOf(m.Endpoint), m.Params, m.Allow}); !cmp.Equal(got, want) {
			t.Errorf("%s %s: %s", method, path, cmp.Diff(want, got))
		}
		if none := want.endpoint == "" && want.allow == nil; none != (host.CodeOf(err) == host.CodeNotFound) {
			t.Errorf("%s %s: %v", method, path, err)
		}
	})
}

// drawRelease returns a release of endpoints whose method and shape differ.
func drawRelease(t *rapid.T) *host.Release {
	segment := rapid.SampledFrom([]string{"a", "b", "{x}", "{y}"})
	release, shapes := &host.Release{Number: 1}, map[string]bool{}
	for range rapid.IntRange(0, 12).Draw(t, "endpoints") {
		path := "/" + strings.Join(rapid.SliceOfN(segment, 0, 4).Draw(t, "template"), "/")
		e := newRelease(1, rapid.SampledFrom([]string{"GET", "HEAD", "POST"}).Draw(t, "of method"), path).Endpoints[0]
		template, err := host.ParseTemplate(path)
		if err != nil || shapes[e.Method+template.Shape()] {
			continue
		}
		shapes[e.Method+template.Shape()] = true
		e.Enabled = rapid.IntRange(0, 4).Draw(t, "disabled if 0") > 0
		release.Endpoints = append(release.Endpoints, e)
	}
	return release
}

// naive is the outcome of matchNaively.
type naive struct {
	endpoint string
	params   map[string]string
	allow    []string
}

func (n naive) Equal(o naive) bool {
	return n.endpoint == o.endpoint && cmp.Equal(n.params, o.params) && slices.Equal(n.allow, o.allow)
}

// matchNaively tries every endpoint and takes the one whose shape is the most
// literal from the left.
func matchNaively(release *host.Release, method, path string) naive {
	segments, _ := host.SplitPath(path)
	best, bestRank, allow := naive{}, "", map[string]bool{}
	for _, e := range release.Endpoints {
		template, _ := host.ParseTemplate(e.Path)
		params, rank, ok := matchTemplate(template, segments)
		if !e.Enabled || !ok {
			continue
		}
		allow[e.Method] = true
		switch {
		case e.Method == method:
			rank += "0"
		case e.Method == "GET" && method == "HEAD":
			rank += "1"
		default:
			continue
		}
		if best.endpoint == "" || rank < bestRank {
			best, bestRank = naive{endpoint: e.Name, params: params}, rank
		}
	}
	if best.endpoint != "" || len(allow) == 0 {
		return best
	}
	for _, m := range []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost} {
		if allow[m] || m == http.MethodOptions || m == http.MethodHead && allow[http.MethodGet] {
			best.allow = append(best.allow, m)
		}
	}
	return best
}

// matchTemplate matches segment by segment; in rank a literal sorts before a
// parameter.
func matchTemplate(t host.Template, segments []string) (params map[string]string, rank string, ok bool) {
	if len(t.Segments) != len(segments) {
		return nil, "", false
	}
	for i, s := range t.Segments {
		switch {
		case s.Parameter != "":
			if params == nil {
				params = map[string]string{}
			}
			params[s.Parameter] = segments[i]
			rank += "1"
		case s.Literal == segments[i]:
			rank += "0"
		default:
			return nil, "", false
		}
	}
	return params, rank, true
}

func FuzzTable(f *testing.F) {
	for _, seed := range []string{"/", "/run/app/a/b/c", "/run/app@staging/", "/a/%2e%2e", "//", "/run//", "*", ""} {
		f.Add("app.example.com:80", "GET", seed)
		f.Add("localhost", "HEAD", seed)
	}
	app := newApp("app", host.Production, "app.example.com")
	table := route.New().With(app, newRelease(1, "GET", "/", "GET", "/a/{x}/c", "GET", "/a/b/{y}"))
	f.Fuzz(func(t *testing.T, hostHeader, method, path string) {
		p, err := table.Find(hostHeader, path)
		if err != nil {
			return
		}
		m, err := p.Match(method)
		if err != nil {
			return
		}
		if (m.Endpoint == nil) == (m.Allow == nil) {
			t.Errorf("%s %s: both or neither of endpoint and allow: %+v", method, path, m)
		}
		for name, value := range m.Params {
			if value == "" {
				t.Errorf("%s %s: parameter %s is empty", method, path, name)
			}
		}
	})
}

func BenchmarkFindAndMatch(b *testing.B) {
	table := route.New()
	for i := range 5000 {
		table = table.With(newApp(fmt.Sprintf("app-%d", i), host.Production), newRelease(1, "GET", "/orders/{id}", "POST", "/orders"))
	}
	b.ReportAllocs()
	for b.Loop() {
		p, _ := table.Find("localhost:8080", "/run/app-4711/orders/42")
		if m, _ := p.Match("GET"); m.Endpoint == nil {
			b.Fatal("no match")
		}
	}
}

func BenchmarkMatch_Hostile(b *testing.B) {
	release, path := hostile()
	p := place(b, release, path)
	for b.Loop() {
		_, _ = p.Match("GET")
	}
}

func BenchmarkWith(b *testing.B) {
	table := route.New()
	release := newRelease(1, "GET", "/orders/{id}", "POST", "/orders")
	for i := range 5000 {
		table = table.With(newApp(fmt.Sprintf("app-%d", i), host.Production), release)
	}
	app := newApp("app-4711", host.Production, "a.example.com")
	for b.Loop() {
		table.With(app, release)
	}
}
