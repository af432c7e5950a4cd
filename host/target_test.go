package host_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/posternhq/postern/host"
)

func TestSplitPath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		raw  string
		want []string
		code host.Code
	}{
		{raw: "/", want: nil},
		{raw: "/a", want: []string{"a"}},
		{raw: "/a/", want: []string{"a"}},
		{raw: "/a/b%2Fc", want: []string{"a", "b/c"}},
		{raw: "/a+b%20c", want: []string{"a+b c"}},
		{raw: "/%2561", want: []string{"%61"}},
		{raw: "//", code: host.CodeNotFound},
		{raw: "/a//b", code: host.CodeNotFound},
		{raw: "/a//", code: host.CodeNotFound},
		{raw: "", code: host.CodeInvalid},
		{raw: "a", code: host.CodeInvalid},
		{raw: "/%", code: host.CodeInvalid},
		{raw: "/%zz", code: host.CodeInvalid},
		{raw: "/a/../b", code: host.CodeInvalid},
		{raw: "/a/%2e%2E", code: host.CodeInvalid},
		{raw: "/./a", code: host.CodeInvalid},
		{raw: "//..", code: host.CodeInvalid},
		{raw: "/%00", code: host.CodeInvalid},
		{raw: "/a%0d%0ab", code: host.CodeInvalid},
	} {
		got, err := host.SplitPath(test.raw)
		if host.CodeOf(err) != test.code {
			t.Errorf("SplitPath(%q): code %q, want %q", test.raw, host.CodeOf(err), test.code)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("SplitPath(%q): %s", test.raw, diff)
		}
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"api.example.com":       "api.example.com",
		"API.Example.com:8080":  "api.example.com",
		"api.example.com.":      "api.example.com",
		"api.example.com.:8080": "api.example.com",
		"[::1]:8080":            "[::1]",
		"[::1]":                 "[::1]",
		"":                      "",
	} {
		if got := host.HostName(header); got != want {
			t.Errorf("HostName(%q) = %q, want %q", header, got, want)
		}
	}
}

func FuzzSplitPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/b", "//", "/%2f", "/a%", "/../x", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		segments, err := host.SplitPath(raw)
		if err != nil {
			return
		}
		for _, s := range segments {
			if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "\x00\r\n") {
				t.Errorf("SplitPath(%q) let the segment %q pass", raw, s)
			}
		}
	})
}
