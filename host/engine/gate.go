package engine

import (
	"container/list"
	"context"
	"sync"

	"github.com/posternhq/postern/host"
)

// gate lets a bounded number of calls run, and a bounded number wait, first
// come first served. No endpoint has more than half of the places, and no app
// more than three quarters, so that there are always some for the others.
type gate struct {
	mu   sync.Mutex
	all  usage
	apps map[string]*usage
	ends map[endpoint]*usage
	line *list.List // of *waiter
}

// keptShares is how many shares of apps, and of endpoints, are kept although
// nobody may use them.
const keptShares = 1024

// endpoint names an endpoint of an app.
type endpoint struct{ app, name string }

// usage is how many calls run and wait, and how many may.
type usage struct {
	running, slots int
	waiting, queue int
}

// waiter is a call in line; admitted is closed when it may run.
type waiter struct {
	shares   [3]*usage
	admitted chan struct{}
}

func newGate(slots, queue int) *gate {
	return &gate{
		all:  usage{slots: slots, queue: queue},
		apps: map[string]*usage{}, ends: map[endpoint]*usage{},
		line: list.New(),
	}
}

// ticket is a place among those that run.
type ticket struct {
	gate     *gate
	endpoint endpoint
	shares   [3]*usage
}

// enter waits for a place, at most until ctx is done. Errors: CodeOverloaded.
// A deadline that passes here is the host's fault, not the module's.
func (g *gate) enter(ctx context.Context, e endpoint) (ticket, error) {
	t := ticket{gate: g, endpoint: e}
	g.mu.Lock()
	t.shares = g.shares(e)
	if mayRun(t.shares) {
		run(t.shares, +1)
		g.mu.Unlock()
		return t, nil
	}
	if !mayWait(t.shares) {
		g.forget(t)
		g.mu.Unlock()
		return ticket{}, host.Errorf(host.CodeOverloaded, "The host is busy; try again")
	}
	w := &waiter{shares: t.shares, admitted: make(chan struct{})}
	place := g.line.PushBack(w)
	wait(t.shares, +1)
	g.mu.Unlock()
	select {
	case <-w.admitted:
		return t, nil
	case <-ctx.Done():
		return ticket{}, g.giveUp(t, place, ctx.Err())
	}
}

// giveUp takes a call out of the line, or out of the place it just got.
func (g *gate) giveUp(t ticket, place *list.Element, cause error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-place.Value.(*waiter).admitted:
		g.release(t)
	default:
		g.line.Remove(place)
		wait(t.shares, -1)
		g.forget(t)
	}
	return host.Caused(host.CodeOverloaded, cause, "The host is busy; try again")
}

// leave gives the place to the first in line that may have it.
func (t ticket) leave() {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	t.gate.release(t)
}

// release does the work of leave. The caller holds mu.
func (g *gate) release(t ticket) {
	run(t.shares, -1)
	g.forget(t)
	for place := g.line.Front(); place != nil && g.all.running < g.all.slots; {
		next, w := place.Next(), place.Value.(*waiter)
		if mayRun(w.shares) {
			g.line.Remove(place)
			wait(w.shares, -1)
			run(w.shares, +1)
			close(w.admitted)
		}
		place = next
	}
}

// shares finds what a call counts towards. The caller holds mu.
func (g *gate) shares(e endpoint) [3]*usage {
	ofApp, ofEndpoint := g.apps[e.app], g.ends[e]
	if ofApp == nil {
		ofApp = g.share(3, 4)
		g.apps[e.app] = ofApp
	}
	if ofEndpoint == nil {
		ofEndpoint = g.share(1, 2)
		g.ends[e] = ofEndpoint
	}
	return [3]*usage{&g.all, ofApp, ofEndpoint}
}

// share makes a share of part of the whole.
func (g *gate) share(part, whole int) *usage {
	return &usage{slots: max(1, g.all.slots*part/whole), queue: max(1, g.all.queue*part/whole)}
}

// forget drops shares that nobody uses, unless there are few: the next call is
// likely to be for one of them. The caller holds mu.
func (g *gate) forget(t ticket) {
	if u := t.shares[1]; u.running+u.waiting == 0 && len(g.apps) > keptShares {
		delete(g.apps, t.endpoint.app)
	}
	if u := t.shares[2]; u.running+u.waiting == 0 && len(g.ends) > keptShares {
		delete(g.ends, t.endpoint)
	}
}

func mayRun(shares [3]*usage) bool {
	for _, u := range shares {
		if u.running >= u.slots {
			return false
		}
	}
	return true
}

func mayWait(shares [3]*usage) bool {
	for _, u := range shares {
		if u.waiting >= u.queue {
			return false
		}
	}
	return true
}

func run(shares [3]*usage, n int) {
	for _, u := range shares {
		u.running += n
	}
}

func wait(shares [3]*usage, n int) {
	for _, u := range shares {
		u.waiting += n
	}
}
