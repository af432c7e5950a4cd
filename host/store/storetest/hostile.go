package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// hostileTexts cannot be stored by every database.
var hostileTexts = []string{"nul \x00 inside", "\x00", "\xff", "cut \xe6\x97", "\xed\xa0\x80"}

var hostileTests = []test{
	{"TextIsRefused", func(t *testing.T, b bundle) {
		app, key := b.app("A"), b.key("K")
		const refusal = "text must be valid UTF-8 without NUL characters"
		for _, text := range hostileTexts {
			bad := host.NewApp(app.OrganizationID)
			bad.Name = text
			wantError(t, b.CreateApp(t.Context(), bad), host.CodeInvalid, refusal)
			_, err := b.UpdateApp(t.Context(), app.ID, func(a *host.App) error { a.Description = &text; return nil })
			wantError(t, err, host.CodeInvalid, refusal)
			_, err = b.UpdateApp(t.Context(), app.ID, func(a *host.App) error { a.Domains = []string{text}; return nil })
			wantError(t, err, host.CodeInvalid, refusal)
			_, err = b.UpdateKey(t.Context(), key.ID, func(k *host.Key) error { k.Name = text; return nil })
			wantError(t, err, host.CodeInvalid, refusal)
			_, err = b.AddModule(t.Context(), newModule(app, text, "one"), []byte("one"))
			wantError(t, err, host.CodeInvalid, refusal)
			_, err = b.MakeRelease(t.Context(), app.ID, func(d *host.Draft) error { d.Note = text; return nil })
			wantError(t, err, host.CodeInvalid, refusal)
		}
		wantApp(t, b, app.ID, app)
		wantKey(t, b, key)
	}},
	{"TextInsideDocuments", func(t *testing.T, b bundle) {
		app := b.app("A")
		for _, text := range hostileTexts {
			readable := strings.ToValidUTF8(text, "\uFFFD")
			r := invocation(app.ID, "r"+text)
			r.Path, r.Logs[0].Text = text, text
			if err := b.AddInvocations(t.Context(), []host.Invocation{r}); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			got, err := b.Invocation(t.Context(), app.ID, "r"+text)
			if err != nil || !sameText(got.Path, readable) || !sameText(got.Logs[0].Text, readable) {
				t.Errorf("%q: %+v, %v", text, got, err)
			}
			m := newModule(app, unique("m"), text)
			m.Imports[0].Name, m.Exports[0].Name = text, text
			if _, err := b.AddModule(t.Context(), m, []byte(text)); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}},
	{"Context", func(t *testing.T, b bundle) {
		app := b.app("A")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := b.App(ended, app.ID)
		wantError(t, err, host.CodeUnavailable, "The database is not available")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v does not tell why", err)
		}
		_, err = b.UpdateApp(ended, app.ID, func(a *host.App) error { a.Name = "B"; return nil })
		wantError(t, err, host.CodeUnavailable, "The database is not available")
		// A context that ends inside the transaction undoes it.
		inside, cancel := context.WithCancel(t.Context())
		_, err = b.UpdateApp(inside, app.ID, func(a *host.App) error { a.Name = "B"; cancel(); return nil })
		wantError(t, err, host.CodeUnavailable, "The database is not available")
		wantApp(t, b, app.ID, app)
	}},
	{"Panic", func(t *testing.T, b bundle) {
		app := b.app("A")
		func() {
			defer func() { recover() }()
			b.UpdateApp(t.Context(), app.ID, func(a *host.App) error { a.Name = "B"; panic("in the closure") })
		}()
		wantApp(t, b, app.ID, app)
		b.app("The writer is free again")
	}},
}

// sameText compares texts up to how many replacement characters stand for a
// run of bytes that are no UTF-8.
func sameText(a, b string) bool {
	squeeze := func(s string) string {
		for strings.Contains(s, "\uFFFD\uFFFD") {
			s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
		}
		return s
	}
	return squeeze(a) == squeeze(b)
}
