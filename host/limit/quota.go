package limit

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
)

const (
	// A lease takes a thousandth of the quota, at most maxLease.
	leaseParts = 1000
	maxLease   = 1000
	// dryTime is how long nobody asks again for a quota that is used up.
	dryTime = time.Second
)

// quotas holds the requests that this host has leased from credentials'
// quotas. They are taken from the quota in the database before the first of
// them is admitted, so that whatever becomes of the host, there are never more
// than the quota.
type quotas struct {
	store host.UsageStore
	now   func() time.Time

	mu      sync.RWMutex
	leases  map[string]*lease
	closed  bool
	fetches sync.WaitGroup
}

// lease is what a credential has left on this host.
type lease struct {
	id string

	mu    sync.Mutex
	quota int64 // that it was taken from
	month int   // that it was taken in; see monthOf
	left  int64
	// dry is until when the quota counts as used up.
	dry time.Time
	// fetch takes a new lease; nil if nobody does.
	fetch *fetch
	// gone tells that the lease is no longer that of the credential.
	gone bool
}

// fetch is one go at a new lease, and all who wait for it.
type fetch struct {
	done chan struct{}
	err  error // to be read when done is closed
}

// TakeQuota takes one request from a credential's quota for this calendar
// month. It waits for the database once in a thousandth of the quota. Errors:
// CodeRateLimited with the standing when the quota is used up, CodeUnavailable
// when the database cannot be asked.
func (l *Limiter) TakeQuota(ctx context.Context, credentialID string, quota int64) (Standing, error) {
	for {
		now := l.Now()
		admitted, wait, err := l.quotas.take(credentialID, quota, now)
		switch {
		case err != nil:
			return Standing{}, err
		case admitted:
			return Standing{}, nil
		case wait == nil:
			return usedUp(quota, now)
		}
		select {
		case <-wait.done:
			if wait.err != nil {
				return Standing{}, host.Caused(host.CodeUnavailable, wait.err, "The credential's quota cannot be checked now")
			}
		case <-ctx.Done():
			return Standing{}, host.Caused(host.CodeUnavailable, ctx.Err(), "The credential's quota cannot be checked now")
		}
	}
}

func usedUp(quota int64, now time.Time) (Standing, error) {
	end := monthStart(monthOf(now) + 1)
	s := Standing{Limit: quota, Window: "month", Reset: end.Unix(), RetryAfter: seconds(int64(end.Sub(now)))}
	return s, s.refuse("Too many requests: the credential's quota of %d per month is used up", quota)
}

// monthOf numbers the calendar months (UTC), which is faster than their names.
func monthOf(t time.Time) int {
	year, month, _ := t.UTC().Date()
	return 12*year + int(month) - 1
}

// monthStart is the first instant of a month.
func monthStart(month int) time.Time {
	return time.Date(month/12, time.Month(month%12+1), 1, 0, 0, 0, 0, time.UTC)
}

// take takes one request from what is leased. If nothing is, it returns the
// fetch to wait for, or nil if the quota is used up.
func (q *quotas) take(id string, quota int64, now time.Time) (admitted bool, wait *fetch, err error) {
	one := q.locked(id)
	defer one.mu.Unlock()
	if one.fetch != nil {
		return false, one.fetch, nil
	}
	if one.quota == quota && one.month == monthOf(now) {
		if one.left > 0 {
			one.left--
			return true, nil, nil
		}
		if now.Before(one.dry) {
			return false, nil, nil
		}
	}
	wait, err = q.renew(one, quota, now)
	return false, wait, err
}

// locked finds or makes the lease of a credential and locks it.
func (q *quotas) locked(id string) *lease {
	for {
		q.mu.RLock()
		one := q.leases[id]
		q.mu.RUnlock()
		if one == nil {
			one = q.add(id)
		}
		one.mu.Lock()
		if !one.gone {
			return one
		}
		one.mu.Unlock()
	}
}

func (q *quotas) add(id string) *lease {
	q.mu.Lock()
	defer q.mu.Unlock()
	if one := q.leases[id]; one != nil {
		return one
	}
	one := &lease{id: id}
	q.leases[id] = one
	return one
}

// renew begins a fetch. What is left of a lease from a quota that was changed
// since goes back first. It needs the lock of the lease. Errors:
// CodeUnavailable after close.
func (q *quotas) renew(one *lease, quota int64, now time.Time) (*fetch, error) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return nil, host.Errorf(host.CodeUnavailable, "The host is shutting down")
	}
	f := &fetch{done: make(chan struct{})}
	one.fetch = f
	if one.month != monthOf(now) {
		one.left = 0 // of a month that is over
	}
	q.fetches.Go(func() {
		f.err = q.exchange(one, quota, now)
		close(f.done)
	})
	return f, nil
}

// exchange is the work of a fetch. While it runs nobody else changes the lease.
func (q *quotas) exchange(one *lease, quota int64, now time.Time) error {
	month, rest, taken := host.Month(now), one.left, int64(0)
	err := callStore(func(ctx context.Context) (err error) {
		if rest > 0 {
			if err := q.store.ReturnQuota(ctx, one.id, month, rest); err != nil {
				return err
			}
			rest = 0
		}
		taken, err = q.store.TakeQuota(ctx, one.id, month, quota, min(max(quota/leaseParts, 1), maxLease))
		return err
	})
	one.mu.Lock()
	defer one.mu.Unlock()
	one.fetch, one.left = nil, rest+taken
	if err == nil {
		one.quota, one.month, one.dry = quota, monthOf(now), time.Time{}
		if taken == 0 {
			one.dry = q.now().Add(dryTime)
		}
	}
	return err
}

// sweep forgets leases that hold nothing. One that is locked is in use.
func (q *quotas) sweep(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, one := range q.leases {
		if !one.mu.TryLock() {
			continue
		}
		holds := one.left > 0 && one.month == monthOf(now)
		if !holds && one.fetch == nil && !now.Before(one.dry) {
			one.gone = true
			delete(q.leases, id)
		}
		one.mu.Unlock()
	}
}

// close gives back what is left of all leases, and returns how many requests
// it could not give back.
func (q *quotas) close() (lost int64) {
	q.mu.Lock()
	q.closed = true
	leases := slices.Collect(maps.Values(q.leases))
	q.mu.Unlock()
	q.fetches.Wait()
	var failure error
	for _, one := range leases {
		one.mu.Lock()
		left, month := one.left, host.Month(monthStart(one.month))
		one.left = 0
		one.mu.Unlock()
		if left == 0 {
			continue
		}
		if failure == nil { // a store that is away is not waited for again
			failure = callStore(func(ctx context.Context) error { return q.store.ReturnQuota(ctx, one.id, month, left) })
		}
		if failure != nil {
			lost += left
		}
	}
	return lost
}
