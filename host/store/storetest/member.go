package storetest

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// member creates a member.
func (b bundle) member(name string, role host.Role) *host.Member {
	b.t.Helper()
	member, _ := host.NewMember()
	member.Name, member.Role = name, role
	if err := b.CreateMember(b.t.Context(), member); err != nil {
		b.t.Fatal(err)
	}
	return member
}

func wantMember(t *testing.T, b bundle, want *host.Member) {
	t.Helper()
	got, err := b.Member(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Error(diff)
	}
}

const lastSysadmin = "Root is the last sysadmin who is enabled, and one must remain"

var memberTests = []test{
	{"Create", func(t *testing.T, b bundle) {
		minimal := b.member("Minimal", host.Viewer)
		full, _ := host.NewMember()
		full.Name, full.Role, full.Enabled = "Full ' \" 日本", host.Admin, false
		full.Environments = []string{host.Staging, host.Development}
		if err := b.CreateMember(t.Context(), full); err != nil || full.Revision != 1 {
			t.Fatal(full.Revision, err)
		}
		wantMember(t, b, minimal)
		wantMember(t, b, full)
	}},
	{"CreateErrTaken", func(t *testing.T, b bundle) {
		first := b.member("First", host.Viewer)
		twin, _ := host.NewMember()
		twin.Name, twin.Role = "First", host.Admin
		wantError(t, b.CreateMember(t.Context(), twin), host.CodeConflict, "name is already taken by another member")
		_, err := b.Member(t.Context(), twin.ID)
		wantError(t, err, host.CodeNotFound, "Member not found")
		wantMember(t, b, first)
	}},
	{"List", func(t *testing.T, b bundle) {
		if members, total, err := b.Members(t.Context(), host.Page{}); err != nil || total != 0 || members == nil {
			t.Errorf("no members: %v, %d, %v", members, total, err)
		}
		var want []string
		for range 5 {
			want = append(want, b.member(unique("M"), host.Viewer).ID)
		}
		var each []string
		if err := b.EachMember(t.Context(), func(m *host.Member) { each = append(each, m.ID) }); err != nil {
			t.Fatal(err)
		}
		slices.Sort(each)
		if diff := cmp.Diff(want, each); diff != "" {
			t.Error("EachMember:", diff)
		}
		slices.Reverse(want)
		var got []string
		for _, m := range pages(t, 2, func(p host.Page) ([]*host.Member, int, error) { return b.Members(t.Context(), p) }) {
			got = append(got, m.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("not newest first:", diff)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		member, other := b.member("Ada", host.Viewer), b.member("Other", host.Viewer)
		updated, err := b.UpdateMember(t.Context(), member.ID, func(m *host.Member) error {
			m.ID, m.CreatedAt, m.Revision = "no", host.Time{}, 99 // read-only
			m.Name, m.Role, m.Environments, m.Enabled = "Ada L.", host.Developer, []string{host.Production}, false
			m.Rotate()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := *updated
		want.ID, want.CreatedAt, want.Revision = member.ID, member.CreatedAt, 2
		want.Name, want.Role, want.Environments, want.Enabled = "Ada L.", host.Developer, []string{host.Production}, false
		if want.Hash == member.Hash {
			t.Error("the token is the old one")
		}
		wantMember(t, b, &want)
		wantMember(t, b, other)
		_, err = b.UpdateMember(t.Context(), other.ID, func(m *host.Member) error { m.Name = "Ada L."; return nil })
		wantError(t, err, host.CodeConflict, "name is already taken by another member")
		_, err = b.UpdateMember(t.Context(), other.ID, func(m *host.Member) error { m.Name = "X"; return errRefused })
		if err == nil {
			t.Error("the closure's error is lost")
		}
		wantMember(t, b, other)
	}},
	{"Use", func(t *testing.T, b bundle) {
		member, idle, gone := b.member("Ada", host.Viewer), b.member("Idle", host.Viewer), b.member("Gone", host.Viewer)
		if err := b.DeleteMember(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		before, _, err := b.Changes(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		early, late := host.FromMillis(1_900_000_000_001), host.FromMillis(1_900_000_000_002)
		for _, at := range []host.Time{late, early} {
			err := b.AddMemberUsage(t.Context(), []host.Used{
				{CredentialID: gone.ID, LastUsedAt: at}, {CredentialID: "\x00", LastUsedAt: at}, {CredentialID: member.ID, Count: 3, LastUsedAt: at},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if after, _, err := b.Changes(t.Context(), 0); err != nil || len(after) != len(before) {
			t.Errorf("use is a change: %v, %v", after, err)
		}
		member.LastUsedAt = late
		wantMember(t, b, member)
		wantMember(t, b, idle)
		updated, err := b.UpdateMember(t.Context(), member.ID, func(m *host.Member) error { m.LastUsedAt = early; return nil }) // read-only
		if err != nil || updated.LastUsedAt != late {
			t.Errorf("updated: %v, %v", updated, err)
		}
		wantMember(t, b, updated)
	}},
	{"Delete", func(t *testing.T, b bundle) {
		member, other := b.member("Ada", host.Viewer), b.member("Other", host.Viewer)
		if err := b.DeleteMember(t.Context(), member.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{member.ID, host.NewID(), "", "\x00", "\xff"} {
			_, err := b.Member(t.Context(), id)
			wantError(t, err, host.CodeNotFound, "Member not found")
			wantError(t, b.DeleteMember(t.Context(), id), host.CodeNotFound, "Member not found")
			_, err = b.UpdateMember(t.Context(), id, func(*host.Member) error { return nil })
			wantError(t, err, host.CodeNotFound, "Member not found")
		}
		wantMember(t, b, other)
		b.member("Ada", host.Viewer) // the name is free again
	}},
	{"LastSysadmin", func(t *testing.T, b bundle) {
		b.member("Admin", host.Admin)
		asleep := b.member("Asleep", host.Sysadmin)
		root := b.member("Root", host.Sysadmin)
		if _, err := b.UpdateMember(t.Context(), asleep.ID, func(m *host.Member) error { m.Enabled = false; return nil }); err != nil {
			t.Fatal(err)
		}
		for _, change := range []func(*host.Member) error{
			func(m *host.Member) error { m.Enabled = false; return nil },
			func(m *host.Member) error { m.Role = host.Admin; return nil },
		} {
			_, err := b.UpdateMember(t.Context(), root.ID, change)
			wantError(t, err, host.CodeConflict, lastSysadmin)
		}
		wantError(t, b.DeleteMember(t.Context(), root.ID), host.CodeConflict, lastSysadmin)
		wantMember(t, b, root)
		if _, err := b.UpdateMember(t.Context(), root.ID, func(m *host.Member) error { m.Name = "Toor"; return nil }); err != nil {
			t.Error("another change:", err)
		}
		b.member("Second", host.Sysadmin)
		if err := b.DeleteMember(t.Context(), root.ID); err != nil {
			t.Error("with another sysadmin:", err)
		}
		if err := b.DeleteMember(t.Context(), asleep.ID); err != nil {
			t.Error("a disabled sysadmin:", err)
		}
	}},
	{"LastSysadminAtOnce", func(t *testing.T, b bundle) {
		var members []*host.Member
		for range 4 {
			members = append(members, b.member(unique("Root"), host.Sysadmin))
		}
		var deleted atomic.Int32
		b.atOnce(len(members), func(i int) {
			err := b.DeleteMember(t.Context(), members[i].ID)
			if err == nil {
				deleted.Add(1)
			} else if host.CodeOf(err) != host.CodeConflict {
				t.Error(err)
			}
		})
		if n := deleted.Load(); n != 3 {
			t.Errorf("%d of 4 sysadmins could be deleted at once, want 3", n)
		}
	}},
}
