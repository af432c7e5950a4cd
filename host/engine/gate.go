package engine

import (
	"context"
	"sync/atomic"

	"github.com/posternhq/postern/host"
)

// gate lets a bounded number of instances run, and a bounded number of calls
// wait, first come first served.
type gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
}

func newGate(slots, queue int) *gate {
	return &gate{slots: make(chan struct{}, slots), queue: int64(queue)}
}

// enter waits for a slot, at most until ctx is done. Errors: CodeOverloaded.
// A deadline that passes here is the host's fault, not the module's.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return host.Errorf(host.CodeOverloaded, "The host is busy; try again")
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return host.Caused(host.CodeOverloaded, ctx.Err(), "The host is busy; try again")
	}
}

func (g *gate) leave() { <-g.slots }
