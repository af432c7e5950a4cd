package engine

import (
	"context"
	"testing"
	"time"
)

// TestState_Measure: a guest does not run while it sleeps, and sleeps no
// longer than its call lasts.
func TestState_Measure(t *testing.T) {
	t.Parallel()
	over, end := context.WithCancel(t.Context())
	end()
	s := newState(1)
	s.over = over
	s.sleep(int64(time.Hour))
	if s.slept <= 0 {
		t.Errorf("slept %v", s.slept)
	}
	var r Result
	s.slept = time.Hour
	s.measure(&r, time.Now().Add(-2*time.Hour))
	if r.Run < time.Hour || r.Run >= 2*time.Hour {
		t.Errorf("ran %v of two hours, of which it slept one", r.Run)
	}
}
