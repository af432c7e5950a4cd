package engine_test

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// BenchmarkCollectorBesideEndless measures a garbage collection while sixteen
// guests never end, four of each kind. It waits until all of them are at a safe
// point, twice. Beside the mean it reports the longest one.
func BenchmarkCollectorBesideEndless(b *testing.B) {
	const each = 4
	kinds := []string{"error/spin_forever", "error/recurse_tree", "error/recurse_by_tail_calls", "error/fill_forever"}
	e := open(b, engine.Config{Concurrency: 8 * each * len(kinds)})
	ctx, stop := context.WithCancel(b.Context())
	var callers sync.WaitGroup
	for i := range each * len(kinds) {
		c := call(guest(b, kinds[i%len(kinds)]))
		c.App, c.Timeout = strconv.Itoa(i), time.Hour
		if err := e.Warm(ctx, c); err != nil {
			b.Fatal(err)
		}
		callers.Go(func() {
			if _, err := e.Call(ctx, c); host.CodeOf(err) != host.CodeUnavailable {
				b.Errorf("an endless guest ended with %v", err)
			}
		})
	}
	var longest time.Duration
	for b.Loop() {
		began := time.Now()
		runtime.GC()
		longest = max(longest, time.Since(began))
	}
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
	stop()
	callers.Wait()
}
