package admin_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"os"
	"strings"
	"sync"
	"testing"
)

func TestModules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	wasm, err := os.ReadFile("../engine/testdata/ok/echo.wasm")
	check(t, err)
	digest := sha256.Sum256(wasm)

	first := b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	for field, want := range map[string]string{"name": "echo", "version": "1", "digest": hex.EncodeToString(digest[:]), "size": fmt.Sprint(len(wasm))} {
		if got := first.text("module", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	imports := first.text("module", "imports")
	if !strings.Contains(imports, `"module":"extism:host/env"`) || !strings.Contains(imports, `"capability":"`) {
		t.Errorf("imports %s", imports)
	}
	if exports := first.text("module", "exports"); !strings.Contains(exports, `"callable":true`) {
		t.Errorf("exports %s", exports)
	}
	again := b.want(b.upload(app, "echo", "ok/echo"), 200, "")
	if again.text("module", "id") != first.text("module", "id") {
		t.Errorf("the same bytes became %s", again.raw)
	}
	if second := b.want(b.upload(app, "echo", "ok/count_calls"), 201, ""); second.text("module", "version") != "2" {
		t.Errorf("other bytes became version %s", second.text("module", "version"))
	}
	if other := b.want(b.upload(app, "other", "ok/echo"), 201, ""); other.text("module", "version") != "1" {
		t.Errorf("another name starts at %s", other.text("module", "version"))
	}
	// Of two names for the same bytes, a refusal tells the one it was asked for.
	b.want(b.do("POST", app+"/endpoints", `{"name":"e","method":"GET","path":"/","module":"echo@1","function":"nope"}`), 400, "function: module echo@1 does not export")
	b.want(b.do("POST", app+"/modules?name=echo", "", "Content-Type", "application/wasm"), 400, "The body is empty")

	form := &bytes.Buffer{}
	w := multipart.NewWriter(form)
	part, _ := w.CreateFormFile("module", "echo.wasm")
	_, err = part.Write(wasm)
	check(t, err)
	check(t, w.Close())
	multi := b.want(b.do("POST", app+"/modules?name=echo", form.String(), "Content-Type", w.FormDataContentType()), 200, "")
	if multi.text("module", "id") != first.text("module", "id") {
		t.Errorf("multipart gave %s", multi.raw)
	}
	path := app + "/modules/" + first.text("module", "id")
	content := b.do("GET", path+"/content", "")
	if content.status != 200 || !bytes.Equal(content.raw, wasm) || content.header.Get("Content-Type") != "application/wasm" {
		t.Errorf("content: %d, %d bytes of %s", content.status, len(content.raw), content.header.Get("Content-Type"))
	}
	if list := b.want(b.do("GET", app+"/modules?limit=2", ""), 200, ""); list.text("pagination") != `{"has_more":true,"limit":2,"offset":0,"total":3}` {
		t.Errorf("list: %s", list.text("pagination"))
	}
	b.want(b.do("DELETE", path, ""), 200, "")
	b.want(b.do("GET", path, ""), 404, "Module not found")
	b.want(b.do("GET", app+"/modules/nonsense", ""), 404, "Module not found")
}

// TestModules_Manifest uploads an Extism manifest: it is kept as it was sent,
// and its limits narrow those of the endpoint.
func TestModules_Manifest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	data := func(guest string) string {
		wasm, err := os.ReadFile("../engine/testdata/" + guest + ".wasm")
		check(t, err)
		return base64.StdEncoding.EncodeToString(wasm)
	}
	manifest := `{"wasm": [{"data": "` + data("error/spin_forever") + `"}], "timeout_ms": 50}`
	m := b.want(b.do("POST", app+"/modules?name=spin", manifest), 201, "")
	digest := sha256.Sum256([]byte(manifest))
	if m.text("module", "digest") != hex.EncodeToString(digest[:]) {
		t.Errorf("digest %s is not that of the uploaded bytes", m.text("module", "digest"))
	}
	content := b.do("GET", app+"/modules/"+m.text("module", "id")+"/content", "")
	if string(content.raw) != manifest || content.header.Get("Content-Type") != "application/json" {
		t.Errorf("the content is %d bytes of %s", len(content.raw), content.header.Get("Content-Type"))
	}
	b.want(b.do("POST", app+"/endpoints", `{"name":"Spin","method":"GET","path":"/","module":"spin","requires_authentication":false,"timeout_ms":60000}`), 201, "")
	b.want(b.do("GET", "/run/orders/", "", "X-API-Key", ""), 504, "did not answer within 50ms")

	b.want(b.do("POST", app+"/modules?name=a", `{"wasm":[{"path":"/etc/passwd"}]}`), 400, "read on the server")
	b.want(b.do("POST", app+"/modules?name=a", `{"wasm":[{"data":"AAAA"}]}`), 400, "")
}

