package engine

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestCallContext: it ends at its deadline or with its parent, whether or not
// anybody waited, and tells so by Done and by Err alike.
func TestCallContext(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	sooner, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer stop()
	for _, test := range []struct {
		name    string
		parent  context.Context
		timeout time.Duration
		want    error
	}{
		{"past", t.Context(), -time.Hour, context.DeadlineExceeded},
		{"soon", t.Context(), time.Millisecond, context.DeadlineExceeded},
		{"parent cancelled", cancelled, time.Hour, context.Canceled},
		{"parent's deadline", sooner, time.Hour, context.DeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCallContext(test.parent, test.timeout)
			defer c.stop()
			<-c.Done()
			if err := c.Err(); !errors.Is(err, test.want) {
				t.Errorf("Err: %v, want %v", err, test.want)
			}
			if end, ok := c.Deadline(); !ok || test.want == context.DeadlineExceeded && end.After(time.Now()) {
				t.Errorf("Deadline: %v, %t", end, ok)
			}
		})
	}
}

// TestCallContext_Stopped: a context of which nothing is left wakes whoever
// asks it too late, such as a goroutine that was started for the call.
func TestCallContext_Stopped(t *testing.T) {
	t.Parallel()
	waited, late := newCallContext(t.Context(), time.Hour), newCallContext(t.Context(), time.Hour)
	done := waited.Done()
	if err := waited.Err(); err != nil {
		t.Fatalf("before the end: %v", err)
	}
	waited.stop()
	late.stop()
	<-done
	<-late.Done()
	child, cancel := context.WithCancel(late)
	defer cancel()
	<-child.Done()
}
