package admin_test

import (
	"strings"
	"testing"
)

func TestReleases_Diff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	const endpoint = `{"name":"Echo","method":"GET","path":"/echo","module":"echo"`
	made := b.want(b.do("POST", app+"/endpoints", endpoint+`}`), 201, "")
	b.want(b.do("PATCH", app+"/endpoints/"+made.text("endpoint", "id"), `{"timeout_ms":70}`), 200, "")
	b.want(b.do("POST", app+"/releases", `{"endpoints":[]}`), 201, "")

	d := b.want(b.do("GET", app+"/releases/1/diff/2", ""), 200, "")
	if got := d.text("diff", "endpoints", "changed"); !strings.Contains(got, `"fields":[{"field":"timeout_ms","new":70,"old":5000}]`) {
		t.Errorf("changed: %s", got)
	}
	if got := d.text("diff", "modules"); got != `{"added":[],"changed":[],"removed":[]}` {
		t.Errorf("modules: %s", got)
	}
	d = b.want(b.do("GET", app+"/releases/3/diff/1", ""), 200, "")
	if got := d.text("diff", "endpoints", "added"); !strings.Contains(got, made.text("endpoint", "id")) || d.text("diff", "from") != "3" {
		t.Errorf("diff: %s", d.raw)
	}
	b.want(b.do("GET", app+"/releases/0/diff/1", ""), 404, "Release not found")
	b.want(b.do("GET", app+"/releases/1/diff/4", ""), 404, "Release not found")
	b.want(b.do("GET", app+"/releases/1/diff/x", ""), 400, "b must be a whole number")
	b.want(b.do("GET", "/v1/apps/none/releases/1/diff/1", ""), 404, "App not found")
}
