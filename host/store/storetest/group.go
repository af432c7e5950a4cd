package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

func newGroup(app *host.App, name string, members ...string) *host.KeyGroup {
	group := host.NewKeyGroup(app.ID)
	group.Name, group.Members = name, members
	return group
}

// group creates a key group.
func (b bundle) group(app *host.App, name string, members ...string) *host.KeyGroup {
	b.t.Helper()
	group := newGroup(app, name, members...)
	if err := b.CreateKeyGroup(b.t.Context(), group); err != nil {
		b.t.Fatal(err)
	}
	return group
}

func wantGroup(t *testing.T, b bundle, want *host.KeyGroup) {
	t.Helper()
	got, err := b.KeyGroup(t.Context(), want.AppID, want.Name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Error(diff)
	}
}

// wantMembers checks who is in a group.
func wantMembers(t *testing.T, b bundle, group *host.KeyGroup, members ...string) {
	t.Helper()
	want := *group
	want.Members = append([]string{}, members...)
	slices.Sort(want.Members)
	wantGroup(t, b, &want)
}

// setMembers replaces the members of a group.
func (b bundle) setMembers(group *host.KeyGroup, members ...string) (*host.KeyGroup, error) {
	return b.UpdateKeyGroup(b.t.Context(), group.AppID, group.Name, func(g *host.KeyGroup) error { g.Members = members; return nil })
}

// inGroup is an endpoint that only members of the groups may call.
func inGroup(path string, m *host.Module, groups ...string) *host.Endpoint {
	e := endpoint(path, m)
	e.KeyGroups = groups
	return e
}

