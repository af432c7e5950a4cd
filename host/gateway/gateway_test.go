package gateway_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// TestServe_Answers covers the way of a module's output to the response.
func TestServe_Answers(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.echo(unchanged)
	for _, tt := range []struct {
		name, output string
		status       int
		body, header string // header is "Name: value"
		code         host.Code
	}{
		{"response", `{"status":201,"headers":{"location":"/x"},"body":{"a":1}}`, 201, `{"a":1}`, "Location: /x", ""},
		{"plain JSON", `{"a":1}`, 200, `{"a":1}`, "Content-Type: application/json", ""},
		{"redirect", `{"redirect":"https://example.com/"}`, 302, "", "Location: https://example.com/", ""},
		{"sandboxed", `{"headers":{"content-security-policy":"default-src *"},"body":"x"}`, 200, "x", "Content-Security-Policy: sandbox", ""},
		{"confined cookie", `{"headers":{"set-cookie":"a=1; Domain=example.net; Path=/; HttpOnly"},"body":"x"}`, 200, "x", "Set-Cookie: a=1; HttpOnly; Path=/run/demo", ""},
		{"nosniff", `"x"`, 200, `"x"`, "X-Content-Type-Options: nosniff", ""},
		{"bad status", `{"status":99}`, 0, "", "", host.CodeInvalidResponse},
		{"line break in a header", `{"headers":{"x":"a\r\nb"}}`, 0, "", "", host.CodeInvalidResponse},
		{"body over the limit", `"` + strings.Repeat("x", 1<<16) + `"`, 0, "", "", host.CodeInvalidResponse},
		{"output over any limit", strings.Repeat("x", 1<<18), 0, "", "", host.CodeInvalidResponse},
	} {
		response, err := b.Serve(context.Background(), request(tt.output))
		if host.CodeOf(err) != tt.code {
			t.Errorf("%s: error %v, want code %q", tt.name, err, tt.code)
			continue
		}
		if err != nil {
			if message := host.AsError(err).Message; strings.Contains(message, "header") || strings.Contains(message, "99") {
				t.Errorf("%s: %q tells the client what is the developer's to know", tt.name, message)
			}
			continue
		}
		if response.Status != tt.status || !bytes.Equal(bytes.TrimSpace(response.Body), []byte(tt.body)) {
			t.Errorf("%s: got %d %s, want %d %s", tt.name, response.Status, response.Body, tt.status, tt.body)
		}
		if name, value, _ := strings.Cut(tt.header, ": "); name != "" && response.Get(name) != value {
			t.Errorf("%s: header %s is %q, want %q", tt.name, name, response.Get(name), value)
		}
	}
}

// TestServe_Refuses covers what is decided before a module is touched.
func TestServe_Refuses(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.echo(func(e *host.Endpoint) {
		e.RequiresAuthentication, e.MaxBodyBytes = true, 8
		e.RequestSchema = []byte(`{"type":"object","required":["a"]}`)
	})
	key, secret := host.NewKey("ci")
	check(t, b.db.CreateKey(context.Background(), key))
	b.refresh()
	for _, tt := range []struct {
		name string
		r    *host.Request
		code host.Code
	}{
		{"good", request(`{"a":1}`, "X-API-Key", secret), ""},
		{"no key", request(`{"a":1}`), host.CodeUnauthorized},
		{"body over the limit", request(`{"a":"long"}`, "X-API-Key", secret), host.CodeTooLarge},
		{"chunked body over the limit", as(request(`{"a":"long"}`, "X-API-Key", secret), func(r *host.Request) { r.ContentLength = -1 }), host.CodeTooLarge},
		{"body that breaks off", as(request("", "X-API-Key", secret), func(r *host.Request) { r.Body = broken{} }), host.CodeInvalid},
		{"against the schema", request(`{"b":1}`, "X-API-Key", secret), host.CodeInvalid},
		{"no body for the schema", request("", "X-API-Key", secret), host.CodeInvalid},
		{"unknown app", as(request(""), func(r *host.Request) { r.Path = "/run/nobody/echo/7" }), host.CodeNotFound},
		{"other environment", as(request(""), func(r *host.Request) { r.Path = "/run/demo@staging/echo/7" }), host.CodeNotFound},
		{"unknown path", as(request(""), func(r *host.Request) { r.Path = "/run/demo/other" }), host.CodeNotFound},
		{"dots", as(request(""), func(r *host.Request) { r.Path = "/run/demo/echo/../7" }), host.CodeInvalid},
		{"other method", as(request(""), func(r *host.Request) { r.Method = "PUT" }), host.CodeMethodNotAllowed},
	} {
		response, err := b.Serve(context.Background(), tt.r)
		if host.CodeOf(err) != tt.code {
			t.Errorf("%s: error %v, want code %q", tt.name, err, tt.code)
		}
		if tt.code == host.CodeMethodNotAllowed && response.Get("Allow") != "OPTIONS, POST" {
			t.Errorf("%s: Allow is %q", tt.name, response.Get("Allow"))
		}
		if tt.code == host.CodeUnauthorized && response.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", tt.name)
		}
	}
	deleted := key.ID
	check(t, b.db.DeleteKey(context.Background(), deleted))
	b.refresh()
	if _, err := b.Serve(context.Background(), request(`{"a":1}`, "X-API-Key", secret)); host.CodeOf(err) != host.CodeUnauthorized {
		t.Errorf("a deleted key: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestServe_Fails covers modules that fail, and who is told why.
func TestServe_Fails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		environment, guest string
		code               host.Code
		details            bool
		reason             string
	}{
		{host.Production, "error/trap_on_call", host.CodeModuleFailed, false, "unreachable"},
		{host.Development, "error/trap_on_call", host.CodeModuleFailed, true, "unreachable"},
		{host.Production, "error/spin_forever", host.CodeModuleTimeout, false, "did not answer within 200ms"},
	} {
		b := setup(t, tt.environment, production)
		b.serveGuest(tt.guest, func(e *host.Endpoint) { e.TimeoutMS = 200 })
		r := request("{}", "Content-Type", "application/json")
		r.Path = "/run/demo@" + tt.environment + "/echo/7"
		_, err := b.Serve(context.Background(), r)
		if host.CodeOf(err) != tt.code {
			t.Errorf("%s in %s: error %v, want code %s", tt.guest, tt.environment, err, tt.code)
			continue
		}
		if has := host.AsError(err).Details != nil; has != tt.details {
			t.Errorf("%s in %s: details %v", tt.guest, tt.environment, host.AsError(err).Details)
		}
		record, err := b.recorder().Invocation(context.Background(), b.app.ID, r.ID)
		check(t, err)
		if record.Code != tt.code || !strings.Contains(record.Reason, tt.reason) || record.Status != 599 || record.Endpoint != "Echo" {
			t.Errorf("%s in %s: record %+v", tt.guest, tt.environment, record)
		}
	}
}