func TestModules_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	header := "\x00asm\x01\x00\x00\x00"
	for _, tt := range []struct {
		name, query, body, contentType string
		status                         int
		text                           string
	}{
		{"no name", "", header, "application/wasm", 400, "name must be"},
		{"bad name", "?name=a@b", header, "application/wasm", 400, "name must be"},
		{"empty", "?name=a", "", "application/wasm", 400, ""},
		{"text", "?name=a", "(module)", "application/wasm", 400, ""},
		{"another type", "?name=a", "x", "image/png", 400, "Content-Type must be application/wasm"},
		{"empty manifest", "?name=a", "{}", "application/json", 400, "exactly one module"},
		{"malformed", "?name=a", header + "\x01\xff", "application/wasm", 400, ""},
		{"too large", "?name=a", header + strings.Repeat("\x00", maxModule), "application/wasm", 413, "at most"},
		{"far too large", "?name=a", strings.Repeat("\x00", 2*maxModule), "application/wasm", 413, ""},
		{"form without the part", "?name=a", "--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--x--\r\n", "multipart/form-data; boundary=x", 400, "part called module"},
		{"broken form", "?name=a", "--x\r\n", "multipart/form-data; boundary=x", 400, "form"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.do("POST", app+"/modules"+tt.query, tt.body, "Content-Type", tt.contentType)
			(&bundle{t: t}).want(a, tt.status, tt.text)
		})
	}
}

const echoEndpoint = `{"name":"Echo","method":"post","path":"/echo/:id","module":"echo","requires_authentication":false}`

func TestEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	m := b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	call := func() int { return b.do("POST", "/run/orders/echo/7", "", "X-API-Key", "").status }

	if list := b.want(b.do("GET", app+"/endpoints", ""), 200, ""); list.text("endpoints") != "[]" {
		t.Errorf("before the first release: %s", list.raw)
	}
	made := b.want(b.do("POST", app+"/endpoints", echoEndpoint), 201, "")
	for field, want := range map[string]string{
		"method": "POST", "path": "/echo/{id}", "function": "handle", "requires_authentication": "false", "key_groups": "[]",
		"allowed_ips": "[]", "required_variables": "{}", "rate_limit": "null", "timeout_ms": "5000", "memory_mb": "64",
		"max_body_bytes": "5242880", "isolation": "reset", "input": "payload", "atomic": "true", "request_schema": "null",
		"response_schema": "null", "enabled": "true",
		"module": `{"digest":"` + m.text("module", "digest") + `","name":"echo","version":1}`,
	} {
		if got := made.text("endpoint", field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	if made.text("release", "number") != "1" || call() != 200 {
		t.Errorf("release %s; the call answers %d", made.text("release"), call())
	}
	path := app + "/endpoints/" + made.text("endpoint", "id")
	changed := b.want(b.do("PATCH", path, `{"requires_authentication":true,"timeout_ms":null}`), 200, "")
	if changed.text("release", "number") != "2" || changed.text("endpoint", "id") != made.text("endpoint", "id") || call() != 401 {
		t.Errorf("after the change: %s; the call answers %d", changed.raw, call())
	}
	b.want(b.do("PATCH", path, `{"name":"x"}`, "If-Match", made.header.Get("ETag")), 412, "changed since")
	b.want(b.do("PATCH", path, `{"name":"x"}`, "If-Match", changed.header.Get("ETag")), 200, "")

	b.want(b.do("POST", app+"/releases/1/activate", ""), 200, "")
	if call() != 200 {
		t.Errorf("after the rollback the call answers %d", call())
	}
	gone := b.want(b.do("DELETE", path, ""), 200, "")
	if gone.text("release", "number") != "4" || call() != 404 {
		t.Errorf("after the deletion: %s; the call answers %d", gone.raw, call())
	}
	b.want(b.do("GET", path, ""), 404, "Endpoint not found")
	list := b.want(b.do("GET", app+"/releases", ""), 200, "")
	if list.text("pagination") != `{"has_more":false,"limit":20,"offset":0,"total":4}` || strings.Contains(list.text("releases"), `"endpoints"`) {
		t.Errorf("releases: %s", list.raw)
	}
	shown := b.want(b.do("GET", app+"/releases/2", ""), 200, "")
	if shown.text("release", "active") != "false" || !strings.Contains(shown.text("release", "endpoints"), made.text("endpoint", "id")) {
		t.Errorf("release 2: %s", shown.raw)
	}
	b.want(b.do("GET", app+"/releases/9", ""), 404, "Release not found")
	b.want(b.do("GET", app+"/releases/0", ""), 404, "Release not found")
	b.want(b.do("POST", app+"/releases/9/activate", ""), 404, "Release not found")
	b.want(b.do("DELETE", app+"/modules/"+m.text("module", "id"), ""), 409, "release")
}

func TestEndpoints_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	made := b.want(b.do("POST", app+"/endpoints", echoEndpoint), 201, "")
	with := func(fields string) string {
		return strings.Replace(strings.Replace(echoEndpoint, "/echo/:id", "/other", 1), "}", ","+fields+"}", 1)
	}
	for _, tt := range []struct {
		body   string
		status int
		text   string
	}{
		{`{"name":"x","method":"GET","path":"/"}`, 400, "module is required"},
		{`{"name":"x","method":"GET","path":"/","module":"nobody"}`, 400, "module"},
		{`{"name":"x","method":"GET","path":"/","module":"echo@9"}`, 400, "module"},
		{`{"name":"x","method":"GET","path":"/","module":"a b"}`, 400, "module must be"},
		{`{"method":"GET","path":"/","module":"echo"}`, 400, "name is required"},
		{with(`"function":"nothing"`), 400, "does not export"},
		{with(`"function":"memory"`), 400, "does not export a function"},
		{with(`"requires_authentification":true`), 400, "requires_authentification is not a known field"},
		{with(`"rate_limit":{"requests":1}`), 400, "rate_limit.requests is not a known field"},
		{with(`"timeout_ms":"5"`), 400, "timeout_ms must be a whole number"},
		{with(`"timeout_ms":60001`), 400, "timeout_ms must be between"},
		{with(`"request_schema":{"type":"nonsense"}`), 400, "request_schema"},
		{with(`"response_schema":{"$ref":"file:///etc/passwd"}`), 400, "response_schema"},
		{strings.Replace(echoEndpoint, ":id", "{other}", 1), 409, "match the same requests"},
	} {
		t.Run(fmt.Sprintf("%.60s", tt.body), func(t *testing.T) {
			a := b.do("POST", app+"/endpoints", tt.body)
			(&bundle{t: t}).want(a, tt.status, tt.text)
		})
	}
	for guest, reason := range map[string]string{"error/spin_on_warmup": "did not start within 200ms", "error/config_in_warmup": "does not start"} {
		b.want(b.upload(app, "stuck", guest), 201, "")
		b.want(b.do("POST", app+"/endpoints", with(`"timeout_ms":200,"module":"stuck"`)), 400, reason)
		b.want(b.do("POST", app+"/releases", `{"endpoints":[`+with(`"timeout_ms":200,"module":"stuck"`)+`]}`), 400, "POST /other: The module "+reason)
	}
	if list := b.do("GET", app+"/releases", ""); list.text("pagination", "total") != "1" {
		t.Errorf("refused changes made releases: %s", list.raw)
	}
	b.want(b.do("PATCH", app+"/endpoints/"+made.text("endpoint", "id"), `{"module":null}`), 400, "module is required")
	b.want(b.do("PATCH", app+"/endpoints/nobody", `{}`), 404, "Endpoint not found")
}

