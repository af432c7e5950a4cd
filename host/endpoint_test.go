package host_test

import (
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct{ text, shape string }{
		"/":                  {"/", "/"},
		"/orders/{id}":       {"/orders/{id}", "/orders/{}"},
		"/orders/:id/lines/": {"/orders/{id}/lines", "/orders/{}/lines"},
		"/caf%C3%A9/a%2Fb":   {"/caf%C3%A9/a%2Fb", "/caf%C3%A9/a%2Fb"},
		"/a.b/~x":            {"/a.b/~x", "/a.b/~x"},
		"/{a}/{b-c}/{d_1}":   {"/{a}/{b-c}/{d_1}", "/{}/{}/{}"},
	} {
		got, err := host.ParseTemplate(in)
		if err != nil || got.String() != want.text || got.Shape() != want.shape {
			t.Errorf("ParseTemplate(%q) = %s %s, %v; want %+v", in, got, got.Shape(), err, want)
		}
	}
	for in, want := range map[string]string{
		"":                              "must begin with /",
		"orders":                        "must begin with /",
		"/a//b":                         "empty segments",
		"//":                            "empty segments",
		"/{id}/{id}":                    "twice",
		"/x{id}":                        "whole {parameter}",
		"/{}":                           "path parameter",
		"/{a b}":                        "path parameter",
		"/:":                            "path parameter",
		"/a?b":                          "whole {parameter}",
		"/%zz":                          "percent-encoding",
		"/%2e%2E":                       ". or ..",
		"/a/../b":                       ". or ..",
		"/%00":                          "control characters",
		"/" + strings.Repeat("a/", 65):  "64 segments",
		"/" + strings.Repeat("a", 2000): "2000 characters",
	} {
		if _, err := host.ParseTemplate(in); host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseTemplate(%q): error %v, want one with %q", in, err, want)
		}
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, seed := range []string{"/", "/a/{b}", "/:x/%41", "/{", "//", "/%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		first, err := host.ParseTemplate(path)
		if err != nil {
			return
		}
		second, err := host.ParseTemplate(first.String())
		if len(first.String()) <= 2000 && (err != nil || second.String() != first.String()) {
			t.Fatalf("%q becomes %q, then %q (%v)", path, first, second, err)
		}
	})
}

func TestEndpoint_Validate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*host.Endpoint)
		want   string
	}{
		{"as new", func(e *host.Endpoint) {}, ""},
		{"no name", func(e *host.Endpoint) { e.Name = "" }, "name is required"},
		{"unknown method", func(e *host.Endpoint) { e.Method = "BREW" }, "method must be one of"},
		{"bad path", func(e *host.Endpoint) { e.Path = "x" }, "path must begin"},
		{"no function", func(e *host.Endpoint) { e.Function = "" }, "function must be"},
		{"timeout below", func(e *host.Endpoint) { e.TimeoutMS = 0 }, "timeout_ms must be between 1 and 60000"},
		{"timeout above", func(e *host.Endpoint) { e.TimeoutMS = 60001 }, "timeout_ms"},
		{"memory above", func(e *host.Endpoint) { e.MemoryMB = 1025 }, "memory_mb must be between 1 and 1024"},
		{"no body at all", func(e *host.Endpoint) { e.MaxBodyBytes = 0 }, ""},
		{"body below", func(e *host.Endpoint) { e.MaxBodyBytes = -1 }, "max_body_bytes"},
		{"isolation", func(e *host.Endpoint) { e.Isolation = "shared" }, "isolation must be one of"},
		{"repeat_random", func(e *host.Endpoint) { e.Isolation, e.RepeatRandom = host.IsolationFresh, true }, "repeat_random needs the isolation reset"},
		{"input", func(e *host.Endpoint) { e.Input = "raw" }, "input must be one of"},
		{"addresses", func(e *host.Endpoint) { e.AllowedIPs = []string{"10.0.0.1", "2001:db8::/32", "::ffff:10.0.0.0/104"} }, ""},
		{"bad address", func(e *host.Endpoint) { e.AllowedIPs = []string{"10.0.0.256"} }, "allowed_ips must hold"},
		{"group on a public endpoint", func(e *host.Endpoint) { e.RequiresAuthentication, e.KeyGroups = false, []string{"x"} }, "need requires_authentication"},
	} {
		e := host.NewEndpoint()
		e.Name, e.Method, e.Path = "List", "GET", "/"
		tt.change(e)
		err := e.Validate()
		if tt.want == "" && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.want != "" && (host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestCheckEndpoints(t *testing.T) {
	t.Parallel()
	endpoint := func(method, path string) host.Endpoint {
		return host.Endpoint{ID: host.NewID(), Method: method, Path: path}
	}
	ok := []host.Endpoint{endpoint("GET", "/a/{x}"), endpoint("POST", "/a/{y}"), endpoint("GET", "/a/b"), endpoint("GET", "/{z}/b")}
	if err := host.CheckEndpoints(ok); err != nil {
		t.Error(err)
	}
	if err := host.CheckEndpoints(append(ok, endpoint("GET", "/a/{other}"))); host.CodeOf(err) != host.CodeConflict {
		t.Errorf("two of one shape: %v", err)
	}
	if err := host.CheckEndpoints(append(ok, ok[0])); host.CodeOf(err) != host.CodeConflict {
		t.Errorf("one twice: %v", err)
	}
	if err := host.CheckEndpoints(make([]host.Endpoint, host.MaxEndpoints+1)); host.CodeOf(err) != host.CodeInvalid {
		t.Errorf("too many: %v", err)
	}
}

func TestParseModuleRef(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("0a", 32)
	for in, want := range map[string]host.ModuleRef{
		"orders":           {Name: "orders"},
		"orders@12":        {Name: "orders", Version: 12},
		digest:             {Digest: digest},
		"sha256:" + digest: {Digest: digest},
	} {
		if got, err := host.ParseModuleRef(in); err != nil || got != want {
			t.Errorf("ParseModuleRef(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "@1", "orders@", "orders@0", "orders@01", "orders@-1", "orders@x", "a b", ".hidden", "sha256:xyz", strings.Repeat("a", 101)} {
		if got, err := host.ParseModuleRef(in); host.CodeOf(err) != host.CodeInvalid {
			t.Errorf("ParseModuleRef(%q) = %+v, %v; want %s", in, got, err, host.CodeInvalid)
		}
	}
}
