// Package limit decides how often: rate limits of credentials, endpoints and
// apps, monthly quotas, and how many wrong credentials an address may try. It
// also counts what credentials are used for, and notes when members call.
//
// It owns those numbers, in memory, and the batches and leases in which they
// reach the database. It must not know who a caller is, what an endpoint does
// or what an answer looks like on the wire: it is asked, and says yes, or no
// and when to come back.
//
// Rate limits and failed attempts are counted on each host by itself, so N
// hosts admit up to N times as much. Quotas are counted in the database.
package limit

import (
	"context"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
)

const (
	// period is how often usage is written and old entries are dropped.
	period = time.Second
	// patience bounds one call of the store.
	patience = 5 * time.Second
	// maxEntries bounds each of the tables in memory.
	maxEntries = 1 << 20
)

// Config is what a Limiter is made of.
type Config struct {
	Store host.UsageStore
	Log   *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Limiter counts. It is safe for concurrent use.
type Limiter struct {
	Config
	start    time.Time
	rates    *table[owner]
	attempts *table[netip.Prefix]
	quotas   quotas
	usage    *usage // of keys and tokens
	members  *usage

	stop    chan struct{}
	stopped sync.WaitGroup
	once    sync.Once // of Close
}

// New starts a limiter; Close ends it.
func New(c Config) *Limiter {
	if c.Now == nil {
		c.Now = time.Now
	}
	l := &Limiter{
		Config: c, start: c.Now(), stop: make(chan struct{}),
		rates:    newTable(maxEntries, func(seed maphash.Seed, o owner) uint64 { return maphash.String(seed, o.id) }),
		attempts: newTable(maxEntries, maphash.Comparable[netip.Prefix]),
		usage:    newUsage(c.Store.AddUsage, c.Log),
		members:  newUsage(c.Store.AddMemberUsage, c.Log),
		quotas:   quotas{store: c.Store, now: c.Now, leases: map[string]*lease{}},
	}
	l.stopped.Go(l.run)
	return l
}

// Close writes the usage that is counted and gives back what is left of the
// quotas' leases. Requests with a quota are refused from then on. A second call
// does nothing.
func (l *Limiter) Close() {
	l.once.Do(func() {
		close(l.stop)
		l.stopped.Wait()
		l.usage.flush()
		l.members.flush()
		if lost := l.quotas.close(); lost > 0 {
			l.Log.Error("requests leased from quotas could not be given back: they count as used", "count", lost)
		}
	})
}

// run keeps house.
func (l *Limiter) run() {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for turn := 0; ; turn++ {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.usage.flush()
			l.members.flush()
			now := l.Now()
			l.rates.sweep(turn%shards, l.elapsed(now))
			l.attempts.sweep(turn%shards, l.elapsed(now))
			if turn%shards == 0 {
				l.quotas.sweep(now)
			}
		}
	}
}

// elapsed is an instant on the clock of the tables.
func (l *Limiter) elapsed(now time.Time) int64 { return int64(now.Sub(l.start)) }

// callStore calls the store with a deadline of its own: what is counted
// belongs to nobody's request.
func callStore(call func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return call(ctx)
}
