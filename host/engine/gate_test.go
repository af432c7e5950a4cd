package engine_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

func TestCall_Overloaded(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 1, Queue: 1})
	c := call(guest(t, "ok/log_levels"))
	running, finish := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.Log = func(string, string) { once.Do(func() { close(running); <-finish }) }
	results := make(chan error, 3)
	start := func(c engine.Call) { _, err := e.Call(context.Background(), c); results <- err }
	go start(c)
	<-running
	other := call(guest(t, "ok/nothing"))
	// Of two more calls one waits and one is turned away at once.
	go start(other)
	go start(other)
	if err := <-results; host.CodeOf(err) != host.CodeOverloaded {
		t.Errorf("got %v, want CodeOverloaded", err)
	}
	close(finish)
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("a call that had a place failed: %v", err)
		}
	}
}

// TestCall_WaitsWithinDeadline: waiting for an instance uses the deadline up.
func TestCall_WaitsWithinDeadline(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 1, Queue: 1})
	c := call(guest(t, "ok/log_levels"))
	running, finish, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.Log = func(string, string) { once.Do(func() { close(running); <-finish }) }
	go func() { _, _ = e.Call(context.Background(), c); close(done) }()
	<-running
	other := call(guest(t, "ok/nothing"))
	other.Timeout = time.Millisecond
	if _, err := e.Call(t.Context(), other); host.CodeOf(err) != host.CodeOverloaded {
		t.Errorf("got %v, want CodeOverloaded", err)
	}
	close(finish)
	<-done
}

func TestClose_RefusesCalls(t *testing.T) {
	t.Parallel()
	e, err := engine.Open(t.Context(), engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := call(guest(t, "ok/log_levels"))
	running, finish, done := make(chan struct{}), make(chan struct{}), make(chan error)
	var once sync.Once
	c.Log = func(string, string) { once.Do(func() { close(running); <-finish }) }
	go func() { _, err := e.Call(context.Background(), c); done <- err }()
	<-running
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("with a call under way: got %v", err)
	}
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("after Close: got %v, want CodeUnavailable", err)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Errorf("the call under way: %v", err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCall_EndlessNeighbour: callers of an endless loop leave places for the
// endpoint beside it, in the same app and in another.
func TestCall_EndlessNeighbour(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 8, Queue: 16})
	endless := call(guest(t, "error/spin_forever"))
	endless.App, endless.Endpoint, endless.Timeout = "a", "endless", 500*time.Millisecond
	stop, full := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch _, err := e.Call(context.Background(), endless); host.CodeOf(err) {
				case host.CodeOverloaded:
					once.Do(func() { close(full) })
				case host.CodeModuleTimeout:
				default:
					t.Errorf("endless: got %v", err)
				}
			}
		})
	}
	<-full // they have all that they may
	for _, app := range []string{"a", "b"} {
		c := call(guest(t, "ok/echo"))
		c.App, c.Endpoint, c.Input = app, "beside", []byte("hello")
		for range 20 {
			if got, err := output(t, e, c); err != nil || string(got) != "hello" {
				t.Errorf("beside, app %s: got %q, %v", app, got, err)
			}
		}
	}
	close(stop)
	callers.Wait()
}

// TestCall_Shares: an endpoint has half of the places and an app three quarters,
// however many ask for more; who is beside gets one at once.
func TestCall_Shares(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		greedy        []string // endpoints of app a that take all that they may
		app, endpoint string   // beside them
	}{
		"Endpoint": {[]string{"one"}, "a", "beside"},
		"App":      {[]string{"one", "two"}, "b", "one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, engine.Config{Concurrency: 8, Queue: 16})
			finish := make(chan struct{})
			var callers sync.WaitGroup
			for _, endpoint := range tt.greedy {
				refused := make(chan struct{}, 32)
				c := call(guest(t, "ok/log_levels"))
				c.App, c.Endpoint, c.Timeout = "a", endpoint, time.Hour
				c.Log = func(string, string) { <-finish }
				for range cap(refused) {
					callers.Go(func() {
						if _, err := e.Call(context.Background(), c); host.CodeOf(err) == host.CodeOverloaded {
							refused <- struct{}{}
						}
					})
				}
				<-refused // it runs and waits as often as it may, and does not end
			}
			c := call(guest(t, "ok/echo"))
			c.App, c.Endpoint, c.Input = tt.app, tt.endpoint, []byte("hello")
			if got, err := output(t, e, c); err != nil || string(got) != "hello" {
				t.Errorf("beside: got %q, %v", got, err)
			}
			close(finish)
			callers.Wait()
		})
	}
}

// TestCall_CollectorBesideEndless: the collector stops the world, which a
// guest that never comes to Go would prevent for ever.
func TestCall_CollectorBesideEndless(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 8})
	var callers sync.WaitGroup
	for i, name := range []string{"error/spin_forever", "error/spin_forever", "error/recurse_tree", "error/recurse_tree"} {
		c := call(guest(t, name))
		c.Endpoint, c.Timeout = string(rune('a'+i)), time.Second
		if i == 0 {
			c.Isolation = host.IsolationFresh
		}
		callers.Go(func() {
			if _, err := e.Call(context.Background(), c); host.CodeOf(err) != host.CodeModuleTimeout {
				t.Errorf("%s: got %v", name, err)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		for range 5 {
			runtime.GC()
		}
		close(done)
	}()
	callers.Wait()
	<-done
}
