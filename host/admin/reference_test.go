package admin_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestReference reads /docs as a browser without scripts does.
func TestReference(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.do("GET", "/docs", "", "X-API-Key", "")
	text := string(page.raw)
	if page.status != 200 || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", page.status, page.header)
	}
	for id, op := range loadDocument(t).operations {
		for _, want := range []string{`<article id="` + id + `">`, `href="#` + id + `"`, "<code>" + op.path + "</code>"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
	}
	for _, want := range []string{"endpoints[].timeout_ms", "integer or null", "&#34;code&#34;: &#34;stale&#34;", "&#34;name&#34;: &#34;Warehouse&#34;"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	// An administrator looks for who may do what, and how a member calls.
	for _, want := range []string{"Authorization: Bearer", "<small>needs the role sysadmin</small>", "<small>needs the role developer; other apps are hidden</small>", "<small>needs no key</small>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if first := regexp.MustCompile(`<h2[^>]*>([^<]*)`).FindStringSubmatch(text)[1]; first != "apps" {
		t.Errorf("the page begins with %s", first)
	}
	policy := page.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'self';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("Content-Security-Policy %q", policy)
	}
	// What the policy forbids must not be there either.
	if bad := regexp.MustCompile(`<script|<[^>]*\s(style|on\w+)=|javascript:`).FindString(text); bad != "" {
		t.Errorf("the page has %q", bad)
	}
	for _, match := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		target := match[1]
		if strings.HasPrefix(target, "#") {
			if !strings.Contains(text, `id="`+target[1:]+`"`) {
				t.Errorf("%s leads nowhere", target)
			}
		} else if a := b.do("GET", target, "", "X-API-Key", ""); !strings.HasPrefix(target, "/") || a.status != 200 {
			t.Errorf("%s: %d", target, a.status)
		}
	}
}
