package gateway_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// TestOutside_Fetch sends requests where the app may, with what it is granted at
// the moment.
func TestOutside_Fetch(t *testing.T) {
	t.Parallel()
	o := setupOutside(t, store.Config{})
	for _, isolation := range []string{host.IsolationReset, host.IsolationFresh} {
		o.serve(func(e *host.Endpoint) { e.Isolation = isolation })
		got, err := o.run(o.fetch("/a"), `f{"url":"http://127.0.0.1:1/"}`, "50"+o.fetch("/b"))
		if err != nil || !strings.Contains(got, `"body":{"path":"/a","got":""},"bodyEncoding":"json"`) ||
			!strings.Contains(got, `"permission_denied"`) || !strings.Contains(got, `too_many_operations`) {
			t.Errorf("%s: got %s, %v", isolation, got, err)
		}
		if asked := o.asked.Swap(0); asked != 49 { // the one that was refused counts
			t.Errorf("%s: the service was asked %d times", isolation, asked)
		}
	}
	o.change(func(a *host.App) { a.AllowedHosts = []string{"example.com"} })
	if got, err := o.run(o.fetch("/a")); err != nil || !strings.Contains(got, "allowed_hosts do not name it") {
		t.Errorf("another host: got %s, %v", got, err)
	}
	o.change(func(a *host.App) { a.Capabilities, a.AllowedHosts = []string{}, []string{"*"} })
	if got, err := o.run(o.fetch("/a")); err != nil || !strings.Contains(got, `the capability \"http\"`) {
		t.Errorf("no grant: got %s, %v", got, err)
	}
	if o.asked.Load() != 0 {
		t.Error("the service was asked")
	}
}

// TestOutside_Limits: the host's settings, instead of the defaults.
func TestOutside_Limits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ operations, requests, asked int }{{0, 2, 2}, {3, 0, 3}} {
		o := setupOutside(t, store.Config{})
		o.MaxOperations, o.MaxRequests = c.operations, c.requests
		o.serve(func(*host.Endpoint) {})
		got, err := o.run("5" + o.fetch("/a"))
		if err != nil || !strings.Contains(got, "too_many_operations") || int(o.asked.Load()) != c.asked {
			t.Errorf("%+v: asked %d times, got %s, %v", c, o.asked.Load(), got, err)
		}
	}
}

// TestOutside_Transaction: nobody waits for the network while a transaction is
// open.
func TestOutside_Transaction(t *testing.T) {
	t.Parallel()
	o := setupOutside(t, store.Config{})
	for atomic, want := range map[bool]int{true: 2, false: 0} {
		o.serve(func(e *host.Endpoint) { e.Atomic = atomic })
		got, err := o.run(o.fetch("/"), `w{"ms":1}`, insert("a"+host.NewID()), o.fetch("/"), `w{"ms":1}`)
		if err != nil || strings.Count(got, "transaction_open") != want {
			t.Errorf("atomic %t: got %s, %v", atomic, got, err)
		}
	}
	if o.asked.Load() != 3 {
		t.Errorf("the service was asked %d times", o.asked.Load())
	}
}

// TestOutside_Repeat: what was sent is not sent again.
func TestOutside_Repeat(t *testing.T) {
	t.Parallel()
	o := setupOutside(t, store.Config{})
	o.serve(unchanged)
	conflicting(o.databundle, 1, true)
	_, record, err := o.trace(o.fetch("/"), insert("a"))
	if host.CodeOf(err) != host.CodeConflict || ran(record) != 1 || o.asked.Load() != 1 {
		t.Errorf("got %v after %d runs, the service was asked %d times", err, ran(record), o.asked.Load())
	}
}

// TestOutside_Variables follows an app's variables on two hosts.
func TestOutside_Variables(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t, host.Production, production)
	other := &bundle{Gateway: setupOn(t, b.db), t: t, db: b.db, app: b.app}
	b.serveGuest("ok/config", func(e *host.Endpoint) { e.Input = host.InputBody })
	other.refresh()
	expect := func(want string) {
		t.Helper()
		started := &bundle{Gateway: setupOn(t, b.db), t: t, db: b.db, app: b.app}
		for name, on := range map[string]*bundle{"this": b, "other": other, "started": started} {
			on.refresh()
			response, err := on.Serve(ctx, request("color"))
			if err != nil || string(response.Body) != want {
				t.Errorf("the %s host: got %q, %v, want %q", name, response.Body, err, want)
			}
		}
	}
	expect("")
	for _, value := range []string{"red", "blue"} {
		_, err := b.db.PutVariable(ctx, host.NewVariable(b.app.ID, "color", value))
		check(t, err)
		expect(value)
	}
	check(t, b.db.DeleteVariable(ctx, b.app.ID, "color"))
	expect("")
}