var groupTests = []test{
	{"Create", func(t *testing.T, b bundle) {
		app := b.app("A")
		empty := b.group(app, "empty")
		key, token, issuer := b.key("K"), b.token("T", b.signingKey()), b.issuer(app, "https://id.example.com")
		full := b.group(app, "Größe ' \"", issuer.ID, key.ID, token.ID, key.ID)
		if empty.Revision != 1 || empty.Members == nil {
			t.Errorf("created %+v", empty)
		}
		wantGroup(t, b, empty)
		wantGroup(t, b, full)
		wantMembers(t, b, full, key.ID, token.ID, issuer.ID)
	}},
	{"CreateErrors", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		b.group(app, "partners")
		b.group(other, "partners")
		wantError(t, b.CreateKeyGroup(t.Context(), newGroup(app, "partners")), host.CodeConflict, "name is already taken by another key group of this app")
		wantError(t, b.CreateKeyGroup(t.Context(), newGroup(&host.App{ID: host.NewID()}, "g")), host.CodeNotFound, "App not found")
		foreign := b.issuer(other, "https://id.example.com").ID
		for _, id := range []string{host.NewID(), foreign, app.ID} {
			group := newGroup(app, "new", b.key("K").ID, id)
			wantError(t, b.CreateKeyGroup(t.Context(), group), host.CodeInvalid, "members: there is no key, token or issuer of this app with the id "+id)
		}
		_, err := b.KeyGroup(t.Context(), app.ID, "new")
		wantError(t, err, host.CodeNotFound, "Key group not found")
	}},
	{"CheckMembers", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		everywhere, token, issuer := b.key("K"), b.token("T", b.signingKey()), b.issuer(app, "https://id.example.com")
		live, foreign := b.key("L"), b.issuer(other, "https://id.example.com")
		_, err := b.UpdateKey(t.Context(), live.ID, func(k *host.Key) error { k.Environment = token.Environment; return nil })
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := []string{host.Staging}
		if *token.Environment != host.Production {
			t.Fatalf("the token is for %s", *token.Environment)
		}
		for _, tt := range []struct {
			environments []string
			good, bad    []string
		}{
			{nil, []string{everywhere.ID, live.ID, token.ID, issuer.ID}, []string{foreign.ID, host.NewID(), app.ID}},
			{[]string{host.Production, host.Staging}, []string{everywhere.ID, live.ID, token.ID, issuer.ID}, []string{foreign.ID, host.NewID()}},
			{elsewhere, []string{everywhere.ID, issuer.ID}, []string{live.ID, token.ID, foreign.ID, host.NewID()}},
		} {
			if err := b.CheckMembers(t.Context(), app.ID, tt.good, tt.environments); err != nil {
				t.Errorf("%v: %v", tt.environments, err)
			}
			for _, id := range tt.bad {
				err := b.CheckMembers(t.Context(), app.ID, append([]string{id}, tt.good...), tt.environments)
				wantError(t, err, host.CodeInvalid, "members: there is no key, token or issuer of this app with the id "+id)
			}
		}
		// Of two, the first is named, whatever is wrong with it.
		missing := host.NewID()
		err = b.CheckMembers(t.Context(), app.ID, []string{missing, live.ID}, elsewhere)
		wantError(t, err, host.CodeInvalid, "members: there is no key, token or issuer of this app with the id "+min(missing, live.ID))
		if err := b.CheckMembers(t.Context(), app.ID, nil, elsewhere); err != nil {
			t.Errorf("no ids: %v", err)
		}
	}},
	{"List", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		key := b.key("K").ID
		elsewhere := b.group(other, "elsewhere")
		var want []*host.KeyGroup
		for range 5 {
			want = append(want, b.group(app, unique("g"), key))
		}
		for ref, groups := range map[string][]*host.KeyGroup{app.ID: want, "": append([]*host.KeyGroup{elsewhere}, want...), host.NewID(): {}, "\x00": {}} {
			each := []*host.KeyGroup{}
			if err := b.EachKeyGroup(t.Context(), ref, func(g *host.KeyGroup) { each = append(each, g) }); err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(each, func(a, b *host.KeyGroup) int { return strings.Compare(a.ID, b.ID) })
			if diff := cmp.Diff(groups, each, equalTimes); diff != "" {
				t.Errorf("EachKeyGroup(%q): %s", ref, diff)
			}
		}
		slices.Reverse(want)
		got := pages(t, 2, func(p host.Page) ([]*host.KeyGroup, int, error) { return b.KeyGroups(t.Context(), app.ID, p) })
		if diff := cmp.Diff(want, got, equalTimes); diff != "" {
			t.Error("not newest first:", diff)
		}
		if none, total, err := b.KeyGroups(t.Context(), host.NewID(), host.Page{}); err != nil || total != 0 || none == nil {
			t.Errorf("of no app: %v, %d, %v", none, total, err)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		app := b.app("A")
		one, two, three := b.key("1").ID, b.key("2").ID, b.key("3").ID
		old, other := b.group(app, "old", one, two), b.group(app, "other", one)
		updated, err := b.UpdateKeyGroup(t.Context(), app.ID, "old", func(g *host.KeyGroup) error {
			g.ID, g.AppID, g.CreatedAt, g.Revision = "x", "y", host.Time{}, 9 // read-only
			g.Name, g.Members = "new", []string{three, two, three}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := *old
		want.Name, want.Members, want.Revision, want.UpdatedAt = "new", []string{two, three}, 2, updated.UpdatedAt
		wantGroup(t, b, &want)
		wantGroup(t, b, updated)
		_, err = b.UpdateKeyGroup(t.Context(), app.ID, "new", func(g *host.KeyGroup) error { g.Name = "other"; return nil })
		wantError(t, err, host.CodeConflict, "name is already taken by another key group of this app")
		_, err = b.setMembers(updated, one, host.NewID())
		wantError(t, err, host.CodeInvalid, "")
		_, err = b.UpdateKeyGroup(t.Context(), app.ID, "new", func(g *host.KeyGroup) error { g.Members = nil; return errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the closure", err)
		}
		wantGroup(t, b, &want)
		wantGroup(t, b, other)
	}},
	{"ManyMembers", func(t *testing.T, b bundle) {
		app := b.app("A")
		var ids []string
		for range 1100 { // more than one statement takes
			ids = append(ids, b.issuer(app, unique("https://id.example.com/")).ID)
		}
		group := b.group(app, "many", ids...)
		wantMembers(t, b, group, ids...)
	}},
	{"DeletedCredentialsLeave", func(t *testing.T, b bundle) {
		app := b.app("A")
		key, token, issuer, stays := b.key("K"), b.token("T", b.signingKey()), b.issuer(app, "https://id.example.com"), b.key("S")
		group, other := b.group(app, "g", key.ID, token.ID, issuer.ID, stays.ID), b.group(app, "h", key.ID)
		err := errors.Join(b.DeleteKey(t.Context(), key.ID), b.DeleteToken(t.Context(), token.ID), b.DeleteIssuer(t.Context(), app.ID, issuer.ID))
		if err != nil {
			t.Fatal(err)
		}
		wantMembers(t, b, group, stays.ID)
		wantMembers(t, b, other)
	}},
	{"Delete", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		key := b.key("K")
		b.group(app, "g", key.ID)
		kept := b.group(other, "g", key.ID)
		if err := b.DeleteKeyGroup(t.Context(), app.ID, "g"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ app, name string }{{app.ID, "g"}, {app.ID, "G"}, {host.NewID(), "g"}, {"\x00", "\xff"}} {
			_, err := b.KeyGroup(t.Context(), c.app, c.name)
			wantError(t, err, host.CodeNotFound, "Key group not found")
			_, err = b.UpdateKeyGroup(t.Context(), c.app, c.name, func(*host.KeyGroup) error { return nil })
			wantError(t, err, host.CodeNotFound, "Key group not found")
			wantError(t, b.DeleteKeyGroup(t.Context(), c.app, c.name), host.CodeNotFound, "Key group not found")
		}
		wantGroup(t, b, kept)
		wantKey(t, b, key)
		if err := b.DeleteApp(t.Context(), other.ID); err != nil {
			t.Fatal(err)
		}
		_, err := b.KeyGroup(t.Context(), other.ID, "g")
		wantError(t, err, host.CodeNotFound, "Key group not found")
	}},
	{"ErrInUse", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		m := b.module(app, "orders", "one")
		used, free := b.group(app, "used"), b.group(app, "free")
		b.group(other, "used")
		b.release(app, inGroup("/a", m, "used", "missing"), inGroup("/b", m, "used"))
		b.release(app) // the release in use does not need it, the one before does
		const message = "key group used is used by release 1"
		wantError(t, b.DeleteKeyGroup(t.Context(), app.ID, "used"), host.CodeConflict, message)
		_, err := b.UpdateKeyGroup(t.Context(), app.ID, "used", func(g *host.KeyGroup) error { g.Name = "renamed"; return nil })
		wantError(t, err, host.CodeConflict, message)
		key := b.key("K").ID
		if _, err := b.setMembers(used, key); err != nil {
			t.Error("members of a group in use cannot change:", err)
		}
		if err := errors.Join(b.DeleteKeyGroup(t.Context(), app.ID, free.Name), b.DeleteKeyGroup(t.Context(), other.ID, "used")); err != nil {
			t.Error("a release that does not use the group is in the way:", err)
		}
	}},
	{"UsedNoMore", func(t *testing.T, b bundle) {
		app := b.app("A")
		b.group(app, "used")
		b.release(app, inGroup("/", b.module(app, "orders", "one"), "used"))
		for range host.MaxReleases {
			b.release(app)
		}
		if err := b.DeleteKeyGroup(t.Context(), app.ID, "used"); err != nil {
			t.Error("a release that is no longer kept is in the way:", err)
		}
	}},
}
