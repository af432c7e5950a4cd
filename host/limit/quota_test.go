package limit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/limit"
	"pgregory.net/rapid"
)

var errAway = errors.New("the database is away")

// takeAll asks n times from several goroutines and returns how often it was
// admitted. Any refusal must be that the quota is used up.
func takeAll(t testing.TB, limiters []*limit.Limiter, quota, n int64) int64 {
	t.Helper()
	var admitted, asked atomic.Int64
	var all sync.WaitGroup
	for worker := range 8 {
		l := limiters[worker%len(limiters)]
		all.Go(func() {
			for asked.Add(1) <= n {
				_, err := l.TakeQuota(context.Background(), "key", quota)
				if err == nil {
					admitted.Add(1)
				} else if host.CodeOf(err) != host.CodeRateLimited {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return admitted.Load()
}

// TestTakeQuota_Exact covers quotas below, at and above the size of leases.
func TestTakeQuota_Exact(t *testing.T) {
	t.Parallel()
	for _, quota := range []int64{1, 7, 999, 2500, 12_345} {
		store := newMemory()
		l := newLimiter(t, store, newClock())
		if n := takeAll(t, []*limit.Limiter{l}, quota, quota+500); n != quota {
			t.Errorf("%d of a quota of %d were admitted", n, quota)
		}
		if store.asked > 2100 {
			t.Errorf("the store was asked %d times for a quota of %d", store.asked, quota)
		}
	}
}

// TestTakeQuota_Refusal checks what is told of a quota that is used up, and
// that the store is left alone for a while.
func TestTakeQuota_Refusal(t *testing.T) {
	t.Parallel()
	store, c := newMemory(), newClock()
	l := newLimiter(t, store, c)
	takeAll(t, []*limit.Limiter{l}, 3, 3)
	for range 100 {
		s, err := l.TakeQuota(context.Background(), "key", 3)
		left := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC).Sub(c.Now())
		if host.CodeOf(err) != host.CodeRateLimited || s.Limit != 3 || s.Window != "month" || s.Reset != c.Now().Add(left).Unix() || s.RetryAfter != int64(left.Seconds()) {
			t.Fatalf("got %+v, %v", s, err)
		}
	}
	if store.asked != 4 {
		t.Errorf("the store was asked %d times, want 4", store.asked)
	}
	c.advance(time.Second)
	if err := store.ReturnQuota(context.Background(), "key", "2026-11", 1); err != nil {
		t.Fatal(err)
	}
	if n := takeAll(t, []*limit.Limiter{l}, 3, 2); n != 1 {
		t.Errorf("%d were admitted after another host gave one back, want 1", n)
	}
}

// TestTakeQuota_Hosts lets hosts share a database. Together they admit no more
// than the quota, and all of it once the others have given back their leases.
func TestTakeQuota_Hosts(t *testing.T) {
	t.Parallel()
	const quota = 5_000
	store := newMemory()
	c := newClock()
	hosts := []*limit.Limiter{newLimiter(t, store, c), newLimiter(t, store, c), newLimiter(t, store, c)}
	n := takeAll(t, hosts, quota, quota*3/4)
	if n != quota*3/4 {
		t.Errorf("%d were admitted before the quota was used up", n)
	}
	hosts[1].Close()
	hosts[2].Close()
	if n += takeAll(t, hosts[:1], quota, quota); n != quota {
		t.Errorf("%d of a quota of %d were admitted", n, quota)
	}
}

// TestTakeQuota_Crash loses hosts with what they leased: fewer are admitted
// than the quota, by at most a lease each, and never more.
func TestTakeQuota_Crash(t *testing.T) {
	t.Parallel()
	const quota, lease = 10_000, 10
	store := newMemory()
	admitted := int64(0)
	for range 5 {
		// Nothing of a host that is gone reaches the store.
		cut := &cuttable{memory: store}
		l := newLimiter(t, cut, newClock())
		admitted += takeAll(t, []*limit.Limiter{l}, quota, 501)
		cut.gone.Store(true)
	}
	l := newLimiter(t, store, newClock())
	admitted += takeAll(t, []*limit.Limiter{l}, quota, quota)
	if admitted > quota || admitted < quota-5*lease {
		t.Errorf("%d of a quota of %d were admitted", admitted, quota)
	}
	if admitted == quota {
		t.Error("no lease was lost, so this tests nothing")
	}
}

// cuttable is a store that a host can lose.
type cuttable struct {
	*memory
	gone atomic.Bool
}

func (c *cuttable) ReturnQuota(ctx context.Context, id, month string, n int64) error {
	if c.gone.Load() {
		return errAway
	}
	return c.memory.ReturnQuota(ctx, id, month, n)
}

// TestTakeQuota_Close gives back what is left, and admits nobody after.
func TestTakeQuota_Close(t *testing.T) {
	t.Parallel()
	store := newMemory()
	l := newLimiter(t, store, newClock())
	n := takeAll(t, []*limit.Limiter{l}, 1_000_000, 2_345)
	l.Close()
	if taken := store.taken["key2026-11"]; n != 2_345 || taken != n {
		t.Errorf("%d were admitted, %d count as used", n, taken)
	}
	if _, err := l.TakeQuota(context.Background(), "key", 1_000_000); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("after Close: %v", err)
	}
}

// TestTakeQuota_Away admits nobody whose quota cannot be asked for, but for what
// is leased already.
func TestTakeQuota_Away(t *testing.T) {
	t.Parallel()
	store := newMemory()
	l := newLimiter(t, store, newClock())
	ctx := context.Background()
	const quota = 10_000 // leases of 10
	takeAll(t, []*limit.Limiter{l}, quota, 4)
	store.fail(errAway)
	for i := range 10 {
		_, err := l.TakeQuota(ctx, "key", quota)
		if want := i >= 6; (host.CodeOf(err) == host.CodeUnavailable) != want || !want && err != nil {
			t.Errorf("request %d with the database away: %v", i, err)
		}
	}
	store.fail(nil)
	if _, err := l.TakeQuota(ctx, "key", quota); err != nil {
		t.Errorf("with the database back: %v", err)
	}
}

// TestTakeQuota_Hangs leaves a request that is given up while the store
// hangs: others of the same credential wait for the same answer.
func TestTakeQuota_Hangs(t *testing.T) {
	t.Parallel()
	store := newMemory()
	store.hang = make(chan struct{})
	l := newLimiter(t, store, newClock())
	ctx, give := context.WithCancel(context.Background())
	give()
	if _, err := l.TakeQuota(ctx, "key", 1); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("a request that is given up: %v", err)
	}
	close(store.hang)
	if _, err := l.TakeQuota(context.Background(), "key", 1); err != nil {
		t.Errorf("the next request: %v", err)
	}
	if store.asked != 1 {
		t.Errorf("the store was asked %d times", store.asked)
	}
}

// month is what happens to a quota, for the model.
type month struct {
	store    *memory
	limiter  *limit.Limiter
	quota    int64
	admitted int64 // this month
	lost     int64 // to crashes
}

// take sends a request. Nobody is admitted when the quota of the month is used
// up, and all are until then, but for what was lost and while the store is
// away.
func (m *month) take(r *rapid.T) (admitted bool) {
	s, err := m.limiter.TakeQuota(context.Background(), "key", m.quota)
	switch {
	case err == nil:
		if m.admitted++; m.admitted > m.quota {
			r.Fatalf("admitted %d of %d", m.admitted, m.quota)
		}
	case host.CodeOf(err) == host.CodeUnavailable && m.store.failed != nil:
	case host.CodeOf(err) != host.CodeRateLimited || s.Limit != m.quota || m.admitted+m.lost < m.quota:
		r.Fatalf("%d of %d are admitted, %d lost: %v", m.admitted, m.quota, m.lost, err)
	}
	return err == nil
}

// TestTakeQuota_Model runs hosts that start, stop and crash through months,
// changes of the quota and failures of the store.
func TestTakeQuota_Model(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		c := newClock()
		m := &month{store: newMemory(), quota: rapid.Int64Range(1, 30_000).Draw(r, "quota")}
		cut := &cuttable{memory: m.store}
		m.limiter = newLimiter(t, cut, c)
		defer func() { m.limiter.Close() }()
		r.Repeat(map[string]func(*rapid.T){
			"take": func(r *rapid.T) {
				for range rapid.Int64Range(1, 2*max(1, m.quota/1000)+1).Draw(r, "requests") {
					m.take(r)
				}
			},
			"use up": func(r *rapid.T) {
				for m.take(r) {
				}
			},
			"raise": func(r *rapid.T) { m.quota += rapid.Int64Range(1, 10_000).Draw(r, "by") },
			"lower": func(r *rapid.T) {
				m.quota = max(1, m.admitted+m.lost, m.quota-rapid.Int64Range(1, 10_000).Draw(r, "by"))
			},
			"next month": func(*rapid.T) {
				c.advance(31 * 24 * time.Hour)
				m.admitted, m.lost = 0, 0
			},
			"restart": func(*rapid.T) {
				if m.store.failed == nil { // else it is a crash
					m.limiter.Close()
					m.limiter = newLimiter(t, cut, c)
				}
			},
			"crash": func(*rapid.T) {
				cut.gone.Store(true)
				m.lost = m.store.taken["key"+host.Month(c.Now())] - m.admitted
				cut = &cuttable{memory: m.store}
				m.limiter = newLimiter(t, cut, c)
			},
			"away": func(*rapid.T) { m.store.fail(errAway) },
			"back": func(*rapid.T) { m.store.fail(nil) },
			"wait": func(*rapid.T) { c.advance(time.Second) },
		})
	})
}