// TestOutside_Secrets: a module has the secrets of its own app.
func TestOutside_Secrets(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o := setupOutside(t, store.Config{})
	o.serve(unchanged)
	const sign = `j{"algorithm":"HS256","payload":{"a":1},"secret":"KEY"}`
	if got, err := o.run(`g{"name":"KEY"}`, sign); err != nil || strings.Count(got, `"not_found"`) != 2 {
		t.Errorf("before: got %s, %v", got, err)
	}
	_, err := o.db.PutSecret(ctx, host.NewSecret(o.app.ID, "KEY", strings.Repeat("k", 32)))
	check(t, err)
	got, err := o.run(`g{"name":"KEY"}`, sign, `p{"value":"v"}`)
	if err != nil || !strings.Contains(got, `{"value":"kkkkkkkk`) || !strings.Contains(got, `{"token":"ey`) || !strings.Contains(got, `"expires_at"`) {
		t.Errorf("got %s, %v", got, err)
	}
	o.change(func(a *host.App) { a.Capabilities = []string{host.CapabilityHTTP} })
	if got, err := o.run(`g{"name":"KEY"}`, sign, `p{"value":"v"}`); err != nil || strings.Count(got, `"permission_denied"`) != 3 {
		t.Errorf("without a grant: got %s, %v", got, err)
	}
}

// TestOutside_NeverShown looks for a secret in all that a host keeps and says of
// invocations that use it, and that go wrong.
func TestOutside_NeverShown(t *testing.T) {
	t.Parallel()
	const canary = "c4n4ry-0123456789-0123456789-0123456789"
	ctx := context.Background()
	o := setupOutside(t, store.Config{})
	o.serve(unchanged)
	var shown lines
	o.Log = slog.New(slog.NewTextHandler(&shown, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := o.db.PutSecret(ctx, host.NewSecret(o.app.ID, "KEY", canary))
	check(t, err)
	for _, script := range [][]string{
		{`g{"name":"KEY"}`, "!"},
		{`g{"name":"KEY"}`, "s99"},
		{`j{"algorithm":"RS256","payload":{},"secret":"KEY"}`},
		{`j{"algorithm":"HS512","payload":{},"secret":"KEY"}`},
		{`k{"algorithm":"ES256","token":"a.b.c","secret":"KEY"}`},
		{`k{"algorithms":["HS256"],"token":"` + canary + `","secret":"KEY"}`},
		{`p{"value":"` + canary + `","ttl_seconds":1}`},
		{`p{"value":"` + canary + `"`},
		{`g{"name":"` + canary + `"}`, "!"},
		{`f{"url":"http://127.0.0.1:1/` + canary + `"}`},
		{`f{"url":"http://name:` + canary + `@127.0.0.1/"}`},
		{`f{"url":"` + o.service.URL + `/","headers":{"authorization":"` + canary + `\u0000"}}`},
		{`f{"url":"` + o.service.URL + `/","redirect":"` + canary[:20] + `"}`},
		{`f{"url":"` + o.service.URL + `/","body":"` + canary + `","bodyEncoding":"base64"}`},
		{calls("guest", "a", `g{"name":"KEY"}`, "!")},
	} {
		response, record, err := o.trace(script...)
		shown.note(err, record)
		if !strings.HasPrefix(script[0], `g{"name":"KEY"}`) {
			shown.note(string(response.Body))
		}
	}
	o.service.Close()
	_, record, err := o.trace(`f{"url":"` + o.service.URL + `/` + canary + `"}`)
	shown.note(err, record)
	for _, want := range []string{"unreachable", "127.0.0.1", "module_failed"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("nothing shows %q: %s", want, shown.String())
		}
	}
	if at := strings.Index(shown.String(), canary[:20]); at >= 0 {
		t.Errorf("it is shown: …%s", shown.String()[max(0, at-300):at])
	}
}
