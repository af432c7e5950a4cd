package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// newModule describes content as if it were Wasm.
func newModule(app *host.App, name, content string) *host.Module {
	digest := sha256.Sum256([]byte(content))
	return &host.Module{
		ID: host.NewID(), AppID: app.ID, Name: name, Digest: hex.EncodeToString(digest[:]), Size: int64(len(content)),
		Imports:  []host.Import{{Module: "extism:host/env", Name: "alloc", Kind: host.FuncKind, Params: []string{"i64"}, Results: []string{"i64"}, Capability: "memory"}},
		Exports:  []host.Export{{Name: "handle", Kind: host.FuncKind, Callable: true}},
		Language: "Rust", Features: []string{"simd128"}, Warnings: []string{"it's a test"}, CreatedAt: host.Now(), MemoryPages: 17,
	}
}

var moduleTests = []test{
	{"Add", func(t *testing.T, b bundle) {
		app := b.app("A")
		content := "\x00asm\x01\x00\x00\x00\xff" + string(bytes.Repeat([]byte{0, 1, 2, 0xfe}, 1<<18))
		m := b.module(app, "orders", content)
		if m.Version != 1 {
			t.Errorf("version %d", m.Version)
		}
		got, err := b.Module(t.Context(), app.ID, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, equalTimes); diff != "" {
			t.Error(diff)
		}
		if stored, err := b.ModuleContent(t.Context(), m.Digest); err != nil || string(stored) != content {
			t.Errorf("content of %d bytes: %v", len(stored), err)
		}
	}},
	{"AddVersions", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		first := b.module(app, "orders", "one")
		if m := b.module(app, "orders", "two"); m.Version != 2 {
			t.Errorf("other bytes have version %d, want 2", m.Version)
		}
		if m := b.module(app, "other", "one"); m.Version != 1 {
			t.Errorf("another name begins with version %d", m.Version)
		}
		if m := b.module(other, "orders", "two"); m.Version != 1 {
			t.Errorf("another app begins with version %d", m.Version)
		}
		again := newModule(app, "orders", "one")
		created, err := b.AddModule(t.Context(), again, []byte("one"))
		if err != nil || created {
			t.Fatalf("the same bytes again: %v, %v", created, err)
		}
		if diff := cmp.Diff(first, again, equalTimes); diff != "" {
			t.Error("not a copy of the first:", diff)
		}
	}},
	{"AddErrNoApp", func(t *testing.T, b bundle) {
		m := newModule(&host.App{ID: host.NewID()}, "orders", "one")
		_, err := b.AddModule(t.Context(), m, []byte("one"))
		wantError(t, err, host.CodeNotFound, "App not found")
		_, err = b.ModuleContent(t.Context(), m.Digest)
		wantError(t, err, host.CodeNotFound, "Module not found")
	}},
	{"AddSameBytesConcurrently", func(t *testing.T, b bundle) {
		app := b.app("A")
		created := make([]bool, 8)
		modules := make([]*host.Module, 8)
		var wg sync.WaitGroup
		for i := range created {
			wg.Go(func() {
				modules[i] = newModule(app, "orders", "one")
				var err error
				if created[i], err = b.AddModule(t.Context(), modules[i], []byte("one")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(slices.DeleteFunc(created, func(c bool) bool { return !c })); n != 1 {
			t.Errorf("%d uploads created a module, want 1", n)
		}
		for _, m := range modules {
			if m.ID != modules[0].ID || m.Version != 1 {
				t.Errorf("id %s version %d, want %s and 1", m.ID, m.Version, modules[0].ID)
			}
		}
	}},
	{"AddVersionsConcurrently", func(t *testing.T, b bundle) {
		app := b.app("A")
		versions := make([]int, 8)
		var wg sync.WaitGroup
		for i := range versions {
			wg.Go(func() {
				content := string(rune('a' + i))
				m := newModule(app, "orders", content)
				if _, err := b.AddModule(t.Context(), m, []byte(content)); err != nil {
					t.Error(err)
				}
				versions[i] = m.Version
			})
		}
		wg.Wait()
		slices.Sort(versions)
		if !slices.Equal(versions, []int{1, 2, 3, 4, 5, 6, 7, 8}) {
			t.Errorf("versions %v", versions)
		}
	}},
	{"List", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		b.module(other, "elsewhere", "x")
		var want []string
		for _, content := range []string{"1", "2", "3", "4", "5"} {
			want = append(want, b.module(app, "orders", content).ID)
		}
		slices.Sort(want)
		slices.Reverse(want)
		var got []string
		for _, m := range pages(t, 2, func(p host.Page) ([]*host.Module, int, error) { return b.Modules(t.Context(), app.ID, p) }) {
			got = append(got, m.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("not newest first:", diff)
		}
		if none, total, err := b.Modules(t.Context(), host.NewID(), host.Page{}); err != nil || total != 0 || none == nil {
			t.Errorf("of no app: %v, %d, %v", none, total, err)
		}
	}},
	{"ErrNotFound", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		m := b.module(app, "orders", "one")
		for _, c := range []struct{ app, id string }{{app.ID, host.NewID()}, {other.ID, m.ID}, {"\x00", "\xff"}, {host.NewID(), m.ID}} {
			_, err := b.Module(t.Context(), c.app, c.id)
			wantError(t, err, host.CodeNotFound, "Module not found")
			wantError(t, b.DeleteModule(t.Context(), c.app, c.id), host.CodeNotFound, "Module not found")
		}
		_, err := b.ModuleContent(t.Context(), "0000")
		wantError(t, err, host.CodeNotFound, "Module not found")
	}},
	{"Delete", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		m, twin := b.module(app, "orders", "one"), b.module(other, "orders", "one")
		if err := b.DeleteModule(t.Context(), app.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		_, err := b.Module(t.Context(), app.ID, m.ID)
		wantError(t, err, host.CodeNotFound, "Module not found")
		if _, err := b.ModuleContent(t.Context(), m.Digest); err != nil {
			t.Error("another app lost its bytes:", err)
		}
		if err := b.DeleteModule(t.Context(), other.ID, twin.ID); err != nil {
			t.Fatal(err)
		}
		_, err = b.ModuleContent(t.Context(), m.Digest)
		wantError(t, err, host.CodeNotFound, "Module not found")
		if again := b.module(app, "orders", "two"); again.Version != 2 {
			t.Errorf("the version of a deleted module was given away: %d", again.Version)
		}
	}},
	{"DeleteErrInUse", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		m := b.module(app, "orders", "one")
		alias, twin := b.module(app, "alias", "one"), b.module(other, "orders", "one")
		b.release(app, endpoint("/", m))
		b.release(app) // the release in use does not need it, the one before does
		wantError(t, b.DeleteModule(t.Context(), app.ID, m.ID), host.CodeConflict, "module orders@1 is used by release 1")
		wantError(t, b.DeleteModule(t.Context(), app.ID, alias.ID), host.CodeConflict, "module alias@1 is used by release 1")
		if err := b.DeleteModule(t.Context(), other.ID, twin.ID); err != nil {
			t.Error("a release of another app is in the way:", err)
		}
		if _, err := b.ModuleContent(t.Context(), m.Digest); err != nil {
			t.Error(err)
		}
	}},
	{"AddAndDeleteConcurrently", func(t *testing.T, b bundle) {
		apps := []*host.App{b.app("A"), b.app("B"), b.app("C"), b.app("D")}
		var wg sync.WaitGroup
		for _, app := range apps {
			wg.Go(func() {
				for range 5 {
					m := newModule(app, "orders", "shared")
					if _, err := b.AddModule(t.Context(), m, []byte("shared")); err != nil {
						t.Error(err)
						return
					}
					// As long as this module is there, so are its bytes.
					if _, err := b.ModuleContent(t.Context(), m.Digest); err != nil {
						t.Error(err)
					}
					if err := b.DeleteModule(t.Context(), app.ID, m.ID); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		_, err := b.ModuleContent(t.Context(), newModule(apps[0], "", "shared").Digest)
		wantError(t, err, host.CodeNotFound, "Module not found")
	}},
}