// TestEndpoints_StartOutsideTheTransaction: others write while a module is
// started for a release, and what they wrote counts.
func TestEndpoints_StartOutsideTheTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	starts := 0
	b.whileStarting = func() {
		if starts++; starts == 1 {
			b.newApp("Meanwhile")
			b.want(b.upload(app, "echo", "ok/nothing"), 201, "")
			b.want(b.do("POST", app+"/endpoints", strings.Replace(echoEndpoint, ":id", ":id/other", 1)), 201, "")
		}
	}
	made := b.want(b.do("POST", app+"/endpoints", echoEndpoint), 201, "")
	if made.text("release", "number") != "2" || made.text("endpoint", "module", "version") != "2" {
		t.Errorf("%s, want release 2 with the module of that moment", made.raw)
	}
	if starts != 2 {
		t.Errorf("%d starts, want one for each module: a module that is live has shown that it starts", starts)
	}
}

// TestReleases_Desired covers whole desired states: ids persist, an error
// leaves everything as it was.
func TestReleases_Desired(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	first := b.want(b.do("POST", app+"/endpoints", echoEndpoint), 201, "")
	id := first.text("endpoint", "id")

	same := b.want(b.do("POST", app+"/releases", `{"endpoints":[`+echoEndpoint+`],"schedules":[],"settings":{},"note":"n"}`), 201, "")
	if !strings.Contains(same.text("release", "endpoints"), `"revision":1`) || same.text("release", "note") != "n" {
		t.Errorf("an endpoint that did not change became %s", same.raw)
	}
	renamed := strings.Replace(echoEndpoint, ":id", "{number}", 1)
	second := b.want(b.do("POST", app+"/releases", `{"endpoints":[`+renamed+`,{"name":"Root","method":"GET","path":"/","module":"echo@1"}]}`), 201, "")
	if got := second.text("release", "endpoints"); !strings.Contains(got, id) || strings.Count(got, `"id"`) != 2 {
		t.Errorf("the endpoints are %s, want %s among them", got, id)
	}
	for body, text := range map[string]string{
		`{}`:                "endpoints is required",
		`{"endpoints":{}}`:  "endpoints must be a list",
		`{"endpoints":[7]}`: "endpoints[0] must be an object",
		`{"endpoints":[` + echoEndpoint + `,{"name":"x","method":"GET","path":"nonsense","module":"echo"}]}`: "endpoints[1].path must begin with /",
		`{"endpoints":[{"nope":1}]}`:          "endpoints[0].nope is not a known field",
		`{"endpoints":[],"schedules":[{}]}`:   "schedules are not available",
		`{"endpoints":[],"settings":{"a":1}}`: "settings",
	} {
		b.want(b.do("POST", app+"/releases", body), 400, text)
	}
	b.want(b.do("POST", app+"/releases", `{"endpoints":[`+echoEndpoint+`,`+renamed+`]}`), 409, "match the same requests")
	b.want(b.do("POST", app+"/releases", `{"endpoints":[]}`, "If-Match", `"1"`), 412, "changed since")
	if active := b.do("GET", app+"/endpoints", ""); active.text("pagination", "total") != "2" {
		t.Errorf("refused releases changed the app: %s", active.raw)
	}
	b.want(b.do("POST", app+"/releases", `{"endpoints":[]}`, "If-Match", `"3"`), 201, "")
}

// TestEndpoints_Concurrent makes changes at once; none is lost.
func TestEndpoints_Concurrent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	var wait sync.WaitGroup
	for i := range 10 {
		wait.Go(func() {
			body := fmt.Sprintf(`{"name":"E%d","method":"GET","path":"/%d","module":"echo","requires_authentication":false}`, i, i)
			if a := b.do("POST", app+"/endpoints", body); a.status != 201 {
				t.Errorf("%d %s", a.status, a.raw)
			}
			// The answer means that the endpoint is live.
			if a := b.do("GET", fmt.Sprintf("/run/orders/%d", i), "", "X-API-Key", ""); a.status != 200 {
				t.Errorf("%d %s", a.status, a.raw)
			}
		})
	}
	wait.Wait()
	if list := b.do("GET", app+"/endpoints", ""); list.text("pagination", "total") != "10" {
		t.Errorf("got %s", list.text("pagination"))
	}
}
