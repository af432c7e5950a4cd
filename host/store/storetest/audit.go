package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// calling returns a context of a management call.
func calling(t *testing.T, action string) (context.Context, *host.Audit) {
	call := &host.Audit{
		Actor:  &host.Actor{Kind: host.ActorMember, ID: host.NewID(), Name: "Ada"},
		Action: action, Method: "PATCH", Path: "/v1/x", Client: "203.0.113.9", RequestID: host.NewID(),
	}
	return host.WithAudit(t.Context(), call), call
}

// entries lists the audit log, newest first.
func (b bundle) entries(filter host.AuditFilter) []*host.AuditEntry {
	b.t.Helper()
	return pages(b.t, 3, func(p host.Page) ([]*host.AuditEntry, int, error) { return b.AuditEntries(b.t.Context(), filter, p) })
}

// shape is an entry in short.
func shape(e *host.AuditEntry) string {
	return fmt.Sprintf("%s %s before=%t after=%t", e.Target.Kind, e.Target.ID, e.Before != nil, e.After != nil)
}

var auditTests = []test{
	{"EveryWrite", func(t *testing.T, b bundle) {
		app := b.app("Without a call")
		signer := b.signingKey()
		if got := b.entries(host.AuditFilter{}); len(got) != 0 {
			t.Fatalf("the host's own writes are in the log: %v", got)
		}
		ctx, _ := calling(t, "act")
		var want []string
		expect := func(kind, id string, before, after bool, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("%s %s before=%t after=%t", kind, id, before, after))
		}
		org, err := b.UpdateOrganization(ctx, func(o *host.Organization) error { o.Name = "Renamed"; return nil })
		expect("organization", org.ID, true, true, err)
		second := host.NewApp(org.ID)
		second.Name = "Second"
		expect("app", second.ID, false, true, b.CreateApp(ctx, second))
		_, err = b.UpdateApp(ctx, second.ID, func(*host.App) error { return nil })
		expect("app", second.ID, true, true, err)
		m := newModule(app, "orders", "one")
		_, err = b.AddModule(ctx, m, []byte("one"))
		expect("module", m.ID, false, true, err)
		expect("module", m.ID, true, false, b.DeleteModule(ctx, app.ID, m.ID))
		_, err = b.MakeRelease(ctx, app.ID, keep)
		expect("release", "1", false, true, err)
		_, err = b.MakeRelease(ctx, app.ID, keep)
		expect("release", "2", true, true, err)
		_, err = b.ActivateRelease(ctx, app.ID, 1, allow)
		expect("release", "1", true, true, err)
		issuer := newIssuer(app, "https://id.example.com")
		expect("issuer", issuer.ID, false, true, b.CreateIssuer(ctx, issuer))
		_, err = b.UpdateIssuer(ctx, app.ID, issuer.ID, func(*host.Issuer) error { return nil })
		expect("issuer", issuer.ID, true, true, err)
		group := newGroup(app, "partners", issuer.ID)
		expect("key_group", group.ID, false, true, b.CreateKeyGroup(ctx, group))
		_, err = b.UpdateKeyGroup(ctx, app.ID, group.Name, func(*host.KeyGroup) error { return nil })
		expect("key_group", group.ID, true, true, err)
		expect("key_group", group.ID, true, false, b.DeleteKeyGroup(ctx, app.ID, group.Name))
		expect("issuer", issuer.ID, true, false, b.DeleteIssuer(ctx, app.ID, issuer.ID))
		object := newObject(app, "orders", nil, nil)
		expect("object", object.ID, false, true, b.CreateObject(ctx, object))
		_, err = b.UpdateObject(ctx, app.ID, object.Name, func(*host.Object) error { return nil })
		expect("object", object.ID, true, true, err)
		expect("object", object.ID, true, false, b.DeleteObject(ctx, app.ID, object.Name))
		expect("app", second.ID, true, false, b.DeleteApp(ctx, second.ID))
		key, _ := host.NewKey("K")
		expect("key", key.ID, false, true, b.CreateKey(ctx, key))
		_, err = b.UpdateKey(ctx, key.ID, func(*host.Key) error { return nil })
		expect("key", key.ID, true, true, err)
		expect("key", key.ID, true, false, b.DeleteKey(ctx, key.ID))
		fresh := host.NewSigningKey()
		_, err = b.AddSigningKey(ctx, fresh, false)
		expect("signing_key", fresh.ID, false, true, err)
		expect("signing_key", signer.ID, true, false, b.DeleteSigningKey(ctx, signer.ID))
		token := newToken("T", fresh)
		expect("token", token.ID, false, true, b.CreateToken(ctx, token))
		expect("token", token.ID, true, false, b.DeleteToken(ctx, token.ID))
		member, _ := host.NewMember()
		member.Name, member.Role = "M", host.Viewer
		expect("member", member.ID, false, true, b.CreateMember(ctx, member))
		_, err = b.UpdateMember(ctx, member.ID, func(*host.Member) error { return nil })
		expect("member", member.ID, true, true, err)
		expect("member", member.ID, true, false, b.DeleteMember(ctx, member.ID))

		var got []string
		for _, e := range b.entries(host.AuditFilter{}) {
			got = append([]string{shape(e)}, got...)
			if e.Target.Kind == "module" && e.Target.AppID != app.ID {
				t.Errorf("a module of %q", e.Target.AppID)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}},
	{"Entry", func(t *testing.T, b bundle) {
		app := b.app("A")
		ctx, call := calling(t, "update-app")
		_, err := b.UpdateApp(ctx, app.ID, func(a *host.App) error { a.Name = "B"; return nil })
		if err != nil {
			t.Fatal(err)
		}
		got := b.entries(host.AuditFilter{})[0]
		want := &host.AuditEntry{
			ID: got.ID, Time: got.Time, Audit: *call, Target: &host.AuditTarget{Kind: "app", ID: app.ID, AppID: app.ID},
			Before: got.Before, After: got.After,
		}
		if diff := cmp.Diff(want, got, equalTimes); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(string(got.Before), `"name":"A"`) || !strings.Contains(string(got.After), `"name":"B"`) {
			t.Errorf("from %s to %s", got.Before, got.After)
		}
		for _, secret := range []string{app.APIKey, app.APISecret} {
			if strings.Contains(string(got.Before)+string(got.After), secret) {
				t.Errorf("the log holds a secret: %s", got.After)
			}
		}
	}},
	{"ReleaseShowsWhatChanged", func(t *testing.T, b bundle) {
		app := b.app("A")
		m := b.module(app, "orders", "one")
		stays, goes := endpoint("/stays", m), endpoint("/goes", m)
		b.release(app, stays, goes)
		ctx, _ := calling(t, "delete-endpoint")
		_, err := b.MakeRelease(ctx, app.ID, func(d *host.Draft) error { d.Endpoints = d.Endpoints[:1]; return nil })
		if err != nil {
			t.Fatal(err)
		}
		e := b.entries(host.AuditFilter{Target: app.ID})[0]
		if before := string(e.Before); !strings.Contains(before, "/goes") || strings.Contains(before, "/stays") || !strings.Contains(string(e.After), `"endpoints":[]`) {
			t.Errorf("from %s to %s", e.Before, e.After)
		}
	}},
	{"FailedWritesLeaveNone", func(t *testing.T, b bundle) {
		app, root := b.app("A"), b.member("Root", host.Sysadmin)
		ctx, _ := calling(t, "act")
		_, err := b.UpdateApp(ctx, app.ID, func(*host.App) error { return errRefused })
		if err == nil {
			t.Error("no error")
		}
		wantError(t, b.DeleteMember(ctx, root.ID), host.CodeConflict, "")
		if got := b.entries(host.AuditFilter{}); len(got) != 0 {
			t.Errorf("entries %v", got)
		}
	}},
	{"Refusal", func(t *testing.T, b bundle) {
		_, call := calling(t, "delete-app")
		known := &host.AuditEntry{ID: host.NewID(), Time: host.Now(), Audit: *call, Refused: "forbidden", Reason: "no"}
		unknown := &host.AuditEntry{ID: host.NewID(), Time: host.Now(), Audit: host.Audit{Method: "GET", Path: "/v1/apps"}, Refused: "unauthorized", Reason: "no"}
		for _, e := range []*host.AuditEntry{known, unknown} {
			if err := b.AddRefusal(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]*host.AuditEntry{unknown, known}, b.entries(host.AuditFilter{}), equalTimes); diff != "" {
			t.Error(diff)
		}
	}},
	{"Filter", func(t *testing.T, b bundle) {
		key, other := b.key("K"), b.key("O")
		var calls []*host.Audit
		for i, id := range []string{key.ID, other.ID, key.ID, key.ID} {
			ctx, call := calling(t, []string{"a", "b"}[i%2])
			if _, err := b.UpdateKey(ctx, id, func(*host.Key) error { return nil }); err != nil {
				t.Fatal(err)
			}
			calls = append(calls, call)
		}
		all := b.entries(host.AuditFilter{})
		at := all[0].Time
		later := host.At(time.UnixMilli(at.Millis() + 1))
		for name, tt := range map[string]struct {
			filter host.AuditFilter
			want   int
		}{
			"all": {host.AuditFilter{}, 4}, "actor": {host.AuditFilter{Actor: calls[1].Actor.ID}, 1}, "action": {host.AuditFilter{Action: "b"}, 2},
			"target": {host.AuditFilter{Target: key.ID}, 3}, "both": {host.AuditFilter{Target: key.ID, Action: "b"}, 1},
			"since": {host.AuditFilter{Since: later}, 0}, "until": {host.AuditFilter{Until: later}, 4}, "until all": {host.AuditFilter{Until: all[3].Time}, 0},
			"nobody": {host.AuditFilter{Actor: "\x00"}, 0},
		} {
			got := b.entries(tt.filter)
			var each []*host.AuditEntry
			if err := b.EachAuditEntry(t.Context(), tt.filter, func(e *host.AuditEntry) { each = append(each, e) }); err != nil {
				t.Fatal(err)
			}
			if len(got) != tt.want || len(each) != tt.want || len(got) > 0 && cmp.Diff(got, each, equalTimes) != "" {
				t.Errorf("%s: %d listed, %d walked, want %d", name, len(got), len(each), tt.want)
			}
		}
	}},
}
