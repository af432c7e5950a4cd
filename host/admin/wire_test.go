package admin_test

import (
	"strings"
	"testing"
)

// TestHead asks for the heads of answers: they are those of GET, also for whom
// it refuses.
func TestHead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Shop")
	for path, status := range map[string]int{
		"/v1/apps": 200, app: 200, app + "/openapi.json": 200, app + "/releases/1": 404, "/v1/nothing": 404,
		"/openapi.json": 200, "/docs": 200, "/.well-known/jwks.json": 200,
	} {
		got, head := b.do("GET", path, ""), b.do("HEAD", path, "")
		if got.status != status || head.status != status || len(head.raw) > 0 || head.header.Get("Content-Type") != got.header.Get("Content-Type") ||
			head.header.Get("Content-Length") != got.header.Get("Content-Length") || head.header.Get("ETag") != got.header.Get("ETag") {
			t.Errorf("%s: GET %d %v, HEAD %d %v %q", path, got.status, got.header, head.status, head.header, head.raw)
		}
	}
	if a := b.do("HEAD", "/v1/apps", "", "X-API-Key", "none"); a.status != 401 {
		t.Errorf("without a key: %d", a.status)
	}
	if a := b.want(b.do("DELETE", "/v1/apps", ""), 405, ""); a.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	if a := b.do("HEAD", app+"/releases/1/activate", ""); a.status != 405 {
		t.Errorf("HEAD of a route with POST alone: %d", a.status)
	}
}

// TestBody_Refused covers bodies that are no JSON of ours.
func TestBody_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for body, text := range map[string]string{
		"{\"name\":\"\xff\"}":             "The body is not valid JSON",
		"{\"\xc3\x28\":1,\"name\":\"x\"}": "The body is not valid JSON",
		"\xef\xbb\xbf{}":                  "The body is not valid JSON",
		`{"name":"x"}{}`:                  "The body is not valid JSON",
		`[]`:                              "The body must be a JSON object",
		"":                                "The body must be a JSON object",
	} {
		b.want(b.do("POST", "/v1/apps", body), 400, text)
	}
	b.want(b.do("POST", "/v1/apps", `{}`, "Content-Type", "application/xml"), 400, "This route takes no application/xml")
	if a := b.do("GET", "/v1/apps", ""); strings.Contains(string(a.raw), `"id"`) {
		t.Errorf("an app was made: %s", a.raw)
	}
}
