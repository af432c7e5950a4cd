package limit_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/limit"
)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// memory is a usage store for tests.
type memory struct {
	mu     sync.Mutex
	taken  map[string]int64 // by credential and month
	used   map[string]host.Used
	called map[string]host.Time // by member
	asked  int                  // calls of TakeQuota
	failed error                // what every call returns; nil for success
	hang   chan struct{}        // if not nil, calls of TakeQuota wait for it
}

func newMemory() *memory {
	return &memory{taken: map[string]int64{}, used: map[string]host.Used{}, called: map[string]host.Time{}}
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = err
}

func (m *memory) AddUsage(_ context.Context, used []host.Used) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed != nil {
		return m.failed
	}
	for _, u := range used {
		known := m.used[u.CredentialID]
		m.used[u.CredentialID] = host.Used{CredentialID: u.CredentialID, Count: known.Count + u.Count, LastUsedAt: u.LastUsedAt}
	}
	return nil
}

func (m *memory) AddMemberUsage(_ context.Context, used []host.Used) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed != nil {
		return m.failed
	}
	for _, u := range used {
		m.called[u.CredentialID] = u.LastUsedAt
	}
	return nil
}

func (m *memory) TakeQuota(_ context.Context, id, month string, quota, n int64) (int64, error) {
	if m.hang != nil {
		<-m.hang
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if m.failed != nil {
		return 0, m.failed
	}
	n = max(0, min(n, quota-m.taken[id+month]))
	m.taken[id+month] += n
	return n, nil
}

func (m *memory) ReturnQuota(_ context.Context, id, month string, n int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed != nil {
		return m.failed
	}
	if m.taken[id+month] -= n; m.taken[id+month] < 0 {
		return errors.New("more given back than taken")
	}
	return nil
}

func newLimiter(t testing.TB, store host.UsageStore, c *clock) *limit.Limiter {
	l := limit.New(limit.Config{Store: store, Log: slog.New(slog.DiscardHandler), Now: c.Now})
	t.Cleanup(l.Close)
	return l
}
