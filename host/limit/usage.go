package limit

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/posternhq/postern/host"
)

// usageBatch is how many credentials are written in one transaction.
const usageBatch = 1000

// usage counts what credentials are used for until the counts are written.
type usage struct {
	write   func(ctx context.Context, used []host.Used) error
	log     *slog.Logger
	seed    maphash.Seed
	parts   [shards]usageShard
	dropped atomic.Int64
	failing bool // of the one goroutine that flushes
}

type usageShard struct {
	mu     sync.Mutex
	counts map[string]count
	_      [48]byte // keeps neighbours off a core's cache line
}

type count struct {
	n    int64
	last int64 // milliseconds
}

func newUsage(write func(context.Context, []host.Used) error, log *slog.Logger) *usage {
	u := &usage{write: write, log: log, seed: maphash.MakeSeed()}
	for i := range u.parts {
		u.parts[i].counts = map[string]count{}
	}
	return u
}

// Used counts a request that a key or token was admitted to. It is written
// within about a second.
func (l *Limiter) Used(credentialID string) {
	l.usage.add(credentialID, count{1, l.Now().UnixMilli()})
}

// Managed notes a management call of a member. It is written like the use of a
// key.
func (l *Limiter) Managed(memberID string) {
	l.members.add(memberID, count{1, l.Now().UnixMilli()})
}

// add counts. Beyond maxEntries credentials that wait to be written it drops
// those of further ones.
func (u *usage) add(id string, c count) {
	part := &u.parts[maphash.String(u.seed, id)%shards]
	part.mu.Lock()
	defer part.mu.Unlock()
	known, ok := part.counts[id]
	if !ok && len(part.counts) >= maxEntries/shards {
		u.dropped.Add(c.n)
		return
	}
	part.counts[id] = count{known.n + c.n, max(known.last, c.last)}
}

// flush writes what is counted. What cannot be written stays for the next
// time.
func (u *usage) flush() {
	used := u.collect()
	var err error
	for len(used) > 0 && err == nil {
		batch := used[:min(len(used), usageBatch)]
		if err = callStore(func(ctx context.Context) error { return u.write(ctx, batch) }); err == nil {
			used = used[len(batch):]
		}
	}
	for _, one := range used {
		u.add(one.CredentialID, count{one.Count, one.LastUsedAt.Millis()})
	}
	if (err != nil) != u.failing {
		u.failing = err != nil
		u.log.Warn("writing the usage of credentials", "failing", u.failing, "error", err)
	}
	if n := u.dropped.Swap(0); n > 0 {
		u.log.Warn("uses of credentials not counted: too many wait to be written", "count", n)
	}
}

// collect takes what is counted.
func (u *usage) collect() []host.Used {
	var used []host.Used
	for i := range u.parts {
		part := &u.parts[i]
		part.mu.Lock()
		counts := part.counts
		if len(counts) == 0 {
			part.mu.Unlock()
			continue
		}
		part.counts = make(map[string]count, len(counts))
		part.mu.Unlock()
		for id, c := range counts {
			used = append(used, host.Used{CredentialID: id, Count: c.n, LastUsedAt: host.FromMillis(c.last)})
		}
	}
	return used
}
