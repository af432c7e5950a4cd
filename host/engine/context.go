package engine

import (
	"context"
	"sync"
	"time"
)

// callContext is the context of a call and of its host functions: it ends with
// the caller's or at a deadline, whichever is first. There is a timer for the
// deadline only once somebody waits for it. Most calls end before anybody does,
// and a timer for each would take them longer than the rest of the engine.
type callContext struct {
	context.Context // the caller's
	end             time.Time
	// state is that of the call; nil before it begins. See Nest.
	state *state

	mu      sync.Mutex
	stopped bool
	timed   context.Context // the same with a timer; nil before the first Done
	cancel  context.CancelFunc
}

// underWay is the key of the state of the innermost call of a context.
type underWay struct{}

// newCallContext makes a context that must be stopped when the call is over.
func newCallContext(ctx context.Context, timeout time.Duration) *callContext {
	c := &callContext{Context: ctx, end: time.Now().Add(timeout)}
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(c.end) {
		c.end = earlier
	}
	return c
}

// Deadline implements context.Context.
func (c *callContext) Deadline() (time.Time, bool) { return c.end, true }

// Err implements context.Context. It needs no timer, nor waits for one that is
// late because guests have every core.
func (c *callContext) Err() error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(c.end) {
		return context.DeadlineExceeded
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return context.Canceled
	}
	return nil
}

// Done implements context.Context. After stop the channel is closed: what asks
// so late has nothing to wait for.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.cancel = context.WithDeadline(c.Context, c.end)
		if c.stopped {
			c.cancel()
		}
	}
	return c.timed.Done()
}

// Value implements context.Context. Package context finds by it that the timer's
// context is its own, so that a context made of this one takes no goroutine.
func (c *callContext) Value(key any) any {
	if key == (underWay{}) {
		return c.state
	}
	c.mu.Lock()
	timed := c.timed
	c.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return c.Context.Value(key)
}

// stop gives back the timer, if there is one.
func (c *callContext) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.cancel != nil {
		c.cancel()
	}
}
