package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
)

// Compile sees to it that the first call of a module need not wait for the
// compiler. Errors: those of Call before the guest runs.
func (e *Engine) Compile(ctx context.Context, digest string, load func(context.Context) ([]byte, error)) (err error) {
	defer host.Wrap(&err, "engine.Compile(%q)", digest)
	defer e.rescue(&err)
	if err := e.begin(); err != nil {
		return err
	}
	defer e.end()
	code, err := e.library.prepare(ctx, digest, load)
	if err == nil {
		e.library.release(code)
	}
	return err
}

// IsCompiled reports whether a module's code is at hand: in memory, or on disk,
// from where it is loaded in a fraction of the time.
func (e *Engine) IsCompiled(digest string) bool {
	return e.library.has(digest) || e.library.disk.has(digest)
}

// Prepare makes ready for calls to come, as Warm does, when a host starts: for
// at most that many, those of the modules that were called most recently first,
// and only as long as there is ample room, because what is prepared may never be
// called. When there are many idle instances, it goes on with compiled code
// alone. It leaves a core to those who serve. What fails is logged.
func (e *Engine) Prepare(ctx context.Context, calls []Call, most int) {
	work := make(chan Call)
	var wait sync.WaitGroup
	for range spareCores() {
		wait.Go(func() {
			for c := range work {
				if err := e.prepare(ctx, c); err != nil && ctx.Err() == nil {
					e.log.ErrorContext(ctx, "preparing a module", "digest", c.Digest, "error", err)
				}
			}
		})
	}
	calls = e.inOrder(calls)
	for _, c := range calls[:min(most, len(calls))] {
		if ctx.Err() != nil || e.library.nearlyFull() {
			break
		}
		work <- c
	}
	close(work)
	wait.Wait()
}

func (e *Engine) prepare(ctx context.Context, c Call) error {
	if e.pool.nearlyFull() {
		return e.Compile(ctx, c.Digest, c.Load)
	}
	return e.Warm(ctx, c)
}

// inOrder puts the calls of the modules used last in front, and leaves out
// those for which the same instance serves.
func (e *Engine) inOrder(calls []Call) []Call {
	used := map[string]time.Time{}
	seen := map[key]bool{}
	var out []Call
	for _, c := range calls {
		c.setDefaults()
		if seen[keyOf(&c)] {
			continue
		}
		seen[keyOf(&c)] = true
		if _, ok := used[c.Digest]; !ok {
			used[c.Digest] = e.library.disk.used(c.Digest)
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Call) int { return used[b.Digest].Compare(used[a.Digest]) })
	return out
}

// Tidy notes which modules were called, and removes compiled code from the disk
// that was not among needed, the digests of modules that releases need, for a
// week, or that takes more than a gigabyte. Call it from time to time.
func (e *Engine) Tidy(needed []string) (err error) {
	defer host.Wrap(&err, "engine.Tidy")
	e.library.noteUse()
	return e.library.disk.prune(needed, time.Now())
}
