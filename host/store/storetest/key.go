package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// key creates a key.
func (b bundle) key(name string) *host.Key {
	b.t.Helper()
	key, _ := host.NewKey(name)
	if err := b.CreateKey(b.t.Context(), key); err != nil {
		b.t.Fatal(err)
	}
	return key
}

func wantKey(t *testing.T, b bundle, want *host.Key) {
	t.Helper()
	got, err := b.Key(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Error(diff)
	}
}

var keyTests = []test{
	{"Create", func(t *testing.T, b bundle) {
		minimal := b.key("Minimal")
		full, _ := host.NewKey("Full ' \" 日本")
		environment := host.Staging
		quota := int64(host.MaxQuota)
		full.Environment, full.Enabled, full.ExpiresAt = &environment, false, host.FromMillis(1_900_000_000_001)
		full.RateLimit, full.Quota = &host.RateLimit{Limit: 100, Window: "minute", Burst: 20}, &quota
		full.PreviousHash, full.PreviousExpiresAt = host.HashSecret("before"), host.FromMillis(1_900_000_000_002)
		full.AllowedIPs, full.Variables = []string{"10.0.0.0/8", "::1"}, map[string]string{"tier": "gold", "nul\x00": ""}
		if err := b.CreateKey(t.Context(), full); err != nil {
			t.Fatal(err)
		}
		if full.Revision != 1 {
			t.Errorf("revision %d", full.Revision)
		}
		wantKey(t, b, minimal)
		wantKey(t, b, full)
	}},
	{"CreateErrTaken", func(t *testing.T, b bundle) {
		first := b.key("First")
		second, _ := host.NewKey("Second")
		second.Hash = first.Hash
		wantError(t, b.CreateKey(t.Context(), second), host.CodeConflict, "key: this key exists already")
		_, err := b.Key(t.Context(), second.ID)
		wantError(t, err, host.CodeNotFound, "Key not found")
	}},
	{"List", func(t *testing.T, b bundle) {
		if keys, total, err := b.Keys(t.Context(), host.Page{}); err != nil || total != 0 || keys == nil {
			t.Errorf("no keys: %v, %d, %v", keys, total, err)
		}
		var want []string
		for range 5 {
			want = append(want, b.key("Same name").ID)
		}
		slices.Sort(want)
		var each []string
		if err := b.EachKey(t.Context(), func(k *host.Key) { each = append(each, k.ID) }); err != nil {
			t.Fatal(err)
		}
		slices.Sort(each)
		if diff := cmp.Diff(want, each); diff != "" {
			t.Error("EachKey:", diff)
		}
		slices.Reverse(want)
		var got []string
		for _, k := range pages(t, 2, func(p host.Page) ([]*host.Key, int, error) { return b.Keys(t.Context(), p) }) {
			got = append(got, k.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("not newest first:", diff)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		old := b.key("Old")
		updated, err := b.UpdateKey(t.Context(), old.ID, func(k *host.Key) error {
			k.ID, k.CreatedAt, k.Revision, k.UsageCount = "x", host.Time{}, 9, 9 // read-only
			k.Name, k.Enabled, k.Variables = "New", false, nil
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := *old
		want.Name, want.Enabled, want.Revision, want.UpdatedAt = "New", false, 2, updated.UpdatedAt
		wantKey(t, b, &want)
	}},
	{"Rotate", func(t *testing.T, b bundle) {
		old := b.key("Old")
		var secret string
		rotate := func(grace time.Duration) *host.Key {
			rotated, err := b.UpdateKey(t.Context(), old.ID, func(k *host.Key) error { secret = k.Rotate(grace); return nil })
			if err != nil {
				t.Fatal(err)
			}
			wantKey(t, b, rotated)
			return rotated
		}
		if k := rotate(time.Hour); k.Hash != host.HashSecret(secret) || k.PreviousHash != old.Hash || k.PreviousExpiresAt.IsZero() {
			t.Errorf("rotated with grace: %+v", k)
		}
		if k := rotate(0); k.PreviousHash != (host.Hash{}) || !k.PreviousExpiresAt.IsZero() {
			t.Errorf("rotated without grace: %+v", k)
		}
	}},
	{"UpdateErrors", func(t *testing.T, b bundle) {
		key, other := b.key("Key"), b.key("Other")
		_, err := b.UpdateKey(t.Context(), key.ID, func(k *host.Key) error { k.Name = "New"; return errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the closure", err)
		}
		_, err = b.UpdateKey(t.Context(), key.ID, func(k *host.Key) error { k.Hash = other.Hash; return nil })
		wantError(t, err, host.CodeConflict, "key: this key exists already")
		wantKey(t, b, key)
	}},
	{"UpdateConcurrently", func(t *testing.T, b bundle) {
		key := b.key("Busy")
		var wg sync.WaitGroup
		for _, ip := range []string{"::1", "::2", "::3", "::4", "::5", "::6"} {
			wg.Go(func() {
				_, err := b.UpdateKey(t.Context(), key.ID, func(k *host.Key) error {
					k.AllowedIPs = append(k.AllowedIPs, ip)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, err := b.Key(t.Context(), key.ID); err != nil || len(got.AllowedIPs) != 6 || got.Revision != 7 {
			t.Errorf("an update was lost: %+v, %v", got, err)
		}
	}},
	{"Delete", func(t *testing.T, b bundle) {
		key, other := b.key("Key"), b.key("Other")
		if err := b.DeleteKey(t.Context(), key.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{key.ID, host.NewID(), "", "\x00", "\xff"} {
			_, err := b.Key(t.Context(), id)
			wantError(t, err, host.CodeNotFound, "Key not found")
			_, err = b.UpdateKey(t.Context(), id, func(*host.Key) error { return nil })
			wantError(t, err, host.CodeNotFound, "Key not found")
			wantError(t, b.DeleteKey(t.Context(), id), host.CodeNotFound, "Key not found")
		}
		wantKey(t, b, other)
	}},
}
