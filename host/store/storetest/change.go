package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

var changeTests = []test{
	{"None", func(t *testing.T, b bundle) {
		changes, complete, err := b.Changes(t.Context(), 0)
		if err != nil || len(changes) != 0 || !complete {
			t.Errorf("Changes = %v, %v, %v", changes, complete, err)
		}
		if last, err := b.LastChange(t.Context()); err != nil || last != 0 {
			t.Errorf("LastChange = %d, %v", last, err)
		}
	}},
	{"EveryWrite", func(t *testing.T, b bundle) {
		var want []host.Change
		expect := func(kind, id string, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, host.Change{Sequence: int64(len(want) + 1), Kind: kind, ID: id})
		}
		org := b.organization()
		expect(host.ChangedOrganization, org.ID, nil)
		_, err := b.UpdateOrganization(t.Context(), func(*host.Organization) error { return nil })
		expect(host.ChangedOrganization, org.ID, err)
		app := b.app("A")
		expect(host.ChangedApp, app.ID, nil)
		_, err = b.UpdateApp(t.Context(), app.ID, func(*host.App) error { return nil })
		expect(host.ChangedApp, app.ID, err)
		m := b.module(app, "orders", "one")
		expect(host.ChangedApp, app.ID, nil)
		expect(host.ChangedApp, app.ID, b.DeleteModule(t.Context(), app.ID, m.ID))
		_, err = b.MakeRelease(t.Context(), app.ID, keep)
		expect(host.ChangedApp, app.ID, err)
		_, err = b.ActivateRelease(t.Context(), app.ID, 1, allow)
		expect(host.ChangedApp, app.ID, err)
		issuer := b.issuer(app, "https://id.example.com")
		expect(host.ChangedIssuers, app.ID, nil)
		_, err = b.UpdateIssuer(t.Context(), app.ID, issuer.ID, func(*host.Issuer) error { return nil })
		expect(host.ChangedIssuers, app.ID, err)
		group := b.group(app, "partners", issuer.ID)
		expect(host.ChangedKeyGroups, app.ID, nil)
		_, err = b.UpdateKeyGroup(t.Context(), app.ID, group.Name, func(*host.KeyGroup) error { return nil })
		expect(host.ChangedKeyGroups, app.ID, err)
		expect(host.ChangedIssuers, app.ID, b.DeleteIssuer(t.Context(), app.ID, issuer.ID))
		expect(host.ChangedKeyGroups, app.ID, b.DeleteKeyGroup(t.Context(), app.ID, group.Name))
		object := b.object(app, "orders", nil, nil)
		expect(host.ChangedObjects, app.ID, nil)
		_, err = b.setFields(object, nil, []string{"a"})
		expect(host.ChangedObjects, app.ID, err)
		expect(host.ChangedObjects, app.ID, b.DeleteObject(t.Context(), app.ID, object.Name))
		expect(host.ChangedApp, app.ID, b.DeleteApp(t.Context(), app.ID))
		key := b.key("K")
		expect(host.ChangedKey, key.ID, nil)
		_, err = b.UpdateKey(t.Context(), key.ID, func(*host.Key) error { return nil })
		expect(host.ChangedKey, key.ID, err)
		expect(host.ChangedKey, key.ID, b.DeleteKey(t.Context(), key.ID))
		first, second := b.signingKey(), b.signingKey()
		expect(host.ChangedSigningKeys, first.ID, nil)
		expect(host.ChangedSigningKeys, second.ID, nil)
		expect(host.ChangedSigningKeys, first.ID, b.DeleteSigningKey(t.Context(), first.ID))
		token := b.token("T", second)
		expect(host.ChangedToken, token.ID, nil)
		expect(host.ChangedToken, token.ID, b.DeleteToken(t.Context(), token.ID))
		member := b.member("M", host.Viewer)
		expect(host.ChangedMember, member.ID, nil)
		_, err = b.UpdateMember(t.Context(), member.ID, func(*host.Member) error { return nil })
		expect(host.ChangedMember, member.ID, err)
		expect(host.ChangedMember, member.ID, b.DeleteMember(t.Context(), member.ID))

		for after := range len(want) + 1 {
			got, complete, err := b.Changes(t.Context(), int64(after))
			if err != nil || !complete {
				t.Errorf("Changes(%d): complete %v, %v", after, complete, err)
			}
			if diff := cmp.Diff(append([]host.Change{}, want[after:]...), append([]host.Change{}, got...)); diff != "" {
				t.Errorf("Changes(%d): %s", after, diff)
			}
		}
		if last, err := b.LastChange(t.Context()); err != nil || last != int64(len(want)) {
			t.Errorf("LastChange = %d, %v", last, err)
		}
	}},
	{"FailedWritesLeaveNone", func(t *testing.T, b bundle) {
		app := b.app("A")
		key, issuer, group, signer := b.key("K"), b.issuer(app, "https://id.example.com"), b.group(app, "partners"), b.signingKey()
		token, root := b.token("T", signer), b.member("Root", host.Sysadmin)
		before, err := b.LastChange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		twin := host.NewApp(app.OrganizationID)
		twin.Name = app.Name
		wantError(t, b.CreateApp(t.Context(), twin), host.CodeConflict, "")
		wantError(t, b.CreateKey(t.Context(), key), host.CodeConflict, "")
		wantError(t, b.CreateIssuer(t.Context(), newIssuer(app, issuer.Issuer)), host.CodeConflict, "")
		wantError(t, b.CreateKeyGroup(t.Context(), newGroup(app, group.Name)), host.CodeConflict, "")
		wantError(t, b.CreateKeyGroup(t.Context(), newGroup(app, "other", host.NewID())), host.CodeInvalid, "")
		wantError(t, b.CreateToken(t.Context(), newToken(token.Name, signer)), host.CodeConflict, "")
		wantError(t, b.DeleteSigningKey(t.Context(), signer.ID), host.CodeConflict, "")
		wantError(t, b.DeleteMember(t.Context(), root.ID), host.CodeConflict, "")
		if added, err := b.AddSigningKey(t.Context(), host.NewSigningKey(), true); added || err != nil {
			t.Errorf("a second first key: %v, %v", added, err)
		}
		_, err = b.UpdateApp(t.Context(), app.ID, func(*host.App) error { return errRefused })
		_, err2 := b.MakeRelease(t.Context(), app.ID, func(*host.Draft) error { return errRefused })
		if !errors.Is(err, errRefused) || !errors.Is(err2, errRefused) {
			t.Errorf("errors %v, %v", err, err2)
		}
		if after, err := b.LastChange(t.Context()); err != nil || after != before {
			t.Errorf("LastChange = %d, %v, want %d", after, err, before)
		}
	}},
	{"Incomplete", func(t *testing.T, b bundle) {
		b.organization()
		// A host that has seen more than there is follows another database.
		if _, complete, err := b.Changes(t.Context(), 1000); err != nil || complete {
			t.Errorf("Changes of the future: complete %v, %v", complete, err)
		}
	}},
	{"SequenceIsCommitOrder", func(t *testing.T, b bundle) {
		apps := []*host.App{b.app("A"), b.app("B"), b.app("C"), b.app("D")}
		start, err := b.LastChange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		const rounds = 5
		var writers, reader sync.WaitGroup
		done := make(chan struct{})
		seen := start
		follow := func() {
			changes, complete, err := b.Changes(t.Context(), seen)
			if err != nil || !complete {
				t.Errorf("Changes(%d): complete %v, %v", seen, complete, err)
			}
			for _, c := range changes {
				// A number that appeared late would be skipped for ever.
				if c.Sequence != seen+1 {
					t.Errorf("sequence %d follows %d", c.Sequence, seen)
				}
				seen = c.Sequence
			}
		}
		reader.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					follow()
				}
			}
		})
		for _, app := range apps {
			writers.Go(func() {
				for range rounds {
					if _, err := b.UpdateApp(t.Context(), app.ID, func(*host.App) error { return nil }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		close(done)
		reader.Wait()
		follow()
		if want := start + int64(rounds*len(apps)); seen != want {
			t.Errorf("followed up to %d, want %d", seen, want)
		}
	}},
	{"EachApp", func(t *testing.T, b bundle) {
		idle, busy := b.app("Idle"), fullApp(b.app("Other").OrganizationID)
		if err := b.CreateApp(t.Context(), busy); err != nil {
			t.Fatal(err)
		}
		m := b.module(busy, "orders", "one")
		b.release(busy, endpoint("/old", m))
		release := b.release(busy, endpoint("/new", m))
		busy.ActiveRelease = release.Number
		seen := map[string]*host.Release{}
		err := b.EachApp(t.Context(), func(app *host.App, active *host.Release) error {
			seen[app.ID] = active
			if want := map[string]*host.App{idle.ID: idle, busy.ID: busy}[app.ID]; want != nil {
				if diff := cmp.Diff(want, app, equalTimes); diff != "" {
					t.Error(diff)
				}
			}
			return nil
		})
		if err != nil || len(seen) != 3 || seen[idle.ID] != nil {
			t.Errorf("apps %v, %v", seen, err)
		}
		if diff := cmp.Diff(release, seen[busy.ID], equalTimes); diff != "" {
			t.Error(diff)
		}
		err = b.EachApp(t.Context(), func(*host.App, *host.Release) error { return errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the function", err)
		}
	}},
}
