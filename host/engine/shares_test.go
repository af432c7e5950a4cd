package engine

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/posternhq/postern/host"
)

func TestGate_Shares(t *testing.T) {
	t.Parallel()
	g := newGate(8, 8)
	now, cancel := context.WithCancel(t.Context())
	cancel() // whoever would have to wait gives up at once
	var inside []ticket
	enter := func(app, name string, want int) {
		t.Helper()
		for n := 0; ; n++ {
			place, err := g.enter(now, endpoint{app, name})
			if err != nil {
				if n != want || host.CodeOf(err) != host.CodeOverloaded {
					t.Errorf("%d calls of %s in app %s run, want %d: %v", n, name, app, want, err)
				}
				return
			}
			inside = append(inside, place)
		}
	}
	enter("a", "endless", 4) // half
	enter("a", "other", 2)   // up to three quarters for the app
	enter("a", "third", 0)
	enter("b", "endless", 2) // what is left
	for _, place := range inside {
		place.leave()
	}
	for n := range 2 * keptShares {
		place, err := g.enter(now, endpoint{fmt.Sprint(n), "x"})
		if err != nil {
			t.Fatal(err)
		}
		place.leave()
	}
	if len(g.apps) > keptShares || len(g.ends) > keptShares || g.line.Len() > 0 || g.all.running > 0 || g.all.waiting > 0 {
		t.Errorf("nobody is there, but %d apps and %d endpoints are kept, and %+v", len(g.apps), len(g.ends), g.all)
	}
}

// TestGate_Line: a place goes to the first in line that may have it, and what
// one endpoint may wait for is bounded, too.
func TestGate_Line(t *testing.T) {
	t.Parallel()
	g := newGate(2, 4) // one place for each endpoint
	a, err := g.enter(t.Context(), endpoint{"a", "x"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := g.enter(t.Context(), endpoint{"b", "x"})
	if err != nil {
		t.Fatal(err)
	}
	line := make(chan string)
	wait := func(app string, waiting int) {
		go func() {
			place, err := g.enter(context.Background(), endpoint{app, "x"})
			if err != nil {
				t.Error(err)
				return
			}
			line <- app
			place.leave()
		}()
		for { // until it stands in line
			g.mu.Lock()
			n := g.all.waiting
			g.mu.Unlock()
			if n == waiting {
				return
			}
			runtime.Gosched()
		}
	}
	wait("a", 1)
	wait("a", 2)
	if _, err := g.enter(t.Context(), endpoint{"a", "x"}); host.CodeOf(err) != host.CodeOverloaded {
		t.Errorf("a third call of an endpoint waits: %v", err)
	}
	wait("c", 3)
	b.leave() // app a has what it may have
	if app := <-line; app != "c" {
		t.Errorf("app %s was let in, want c", app)
	}
	a.leave()
	<-line
	<-line
}
