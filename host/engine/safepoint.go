package engine

import (
	"runtime"
	"time"

	"github.com/posternhq/postern/host/instrument"
)

// growth is what wazero knows as the memory of a guest. A guest whose budget
// of instructions is used up asks it for more than any guest may have: that is
// its way to Go, where the scheduler, the collector and its own deadline get
// their turn (see package instrument).
type growth struct {
	memory
	state *state
	made  bool // the memory is there, so that it is the guest who asks
}

// Reallocate grows the memory, or lets the guest rest. Growing may mean to copy
// all of it, which a guest can ask for thousands of times in a row.
func (g *growth) Reallocate(size uint64) []byte {
	if size == instrument.YieldBytes {
		g.state.leave()
		return nil
	}
	if g.made {
		g.state.checkDeadline()
	}
	g.made = true
	return g.memory.Reallocate(size)
}

// leave is called on the guest's goroutine, some ten thousand times a second.
// Past the deadline it ends the guest.
func (s *state) leave() {
	began := time.Now()
	runtime.Gosched()
	s.slept += time.Since(began)
	s.checkDeadline()
}

// checkDeadline ends the guest if its time is up. Between calls, when memory is
// restored, there is no deadline.
func (s *state) checkDeadline() {
	if s.over != nil && s.over.Err() != nil {
		refuse("the deadline has passed")
	}
}
