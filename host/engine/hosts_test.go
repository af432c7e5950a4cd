package engine

import (
	"strings"
	"testing"

	"github.com/gobwas/glob"
)

// TestHosts_Agree: patterns admit what they admit in the Extism SDKs, whose
// library is asked.
func TestHosts_Agree(t *testing.T) {
	t.Parallel()
	patterns := []string{
		"", "*", "**", "example.com", "*.example.com", "exam*.com", "?.com", "[a-e].com", "[!a-e].com", "{a,b}.com", "a{,pi}.*.com",
		"*.{example.com,test}", "{a,{b,c}}.com", `\*.com`, "1.2.3.4", "::1", "a+b.com", "a.com|b.com", "(a).com", "*a*a*a*a*",
	}
	names := []string{
		"", "example.com", "a.example.com", "b.a.example.com", "exampleXcom", "a.com", "f.com", "b.com", "c.com", "api.x.com", "a.x.com",
		"x.test", "*.com", "1.2.3.4", "1x2.3.4", "::1", "a+b.com", "aab.com", "(a).com", "aaaa", strings.Repeat("a", 250) + "b",
	}
	for _, pattern := range patterns {
		if err := checkHosts([]string{pattern}); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
		theirs, ours := glob.MustCompile(pattern), admits([]string{pattern})
		for _, name := range names {
			if got, want := ours(name), theirs.Match(name); got != want {
				t.Errorf("%q admits %q: %t, want %t", pattern, name, got, want)
			}
		}
	}
}

func TestHosts_Refused(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"{a", "[a", "a}", "[]", strings.Repeat("a", 254)} {
		if checkHosts([]string{pattern}) == nil {
			t.Errorf("%q is taken", pattern)
		}
	}
	if checkHosts(make([]string, 201)) == nil {
		t.Error("201 are taken")
	}
	if admits(nil) != nil || admits([]string{})("a") {
		t.Error("none is not nothing")
	}
}

// FuzzHosts takes what it can make sense of, whatever that is, and no expression
// that gets out of its bounds.
func FuzzHosts(f *testing.F) {
	f.Add("*.{a,b}", "x.a")
	f.Add("[!^a]", "b")
	f.Add("a)|(b", "b")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if checkHosts([]string{pattern}) != nil {
			return
		}
		plain := !strings.ContainsAny(pattern, `*?[]{}\`)
		if got := admits([]string{pattern})(name); plain && got != strings.EqualFold(pattern, name) {
			t.Errorf("%q admits %q: %t", pattern, name, got)
		}
	})
}