func (b *bundle) recorder() host.InvocationStore { return b.Gateway.Recorder }

// TestServe_Domain covers an app's own domain, which has no sandbox.
func TestServe_Domain(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, func(a *host.App) { a.Domains = []string{"api.example.com"} })
	b.serveGuest("ok/echo", unchanged)
	r := request(`{"n": 12345678901234567890.10}`, "Content-Type", "application/json", "X-Forwarded-For", "192.0.2.1")
	r.Host, r.Path = "API.example.com:443", "/echo/a%2Fb"
	response, err := b.Serve(context.Background(), r)
	check(t, err)
	body := string(response.Body)
	for _, want := range []string{`"fqdn":"api.example.com"`, `"host":"API.example.com:443"`, `"pathMapping":{"id":"a/b"}`, `"body":{"n": 12345678901234567890.10}`, `"clientIp":"203.0.113.9"`, `"caller":null`} {
		if !strings.Contains(body, want) {
			t.Errorf("payload lacks %s: %s", want, body)
		}
	}
	if strings.Contains(body, "192.0.2.1") {
		t.Error("the payload repeats a stranger's X-Forwarded-For")
	}
	if response.Get("Content-Security-Policy") != "" || !b.OwnsHost("api.example.com") || b.OwnsHost("198.51.100.1:8080") {
		t.Error("the app's own domain is not treated as such")
	}
}

// TestServe_NoSDK runs the example plug-in that is written in WAT.
func TestServe_NoSDK(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.serveGuest("../../../plugins/shout/shout", func(e *host.Endpoint) { e.Input = host.InputBody })
	response, err := b.Serve(context.Background(), request("Hello, wörld!"))
	check(t, err)
	if string(response.Body) != "HELLO, WöRLD!" {
		t.Errorf("got %q", response.Body)
	}
}

// TestServe_RepeatRandom: a module that draws random bytes when it starts gets a
// new instance for each request, unless the endpoint insists.
func TestServe_RepeatRandom(t *testing.T) {
	t.Parallel()
	for _, insists := range []bool{false, true} {
		b := setup(t, host.Production, production)
		b.serveGuest("ok/random_at_start", func(e *host.Endpoint) { e.RepeatRandom = insists })
		bodies := map[string]bool{}
		for range 5 {
			response, err := b.Serve(context.Background(), request(""))
			check(t, err)
			bodies[string(response.Body)] = true
		}
		if (len(bodies) == 1) != insists {
			t.Errorf("repeat_random %v: %d different answers to 5 requests", insists, len(bodies))
		}
	}
}

// TestServe_Run covers what differs below /run/.
func TestServe_Run(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.serveGuest("ok/echo", unchanged)
	r := request("")
	r.Path, r.Query = "/run/demo@production/echo/7/", "a=1&a=2&api_key=&b"
	response, err := b.Serve(context.Background(), r)
	check(t, err)
	for _, want := range []string{`"fqdn":"public.example.net"`, `"path":"/echo/7/"`, `"queryParams":{"a":"2","b":""}`} {
		if !strings.Contains(string(response.Body), want) {
			t.Errorf("payload lacks %s: %s", want, response.Body)
		}
	}
}

// TestRefresh follows releases, rollback and the end of an app.
func TestRefresh(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	ctx := context.Background()
	served := func(path string) bool {
		_, err := b.Serve(ctx, as(request("1"), func(r *host.Request) { r.Path = path }))
		return err == nil
	}
	if served("/run/demo/echo/7") {
		t.Error("an app without a release serves")
	}
	b.echo(unchanged)
	b.echo(func(e *host.Endpoint) { e.Path = "/new" })
	if served("/run/demo/echo/7") || !served("/run/demo/new") {
		t.Error("the second release is not live")
	}
	_, err := b.db.ActivateRelease(ctx, b.app.ID, 1, func(*host.App) error { return nil })
	check(t, err)
	b.refresh()
	if !served("/run/demo/echo/7") || served("/run/demo/new") {
		t.Error("the first release is not live again")
	}
	b.echo(func(e *host.Endpoint) { e.Enabled = false })
	if served("/run/demo/echo/7") {
		t.Error("a disabled endpoint serves")
	}
	check(t, b.db.DeleteApp(ctx, b.app.ID))
	b.refresh()
	if served("/run/demo/echo/7") {
		t.Error("a deleted app serves")
	}
}
