package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// keep is the edit that changes nothing.
func keep(*host.Draft) error { return nil }

// allow is the check that refuses nothing.
func allow(*host.App) error { return nil }

var releaseTests = []test{
	{"MakeFirst", func(t *testing.T, b bundle) {
		app := b.app("A")
		m := b.module(app, "orders", "one")
		e := endpoint("/orders/{id}", m)
		e.Name, e.KeyGroups, e.AllowedIPs = "It's \"quoted\" \u0000 日本", []string{"g"}, []string{"::1"}
		e.RequiredVariables, e.RequestSchema = map[string]string{"tier": "gold"}, json.RawMessage(`{"type":"object"}`)
		release, err := b.MakeRelease(t.Context(), app.ID, func(d *host.Draft) error {
			if d.Active != nil || d.Number != 1 || d.Endpoints == nil || len(d.Endpoints) != 0 {
				t.Errorf("first draft %+v", d)
			}
			if diff := cmp.Diff(app, d.App, equalTimes); diff != "" {
				t.Error("app of the draft:", diff)
			}
			d.Endpoints, d.Note = []host.Endpoint{*e}, "the first"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := &host.Release{AppID: app.ID, Number: 1, Active: true, Note: "the first", Endpoints: []host.Endpoint{*e}, CreatedAt: release.CreatedAt}
		read, err := b.Release(t.Context(), app.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		active, err := b.Release(t.Context(), app.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]*host.Release{want, want, want}, []*host.Release{release, read, active}, equalTimes); diff != "" {
			t.Error("made, read, active:", diff)
		}
		if got, _ := b.App(t.Context(), app.ID); got.ActiveRelease != 1 || got.Revision != 1 {
			t.Errorf("the app has release %d and revision %d", got.ActiveRelease, got.Revision)
		}
	}},
	{"MakeNext", func(t *testing.T, b bundle) {
		app := b.app("A")
		m := b.module(app, "orders", "one")
		first := b.release(app, endpoint("/one", m))
		second, err := b.MakeRelease(t.Context(), app.ID, func(d *host.Draft) error {
			if diff := cmp.Diff(first, d.Active, equalTimes); diff != "" {
				t.Error("active release of the draft:", diff)
			}
			d.Endpoints[0].Name = "Changed"
			d.Endpoints[0].RequiredVariables["a"] = "b"
			if d.Active.Endpoints[0].Name == "Changed" || len(d.Active.Endpoints[0].RequiredVariables) > 0 {
				t.Error("editing the draft changed the active release")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if second.Number != 2 || second.Endpoints[0].Name != "Changed" || second.Endpoints[0].ID != first.Endpoints[0].ID {
			t.Errorf("second release %+v", second)
		}
		first.Active = false
		if got, err := b.Release(t.Context(), app.ID, 1); err != nil || !cmp.Equal(first, got, equalTimes) {
			t.Errorf("the first release changed: %+v, %v", got, err)
		}
	}},
	{"MakeFindsModules", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		one, two := b.module(app, "orders", "one"), b.module(app, "orders", "two")
		b.module(other, "foreign", "three")
		_, err := b.MakeRelease(t.Context(), app.ID, func(d *host.Draft) error {
			for ref, want := range map[host.ModuleRef]*host.Module{
				{Name: "orders"}: two, {Name: "orders", Version: 1}: one, {Name: "orders", Version: 2}: two, {Digest: one.Digest}: one,
			} {
				got, err := d.FindModule(ref)
				if err != nil || got.ID != want.ID {
					t.Errorf("FindModule(%+v) = %+v, %v", ref, got, err)
				}
			}
			_, err := d.FindModule(host.ModuleRef{Name: "foreign"})
			wantError(t, err, host.CodeInvalid, "module: the app has no module foreign")
			_, err = d.FindModule(host.ModuleRef{Name: "orders", Version: 3})
			wantError(t, err, host.CodeInvalid, "module: the app has no module orders@3")
			_, err = d.FindModule(host.ModuleRef{Digest: "00"})
			wantError(t, err, host.CodeInvalid, "module: the app has no module 00")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}},
	{"MakeRefused", func(t *testing.T, b bundle) {
		app := b.app("A")
		m := b.module(app, "orders", "one")
		b.release(app)
		before, err := b.LastChange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.MakeRelease(t.Context(), app.ID, func(d *host.Draft) error {
			d.Endpoints = append(d.Endpoints, *endpoint("/", m))
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the closure", err)
		}
		_, err = b.Release(t.Context(), app.ID, 2)
		wantError(t, err, host.CodeNotFound, "Release not found")
		if after, _ := b.LastChange(t.Context()); after != before {
			t.Error("a change was announced")
		}
		if next := b.release(app); next.Number != 2 {
			t.Errorf("the next release has number %d", next.Number)
		}
	}},
	{"MakeErrNoApp", func(t *testing.T, b bundle) {
		_, err := b.MakeRelease(t.Context(), host.NewID(), keep)
		wantError(t, err, host.CodeNotFound, "App not found")
	}},
	{"MakeConcurrently", func(t *testing.T, b bundle) {
		app := b.app("A")
		m := b.module(app, "orders", "one")
		const makers = 10
		numbers := make([]int, makers)
		var wg sync.WaitGroup
		for i := range numbers {
			wg.Go(func() {
				release, err := b.MakeRelease(t.Context(), app.ID, func(d *host.Draft) error {
					d.Endpoints = append(d.Endpoints, *endpoint(fmt.Sprint("/", i), m))
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				numbers[i] = release.Number
			})
		}
		wg.Wait()
		slices.Sort(numbers)
		for i, number := range numbers {
			if number != i+1 {
				t.Fatalf("numbers %v", numbers)
			}
		}
		active, err := b.Release(t.Context(), app.ID, 0)
		if err != nil || active.Number != makers || len(active.Endpoints) != makers {
			t.Errorf("an edit was lost: %d endpoints in release %d, %v", len(active.Endpoints), active.Number, err)
		}
	}},
	{"Activate", func(t *testing.T, b bundle) {
		app := b.app("A")
		m := b.module(app, "orders", "one")
		first := b.release(app, endpoint("/one", m))
		b.release(app, endpoint("/two", m))
		active, err := b.ActivateRelease(t.Context(), app.ID, 1, func(a *host.App) error {
			if a.ID != app.ID || a.ActiveRelease != 2 {
				t.Errorf("the check saw app %s with release %d", a.ID, a.ActiveRelease)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, active, equalTimes); diff != "" {
			t.Error(diff)
		}
		if got, err := b.Release(t.Context(), app.ID, 0); err != nil || got.Number != 1 {
			t.Errorf("active release %+v, %v", got, err)
		}
		third, err := b.MakeRelease(t.Context(), app.ID, keep)
		if err != nil || third.Number != 3 || third.Endpoints[0].Path != "/one" {
			t.Errorf("the next builds on %+v, %v", third, err)
		}
	}},
	{"ActivateErrors", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		b.release(app)
		b.release(app)
		b.release(other)
		_, err := b.ActivateRelease(t.Context(), host.NewID(), 1, allow)
		wantError(t, err, host.CodeNotFound, "App not found")
		_, err = b.ActivateRelease(t.Context(), app.ID, 3, allow)
		wantError(t, err, host.CodeNotFound, "Release not found")
		_, err = b.ActivateRelease(t.Context(), app.ID, 1, func(*host.App) error { return errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the check", err)
		}
		if got, err := b.Release(t.Context(), app.ID, 0); err != nil || got.Number != 2 {
			t.Errorf("active release %+v, %v", got, err)
		}
	}},
	{"ErrNotFound", func(t *testing.T, b bundle) {
		app := b.app("A")
		for _, number := range []int{-1, 0, 1, 1 << 40} {
			_, err := b.Release(t.Context(), app.ID, number)
			wantError(t, err, host.CodeNotFound, "Release not found")
		}
	}},
	{"List", func(t *testing.T, b bundle) {
		app := b.app("A")
		for range 5 {
			b.release(app)
		}
		var got []int
		for _, r := range pages(t, 2, func(p host.Page) ([]*host.Release, int, error) { return b.Releases(t.Context(), app.ID, p) }) {
			got = append(got, r.Number)
			if r.Active != (r.Number == 5) || r.Endpoints == nil {
				t.Errorf("release %+v", r)
			}
		}
		if !slices.Equal(got, []int{5, 4, 3, 2, 1}) {
			t.Errorf("numbers %v", got)
		}
	}},
	{"KeepsMaxReleases", func(t *testing.T, b bundle) {
		app := b.app("A")
		m := b.module(app, "orders", "one")
		b.release(app, endpoint("/", m))
		for range host.MaxReleases - 1 {
			b.release(app)
		}
		if _, err := b.ActivateRelease(t.Context(), app.ID, 1, allow); err != nil {
			t.Fatal(err)
		}
		_, total, err := b.Releases(t.Context(), app.ID, host.Page{})
		if err != nil || total != host.MaxReleases {
			t.Fatalf("%d releases, %v", total, err)
		}
		if next := b.release(app); next.Number != host.MaxReleases+1 {
			t.Errorf("number %d", next.Number)
		}
		_, err = b.Release(t.Context(), app.ID, 1)
		wantError(t, err, host.CodeNotFound, "Release not found")
		if _, total, _ = b.Releases(t.Context(), app.ID, host.Page{}); total != host.MaxReleases {
			t.Errorf("%d releases", total)
		}
		if err := b.DeleteModule(t.Context(), app.ID, m.ID); err != nil {
			t.Error("a release that is gone still holds its module:", err)
		}
	}},
}
