package store

import (
	"context"
	"slices"
	"sync"

	"github.com/posternhq/postern/host"
)

// turns admits so many users of a pool at a time, the apps in turn: however much
// an app has waiting, another waits for one of its transactions or queries, not
// for all. (A pool by itself lets those who wait in by chance, so that the app
// with the most requests gets nearly everything.)
type turns struct {
	mu    sync.Mutex
	free  int
	lines []*line // of the apps for which somebody waits, in the order of their turns
}

// line is who waits for an app, in the order of their coming.
type line struct {
	appID   string
	waiting []chan struct{}
}

// newTurns leaves a quarter of the connections to all that is no record.
func newTurns(connections int) *turns { return &turns{free: connections - connections/4} }

// take waits for a turn of an app. Unless it fails, give must follow. Errors:
// CodeUnavailable when ctx ends first.
func (t *turns) take(ctx context.Context, appID string) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	t.enqueue(appID, turn)
	t.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.dequeue(appID, turn) { // it came at the same time
		t.next()
	}
	return host.Caused(host.CodeUnavailable, ctx.Err(), "Others keep the database busy; try again")
}

// give ends a turn.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// next begins the turn of who is next. It needs the lock, as all below.
func (t *turns) next() {
	if len(t.lines) == 0 {
		t.free++
		return
	}
	first := t.lines[0]
	t.lines = t.lines[1:]
	close(first.waiting[0])
	if first.waiting = first.waiting[1:]; len(first.waiting) > 0 {
		t.lines = append(t.lines, first) // behind the other apps
	}
}

func (t *turns) line(appID string) int {
	return slices.IndexFunc(t.lines, func(l *line) bool { return l.appID == appID })
}

func (t *turns) enqueue(appID string, turn chan struct{}) {
	at := t.line(appID)
	if at < 0 {
		at = len(t.lines)
		t.lines = append(t.lines, &line{appID: appID})
	}
	t.lines[at].waiting = append(t.lines[at].waiting, turn)
}

// dequeue takes a turn back that has not come. It reports false for one that has.
func (t *turns) dequeue(appID string, turn chan struct{}) bool {
	at := t.line(appID)
	if at < 0 {
		return false
	}
	l := t.lines[at]
	i := slices.Index(l.waiting, turn)
	if i < 0 {
		return false
	}
	if l.waiting = slices.Delete(l.waiting, i, i+1); len(l.waiting) == 0 {
		t.lines = slices.Delete(t.lines, at, at+1)
	}
	return true
}
