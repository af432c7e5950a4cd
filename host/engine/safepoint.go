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
	leave func()
}

// Reallocate grows the memory, or lets the guest rest.
func (g growth) Reallocate(size uint64) []byte {
	if size == instrument.YieldBytes {
		g.leave()
		return nil
	}
	return g.memory.Reallocate(size)
}

// leave is called on the guest's goroutine, some thousand times a second. Past
// the deadline it ends the guest, in a start function too, where the global
// that would stop it is out of reach.
func (in *instance) leave() {
	began := time.Now()
	runtime.Gosched()
	in.state.slept += time.Since(began)
	if in.state.over.Err() != nil {
		refuse("the deadline has passed")
	}
}
