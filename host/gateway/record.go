package gateway

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/posternhq/postern/host"
)

// Bounds of the recorder. In each pause recordSample successes are taken, and
// no more: writing down every one would cost more than serving it. Failures are
// taken as long as the queue has room.
const (
	recordQueue  = 8192
	recordBatch  = 500
	recordPause  = 100 * time.Millisecond
	recordSample = 50
)

// Recorder writes invocations to their store, off the path of requests: all
// failures, and up to 500 successes a second. It never makes a request wait:
// failures that do not fit are dropped and counted.
type Recorder struct {
	store   host.InvocationStore
	log     *slog.Logger
	queue   chan host.Invocation
	flushes chan chan struct{}
	stop    chan struct{}
	stopped chan struct{}
	taken   atomic.Int64 // successes in this pause
	dropped atomic.Int64
}

// NewRecorder starts a recorder; Close ends it.
func NewRecorder(store host.InvocationStore, log *slog.Logger) *Recorder {
	r := &Recorder{
		store: store, log: log,
		queue: make(chan host.Invocation, recordQueue), flushes: make(chan chan struct{}), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go r.run()
	return r
}

func (r *Recorder) record(i *host.Invocation) {
	if i.Code == "" && r.taken.Add(1) > recordSample {
		return
	}
	select {
	case r.queue <- *i:
	default:
		r.dropped.Add(1)
	}
}

// Close writes what is queued and stops. What a request that was cut off
// records after it is lost.
func (r *Recorder) Close() {
	close(r.stop)
	<-r.stopped
}

// run gathers records into batches.
func (r *Recorder) run() {
	defer close(r.stopped)
	ticker := time.NewTicker(recordPause)
	defer ticker.Stop()
	var batch []host.Invocation
	for {
		select {
		case <-r.stop:
			r.write(r.drain(batch))
			return
		case i := <-r.queue:
			if batch = append(batch, i); len(batch) >= recordBatch {
				batch = r.write(batch)
			}
		case done := <-r.flushes:
			batch = r.write(r.drain(batch))
			close(done)
		case <-ticker.C:
			r.taken.Store(0)
			batch = r.write(batch)
			if n := r.dropped.Swap(0); n > 0 {
				r.log.Warn("failures not recorded: there are more than can be written", "count", n)
			}
		}
	}
}

// drain adds what is queued to a batch.
func (r *Recorder) drain(batch []host.Invocation) []host.Invocation {
	for range len(r.queue) {
		batch = append(batch, <-r.queue)
	}
	return batch
}

// write stores a batch and returns an empty one. A store that fails costs
// records, never requests.
func (r *Recorder) write(batch []host.Invocation) []host.Invocation {
	if len(batch) == 0 {
		return batch
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.store.AddInvocations(ctx, batch); err != nil {
		r.log.Error("invocations not recorded", "count", len(batch), "error", err)
	}
	return batch[:0]
}

// flush waits until what was recorded before it is stored, so that a reader
// finds the request that was just answered.
func (r *Recorder) flush(ctx context.Context) {
	done := make(chan struct{})
	select {
	case r.flushes <- done:
	case <-r.stopped:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// AddInvocations implements host.InvocationStore.
func (r *Recorder) AddInvocations(ctx context.Context, records []host.Invocation) error {
	return r.store.AddInvocations(ctx, records)
}

// Invocations implements host.InvocationStore.
func (r *Recorder) Invocations(ctx context.Context, appID string, filter host.InvocationFilter, page host.Page) ([]*host.Invocation, int, error) {
	r.flush(ctx)
	return r.store.Invocations(ctx, appID, filter, page)
}

// Invocation implements host.InvocationStore.
func (r *Recorder) Invocation(ctx context.Context, appID, requestID string) (*host.Invocation, error) {
	r.flush(ctx)
	return r.store.Invocation(ctx, appID, requestID)
}
