package storetest

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// wantUsage checks what was counted for a key, by every way to read it.
func wantUsage(t *testing.T, b bundle, key *host.Key, want host.Usage) {
	t.Helper()
	got, err := b.Key(t.Context(), key.ID)
	if err != nil {
		t.Fatal(err)
	}
	listed, _, err := b.Keys(t.Context(), host.Page{})
	if err != nil {
		t.Fatal(err)
	}
	updated, err := b.UpdateKey(t.Context(), key.ID, func(*host.Key) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range append(listed, got, updated) {
		if k.ID == key.ID && k.Usage != want {
			t.Errorf("usage %+v, want %+v", k.Usage, want)
		}
	}
}

var usageTests = []test{
	{"Add", func(t *testing.T, b bundle) {
		key, idle := b.key("K"), b.key("Idle")
		token := b.token("T", b.signingKey())
		wantUsage(t, b, key, host.Usage{})
		early, late := host.FromMillis(1_900_000_000_001), host.FromMillis(1_900_000_000_002)
		for _, batch := range [][]host.Used{
			{{CredentialID: key.ID, Count: 3, LastUsedAt: late}, {CredentialID: token.ID, Count: 1, LastUsedAt: early}},
			{{CredentialID: key.ID, Count: 1 << 40, LastUsedAt: early}, {CredentialID: key.ID, Count: 1, LastUsedAt: early}},
			{},
		} {
			if err := b.AddUsage(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		wantUsage(t, b, key, host.Usage{LastUsedAt: late, UsageCount: 1<<40 + 4})
		wantUsage(t, b, idle, host.Usage{})
		got, err := b.Token(t.Context(), token.ID)
		if want := (host.Usage{LastUsedAt: early, UsageCount: 1}); err != nil || got.Usage != want {
			t.Errorf("token: %+v, %v, want %+v", got.Usage, err, want)
		}
		if tokens, _, err := b.Tokens(t.Context(), nil, host.Page{}); err != nil || tokens[0].UsageCount != 1 {
			t.Errorf("tokens: %+v, %v", tokens, err)
		}
	}},
	{"AddForTheGone", func(t *testing.T, b bundle) {
		key, gone := b.key("K"), b.key("Gone")
		if err := b.DeleteKey(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		now := host.Now()
		err := b.AddUsage(t.Context(), []host.Used{
			{CredentialID: gone.ID, Count: 1, LastUsedAt: now}, {CredentialID: "\x00", Count: 1, LastUsedAt: now},
			{CredentialID: key.ID, Count: 1, LastUsedAt: now}, {CredentialID: "", Count: 1, LastUsedAt: now},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantUsage(t, b, key, host.Usage{LastUsedAt: now, UsageCount: 1})
	}},
	{"AddMany", func(t *testing.T, b bundle) {
		const count = 250 // more than one statement takes
		var batch []host.Used
		for range count {
			batch = append(batch, host.Used{CredentialID: b.key("K").ID, Count: 1, LastUsedAt: host.Now()})
		}
		for range 2 {
			if err := b.AddUsage(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		for _, k := range pages(t, 100, func(p host.Page) ([]*host.Key, int, error) { return b.Keys(t.Context(), p) }) {
			if k.UsageCount != 2 {
				t.Errorf("counted %d, want 2", k.UsageCount)
			}
		}
	}},
	{"AddConcurrently", func(t *testing.T, b bundle) {
		keys := []*host.Key{b.key("1"), b.key("2"), b.key("3"), b.key("4")}
		var doomed []host.Used
		for range 30 {
			doomed = append(doomed, host.Used{CredentialID: b.key("Doomed").ID, Count: 1})
		}
		b.atOnce(7, func(i int) {
			for n := range doomed {
				if i == 6 { // a credential that goes must fail nobody's batch
					if err := b.DeleteKey(t.Context(), doomed[n].CredentialID); err != nil {
						t.Error(err)
					}
					continue
				}
				batch := slices.Clone(doomed)
				for n := range keys { // every host in an order of its own
					batch = append(batch, host.Used{CredentialID: keys[(n+i)%len(keys)].ID, Count: 1})
				}
				if err := b.AddUsage(t.Context(), batch); err != nil {
					t.Error(err)
				}
			}
		})
		for _, key := range keys {
			wantUsage(t, b, key, host.Usage{UsageCount: 180})
		}
	}},
	{"TakeQuota", func(t *testing.T, b bundle) {
		key, other, month := b.key("K"), b.key("Other"), host.Month(time.Now())
		take := func(id, month string, quota, n, want int64) {
			t.Helper()
			if taken, err := b.TakeQuota(t.Context(), id, month, quota, n); err != nil || taken != want {
				t.Errorf("TakeQuota(%s, %d, %d) = %d, %v, want %d", month, quota, n, taken, err, want)
			}
		}
		take(key.ID, month, 10, 4, 4)
		take(key.ID, month, 10, 4, 4)
		take(key.ID, month, 10, 4, 2)
		take(key.ID, month, 10, 4, 0)
		take(key.ID, month, 5, 1, 0) // the quota was lowered
		take(key.ID, month, 11, 4, 1)
		take(key.ID, "9999-12", 10, 4, 4)
		take(other.ID, month, 3, 4, 3)
		take(other.ID, month, 3, 0, 0)
		take(other.ID, month, 0, 1, 0)
		wantUsage(t, b, key, host.Usage{QuotaUsed: 11})
		if err := b.DeleteKey(t.Context(), other.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{other.ID, host.NewID(), "", "\x00"} {
			take(id, month, 10, 1, 0)
		}
	}},
	{"ReturnQuota", func(t *testing.T, b bundle) {
		key, month := b.key("K"), host.Month(time.Now())
		back := func(id, month string, n int64) {
			t.Helper()
			if err := b.ReturnQuota(t.Context(), id, month, n); err != nil {
				t.Error(err)
			}
		}
		if taken, err := b.TakeQuota(t.Context(), key.ID, month, 10, 10); err != nil || taken != 10 {
			t.Fatal(taken, err)
		}
		back(key.ID, month, 3)
		back(key.ID, "9999-12", 3)
		back(key.ID, month, -5)
		back(host.NewID(), month, 3)
		back("\x00", month, 3)
		wantUsage(t, b, key, host.Usage{QuotaUsed: 7})
		back(key.ID, month, 100)
		wantUsage(t, b, key, host.Usage{})
	}},
	{"TakeQuotaConcurrently", func(t *testing.T, b bundle) {
		key, month := b.key("K"), host.Month(time.Now())
		var all atomic.Int64
		b.atOnce(6, func(int) {
			for range 10 {
				taken, err := b.TakeQuota(t.Context(), key.ID, month, 100, 3)
				if err != nil {
					t.Error(err)
				}
				all.Add(taken)
			}
		})
		if all.Load() != 100 {
			t.Errorf("%d were taken of a quota of 100", all.Load())
		}
		wantUsage(t, b, key, host.Usage{QuotaUsed: 100})
	}},
}
