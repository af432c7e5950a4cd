package storetest

import (
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// signingKey adds a signing key, which becomes the active one.
func (b bundle) signingKey() *host.SigningKey {
	b.t.Helper()
	key := host.NewSigningKey()
	if added, err := b.AddSigningKey(b.t.Context(), key, false); err != nil || !added {
		b.t.Fatalf("AddSigningKey = %v, %v", added, err)
	}
	return key
}

func wantSigningKeys(t *testing.T, b bundle, want ...*host.SigningKey) {
	t.Helper()
	got, err := b.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].Active = i == 0
	}
	if diff := cmp.Diff(append([]*host.SigningKey{}, want...), got, equalTimes); diff != "" {
		t.Error(diff)
	}
}

var signingKeyTests = []test{
	{"Add", func(t *testing.T, b bundle) {
		wantSigningKeys(t, b)
		first := b.signingKey()
		if !first.Active {
			t.Error("the key that was added is not active")
		}
		wantSigningKeys(t, b, first)
		second := b.signingKey()
		wantSigningKeys(t, b, second, first)
		// What counts is when it was added, not when its id was drawn.
		older := host.NewSigningKey()
		third := b.signingKey()
		if added, err := b.AddSigningKey(t.Context(), older, false); err != nil || !added {
			t.Fatalf("AddSigningKey = %v, %v", added, err)
		}
		wantSigningKeys(t, b, older, third, second, first)
	}},
	{"AddOnlyFirst", func(t *testing.T, b bundle) {
		var added atomic.Int32
		b.atOnce(6, func(int) {
			ok, err := b.AddSigningKey(t.Context(), host.NewSigningKey(), true)
			if err != nil {
				t.Error(err)
			}
			if ok {
				added.Add(1)
			}
		})
		if keys, err := b.SigningKeys(t.Context()); added.Load() != 1 || len(keys) != 1 || err != nil {
			t.Fatalf("%d of 6 hosts added the first key, %d are there, %v", added.Load(), len(keys), err)
		}
		first, second := host.NewSigningKey(), b.signingKey()
		if ok, err := b.AddSigningKey(t.Context(), first, true); ok || err != nil || first.Active {
			t.Errorf("a first key after the second: %v, %v", ok, err)
		}
		if keys, _ := b.SigningKeys(t.Context()); keys[0].ID != second.ID {
			t.Errorf("the active key is %s, want %s", keys[0].ID, second.ID)
		}
	}},
	{"AddErrTaken", func(t *testing.T, b bundle) {
		key := b.signingKey()
		_, err := b.AddSigningKey(t.Context(), key, false)
		wantError(t, err, host.CodeConflict, "signing key: this key exists already")
		wantSigningKeys(t, b, key)
	}},
	{"Delete", func(t *testing.T, b bundle) {
		first := b.signingKey()
		token := b.token("T", first)
		wantError(t, b.DeleteSigningKey(t.Context(), first.ID), host.CodeConflict, "the active signing key cannot be deleted: rotate it first")
		second := b.signingKey()
		wantError(t, b.DeleteSigningKey(t.Context(), first.ID), host.CodeConflict, "the signing key verifies tokens that are not deleted: 1")
		if err := b.DeleteToken(t.Context(), token.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.DeleteSigningKey(t.Context(), first.ID); err != nil {
			t.Fatal(err)
		}
		wantSigningKeys(t, b, second)
		for _, id := range []string{first.ID, host.NewID(), "", "\x00"} {
			wantError(t, b.DeleteSigningKey(t.Context(), id), host.CodeNotFound, "Signing key not found")
		}
	}},
}
