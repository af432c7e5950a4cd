package engine_test

import (
	"context"
	"errors"
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
