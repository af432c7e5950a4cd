package engine

import (
	"context"
	"errors"
	"time"

	"github.com/posternhq/postern/host"
)

// errRepeats is why no snapshot of a guest is taken.
var errRepeats = errors.New("the module would repeat its random numbers")

// isolation is how a call runs, after what the module allows.
func (c *code) isolation(call *Call) string {
	switch {
	case isStart(call.Function):
		return host.IsolationFresh // a guest starts once
	case call.Isolation != host.IsolationReset:
		return call.Isolation
	case c.added.Snapshot == "" || c.repeats.Load() && !call.RepeatRandom:
		return host.IsolationFresh
	}
	return host.IsolationReset
}

// runKept calls the function in an instance that others used before, or that
// others will.
func (e *Engine) runKept(ctx context.Context, code *code, c *Call) (result Result, err error) {
	k := keyOf(c)
	in := e.pool.take(k)
	if in == nil {
		in, err = e.make(ctx, code, k, c)
		if errors.Is(err, errRepeats) {
			code.repeats.Store(true)
			return e.runFresh(ctx, code, c)
		}
		if err != nil {
			if ctx.Err() != nil {
				// The caller's time was too short for the start. Others will
				// profit from one that has time of its own.
				e.replace(code, k, c)
			}
			return result, err
		}
	}
	whole := false
	defer func() { // also when the caller's own function panics
		if whole && in.renew() {
			e.pool.put(in)
			return
		}
		e.discard(in)
		e.replace(code, k, c)
	}()
	whole, result, err = e.serve(ctx, in, c)
	return result, err
}

// Warm prepares for the calls of an endpoint: afterwards its module is compiled
// and, if it can be reset, one instance is ready. Of c it takes what says which
// module, for whom and with which limits. Errors: CodeInvalid with the reason
// if the module does not start; those of Load as from Call.
func (e *Engine) Warm(ctx context.Context, c Call) (err error) {
	defer host.Wrap(&err, "engine.Warm(%q)", c.Digest)
	defer e.rescue(&err)
	if err := e.begin(); err != nil {
		return err
	}
	defer e.end()
	c.setDefaults()
	code, err := e.library.prepare(ctx, c.Digest, c.Load)
	if err != nil {
		return err
	}
	defer e.library.release(code)
	c.code = code
	code.upload.narrow(&c)
	if code.isolation(&c) != host.IsolationReset || code.pages > c.MemoryPages {
		return nil
	}
	k := keyOf(&c)
	if e.pool.ready(k) {
		return nil // the module starts; another endpoint has shown it
	}
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	in, err := e.make(limited, code, k, &c)
	var failure *Failure
	switch {
	case errors.Is(err, errRepeats):
		code.repeats.Store(true)
		return nil
	case err != nil && limited.Err() != nil:
		err = host.Caused(host.CodeInvalid, err, "The module did not start within %s", c.Timeout)
		return interrupted(ctx, err)
	case errors.As(err, &failure):
		return host.Caused(host.CodeInvalid, err, "The module does not start: %s", firstLine(failure))
	case err != nil:
		return err
	}
	e.pool.put(in)
	return nil
}

// make starts an instance that is to be kept. c says what the guest's start
// may take; it learns nothing of it. Errors as those of Call, and errRepeats.
func (e *Engine) make(ctx context.Context, code *code, k key, c *Call) (_ *instance, err error) {
	s := newState(k.pages)
	s.starting = true
	s.begin(ctx, &Call{Log: c.Log, outer: c.outer})
	defer s.end()
	newMemory := e.memory
	if k.isolation == host.IsolationReuse {
		newMemory = newHeapMemory
	}
	in, err := open(ctx, code, s, newMemory)
	if err != nil {
		return nil, e.explain(err, s)
	}
	in.key = k
	done := false
	defer func() {
		if !done {
			in.close()
		}
	}()
	if err := in.warmUp(ctx); err != nil {
		return nil, e.explain(err, s)
	}
	if k.isolation == host.IsolationReset {
		if !c.RepeatRandom && in.repeats() {
			return nil, errRepeats
		}
		if err := in.takeSnapshot(ctx); err != nil {
			return nil, err
		}
	}
	e.library.retain(code)
	done = true
	return in, nil
}

// serve makes one call. whole tells whether the instance may be used again,
// once it is reset.
func (e *Engine) serve(ctx context.Context, in *instance, c *Call) (whole bool, result Result, err error) {
	s := in.state
	s.begin(ctx, c)
	defer s.end()
	defer s.measure(&result, time.Now())
	if err := s.setInput(in.code.input(c)); err != nil {
		return true, result, failed(&Failure{ExitCode: 1, Text: err.Error()})
	}
	if in.snapshot.resumes {
		if err := in.start(ctx, resumeExport); err != nil {
			return false, result, e.explain(err, s)
		}
	}
	s.openData = c.Data
	exited, err := in.call(ctx, c.Function)
	if err != nil {
		return in.survives(err), result, e.explain(err, s)
	}
	result.Output, err = s.takeOutput(c.OutputBytes)
	return !exited, result, err
}

// survives tells whether the instance is whole after an error. An instance
// that goes on as it is must not go on after a trap.
func (in *instance) survives(err error) bool {
	var failure *Failure
	if errors.As(err, &failure) {
		return true
	}
	return isTrap(err) && in.key.isolation == host.IsolationReset
}

// renew makes the instance ready for another call, and tells whether it is.
func (in *instance) renew() bool {
	if in.module.IsClosed() || time.Since(in.born) > snapshotAge {
		return false
	}
	if in.key.isolation == host.IsolationReuse {
		// What the start left in the Extism memory is back. The guest may have
		// given its room to the linear memory meanwhile, which stays.
		return in.state.budget.fits()
	}
	return in.reset() == nil
}

// discard throws an instance away that was kept.
func (e *Engine) discard(in *instance) {
	in.close()
	e.library.release(in.code)
}

// replace makes another instance for the calls to come, off the path of those
// that are there. One at a time is made for a key. It fails in silence: the
// next call would, too, and say why.
func (e *Engine) replace(code *code, k key, c *Call) {
	if k.isolation != host.IsolationReset || !e.pool.replacing(k) {
		return
	}
	if e.begin() != nil {
		e.pool.replaced(k)
		return
	}
	e.library.retain(code)
	start := Call{Timeout: max(c.Timeout, host.DefaultTimeout), RepeatRandom: c.RepeatRandom, Log: func(string, string) {}}
	go func() {
		defer e.end()
		defer e.library.release(code)
		defer e.pool.replaced(k)
		ctx, cancel := context.WithTimeout(context.Background(), start.Timeout)
		defer cancel()
		var err error
		defer e.rescue(&err)
		in, err := e.make(ctx, code, k, &start)
		if err == nil {
			e.pool.put(in)
		}
	}()
}
