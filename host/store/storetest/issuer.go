package storetest

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

func newIssuer(app *host.App, claim string) *host.Issuer {
	issuer := host.NewIssuer(app.ID)
	url := "https://id.example.com/keys"
	issuer.Name, issuer.Issuer, issuer.JWKSURL, issuer.Algorithms = "Issuer", claim, &url, []string{"RS256"}
	return issuer
}

// issuer creates an issuer whose tokens have the claim iss.
func (b bundle) issuer(app *host.App, claim string) *host.Issuer {
	b.t.Helper()
	issuer := newIssuer(app, claim)
	if err := b.CreateIssuer(b.t.Context(), issuer); err != nil {
		b.t.Fatal(err)
	}
	return issuer
}

func wantIssuer(t *testing.T, b bundle, want *host.Issuer) {
	t.Helper()
	got, err := b.Issuer(t.Context(), want.AppID, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Error(diff)
	}
}

var issuerTests = []test{
	{"Create", func(t *testing.T, b bundle) {
		app := b.app("A")
		minimal := b.issuer(app, "https://a.example.com")
		if minimal.Revision != 1 {
			t.Errorf("revision %d", minimal.Revision)
		}
		full := newIssuer(app, "urn:b ' \" 日本")
		pem := "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n"
		full.JWKSURL, full.PublicKey, full.Enabled = nil, &pem, false
		full.Audience, full.Algorithms = []string{"one", "two"}, []string{"ES256", "EdDSA"}
		full.RequiredClaims = map[string]any{"admin": true, "roles": "editor", "level": json.Number("2.5"), "account": json.Number("9007199254740993"), "none": nil}
		full.ClaimVariables = map[string]string{"tenant": "customer"}
		full.RateLimit = &host.RateLimit{Limit: 7, Window: "hour", Burst: 2}
		if err := b.CreateIssuer(t.Context(), full); err != nil {
			t.Fatal(err)
		}
		wantIssuer(t, b, minimal)
		wantIssuer(t, b, full)
	}},
	{"CreateErrors", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		issuer := b.issuer(app, "https://a.example.com")
		wantError(t, b.CreateIssuer(t.Context(), newIssuer(app, issuer.Issuer)), host.CodeConflict, "issuer is already taken in this app")
		b.issuer(other, issuer.Issuer)
		wantError(t, b.CreateIssuer(t.Context(), newIssuer(&host.App{ID: host.NewID()}, "x")), host.CodeNotFound, "App not found")
		twin := newIssuer(app, "https://other.example.com")
		twin.ID = issuer.ID
		wantError(t, b.CreateIssuer(t.Context(), twin), host.CodeConflict, "issuer: this issuer exists already")
	}},
	{"List", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		elsewhere := b.issuer(other, "https://elsewhere.example.com").ID
		var want []string
		for range 5 {
			want = append(want, b.issuer(app, unique("https://id.example.com/")).ID)
		}
		for ref, ids := range map[string][]string{app.ID: want, "": append([]string{elsewhere}, want...), host.NewID(): {}, "\x00": {}} {
			each := []string{}
			if err := b.EachIssuer(t.Context(), ref, func(i *host.Issuer) { each = append(each, i.ID) }); err != nil {
				t.Fatal(err)
			}
			slices.Sort(each)
			if diff := cmp.Diff(ids, each); diff != "" {
				t.Errorf("EachIssuer(%q): %s", ref, diff)
			}
		}
		slices.Reverse(want)
		var got []string
		for _, i := range pages(t, 2, func(p host.Page) ([]*host.Issuer, int, error) { return b.Issuers(t.Context(), app.ID, p) }) {
			got = append(got, i.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("not newest first:", diff)
		}
		if none, total, err := b.Issuers(t.Context(), host.NewID(), host.Page{}); err != nil || total != 0 || none == nil {
			t.Errorf("of no app: %v, %d, %v", none, total, err)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		app := b.app("A")
		old, other := b.issuer(app, "https://a.example.com"), b.issuer(app, "https://b.example.com")
		updated, err := b.UpdateIssuer(t.Context(), app.ID, old.ID, func(i *host.Issuer) error {
			i.ID, i.AppID, i.CreatedAt, i.Revision = "x", "y", host.Time{}, 9 // read-only
			i.Name, i.Enabled, i.Audience, i.RequiredClaims = "New", false, nil, nil
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := *old
		want.Name, want.Enabled, want.Revision, want.UpdatedAt = "New", false, 2, updated.UpdatedAt
		wantIssuer(t, b, &want)
		_, err = b.UpdateIssuer(t.Context(), app.ID, old.ID, func(i *host.Issuer) error { i.Issuer = other.Issuer; return nil })
		wantError(t, err, host.CodeConflict, "issuer is already taken in this app")
		_, err = b.UpdateIssuer(t.Context(), app.ID, old.ID, func(i *host.Issuer) error { i.Name = "No"; return errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the closure", err)
		}
		wantIssuer(t, b, &want)
	}},
	{"Delete", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		issuer, kept := b.issuer(app, "https://a.example.com"), b.issuer(other, "https://a.example.com")
		if err := b.DeleteIssuer(t.Context(), app.ID, issuer.ID); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ app, id string }{{app.ID, issuer.ID}, {app.ID, kept.ID}, {"\x00", "\xff"}, {host.NewID(), ""}} {
			_, err := b.Issuer(t.Context(), c.app, c.id)
			wantError(t, err, host.CodeNotFound, "Issuer not found")
			_, err = b.UpdateIssuer(t.Context(), c.app, c.id, func(*host.Issuer) error { return nil })
			wantError(t, err, host.CodeNotFound, "Issuer not found")
			wantError(t, b.DeleteIssuer(t.Context(), c.app, c.id), host.CodeNotFound, "Issuer not found")
		}
		wantIssuer(t, b, kept)
		b.issuer(app, "https://a.example.com")
	}},
	{"DeletedWithTheApp", func(t *testing.T, b bundle) {
		app := b.app("A")
		issuer := b.issuer(app, "https://a.example.com")
		if err := b.DeleteApp(t.Context(), app.ID); err != nil {
			t.Fatal(err)
		}
		_, err := b.Issuer(t.Context(), app.ID, issuer.ID)
		wantError(t, err, host.CodeNotFound, "Issuer not found")
	}},
}
