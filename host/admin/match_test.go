package admin_test

import (
	"strings"
	"testing"
)

// TestIfMatch deletes resources, each with the ETag it had before a change,
// with that of no revision, and with the one it has.
func TestIfMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	b.want(b.upload(app, "hello", "ok/echo"), 201, "")
	for _, c := range []struct{ path, body, name, change string }{
		{"/v1/apps", `{"name":"Gone"}`, "app", `{"description":"d"}`},
		{"/v1/keys", `{"name":"k"}`, "key", `{"name":"l"}`},
		{"/v1/members", `{"name":"m","role":"viewer"}`, "member", `{"name":"n"}`},
		{app + "/issuers", `{"name":"i","issuer":"https://id.example.com","jwks_url":"https://id.example.com/keys"}`, "issuer", `{"name":"j"}`},
		{app + "/key-groups", `{"name":"g"}`, "key_group", `{"members":[]}`},
		{app + "/objects", `{"name":"o"}`, "object", `{"indexed_fields":["f"]}`},
		{app + "/endpoints", `{"name":"e","method":"GET","path":"/e","module":"hello"}`, "endpoint", `{"name":"f"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := *b
			b.t = t
			created := b.want(b.do("POST", c.path, c.body), 201, "")
			path := c.path + "/" + created.text(c.name, "id")
			if c.name == "key_group" || c.name == "object" {
				path = c.path + "/" + created.text(c.name, "name")
			}
			old := created.header.Get("ETag")
			changed := b.want(b.do("PATCH", path, c.change, "If-Match", old), 200, "").header.Get("ETag")
			if !strings.HasPrefix(old, `"`) || changed == old {
				t.Fatalf("ETag %s, then %s", old, changed)
			}
			for _, stale := range []string{old, `"999"`, "no tag"} {
				b.want(b.do("DELETE", path, "", "If-Match", stale), 412, "It has changed since")
			}
			b.want(b.do("GET", path, ""), 200, "")
			b.want(b.do("DELETE", path, "", "If-Match", changed), 200, "")
			b.want(b.do("GET", path, ""), 404, "not found")
		})
	}
}
