package engine

import (
	"context"
	"errors"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// maxPages bounds the linear memory of any guest, whatever its endpoint says.
const maxPages = host.MaxMemoryMB * host.PagesPerMB

// Call is one invocation of a module's function. Zero limits mean the
// defaults of package host.
type Call struct {
	// App owns the endpoint. No instance is shared between two of them.
	// Endpoint names one within its app: both have a share of what may run.
	App, Endpoint string

	// Digest is the SHA-256 of the module's bytes in hexadecimal; Load fetches
	// them when no compiled code is at hand.
	Digest string
	Load   func(context.Context) ([]byte, error)

	Function string
	// Config is what config_get answers; a manifest's adds to it.
	Config map[string]string
	// Input may be changed by the guest, and Result.Output may be part of it. But
	// a module that imports data operations gets a copy, so that the call can be
	// made again.
	Input []byte
	// Data is asked once, for the first data operation of the function, what such
	// operations may do. nil is for nothing.
	Data func() *capability.Call

	// Isolation is one of host.IsolationReset (also ""), IsolationReuse and
	// IsolationFresh. A module that cannot be reset runs as fresh. So does one
	// that drew random bytes before its snapshot and has no function
	// postern_resume to draw others, or that says so itself (postern_warmup),
	// unless RepeatRandom is set: then every call starts from the same ones.
	Isolation    string
	RepeatRandom bool

	// Timeout covers waiting for an instance, initialisation and the function,
	// but neither loading nor compiling.
	Timeout time.Duration
	// MemoryPages bounds linear memory, Extism blocks (the input is one) and
	// variables together, in pages of 64 KiB.
	MemoryPages uint32
	OutputBytes int64

	// Log receives what the guest logs, as it does so, on the calling
	// goroutine. level is one of host.LogTrace … host.LogError. It may be nil.
	Log func(level, text string)

	code  *code  // of the module, once it is there
	pages uint32 // MemoryPages, before a manifest narrowed them
	outer *state // of the call that this one is part of; nil for none
}

func (c *Call) setDefaults() {
	if c.Timeout <= 0 {
		c.Timeout = host.DefaultTimeout
	}
	if c.MemoryPages == 0 {
		c.MemoryPages = host.DefaultMemoryMB * host.PagesPerMB
	}
	c.pages = c.MemoryPages
	if c.OutputBytes <= 0 {
		c.OutputBytes = host.DefaultResponseBytes
	}
	if c.Isolation == "" {
		c.Isolation = host.IsolationReset
	}
	if c.Log == nil {
		c.Log = func(string, string) {}
	}
	if c.Data == nil {
		c.Data = func() *capability.Call { return &capability.Call{} }
	}
}

// Result is what a call gave and took.
type Result struct {
	Output []byte // the caller may keep it; nil if the call failed
	// Run is how long the guest ran, from its start if it was started for this
	// call, on the clock: without the time in which it slept, waited for a data
	// operation or had given way to others, but with that in which the kernel did
	// so.
	Run time.Duration
	// PeakBytes is the most memory the call held of its MemoryPages.
	PeakBytes uint64
}

// Call runs the function and returns its output. Result is set as far as the
// guest got, even with an error.
//
// Errors: CodeModuleFailed if the guest trapped, exited or returned a code
// other than 0, or set an error: a *Failure is in the chain; CodeModuleTimeout
// past the deadline; CodeInvalidResponse for more output than OutputBytes;
// CodeOverloaded if no instance was free in time; CodeUnavailable if ctx was
// cancelled, the engine is closing, or Load says so; CodeInternal, also for any
// other error of Load.
func (e *Engine) Call(ctx context.Context, c Call) (result Result, err error) {
	defer func() {
		if err != nil {
			host.Wrap(&err, "engine.Call(%q)", c.Function)
		}
	}()
	defer e.rescue(&err)
	if err := e.begin(); err != nil {
		return Result{}, err
	}
	defer e.end()
	c.setDefaults()
	return e.call(ctx, &c)
}

// call does the work of Call.
func (e *Engine) call(ctx context.Context, c *Call) (Result, error) {
	code, err := e.library.acquire(ctx, c.Digest, c.Load)
	if host.CodeOf(err) == host.CodeInvalid {
		// It passed Check once, perhaps of another version of this host. The
		// client asked for nothing wrong.
		return Result{}, failed(&Failure{ExitCode: 1, Text: host.AsError(err).Message})
	}
	if err != nil {
		return Result{}, err
	}
	defer e.library.release(code)
	c.code = code
	code.upload.narrow(c)

	limited := newCallContext(ctx, c.Timeout)
	defer limited.stop()
	if c.outer == nil {
		place, err := e.gate.enter(limited, endpoint{c.App, c.Endpoint})
		if err != nil {
			return Result{}, interrupted(ctx, err)
		}
		defer place.leave()
	}

	result, err := e.run(limited, code, c)
	if err == nil || limited.Err() == nil || errors.Is(err, errOutput) {
		return result, err
	}
	// The guest ended because of the deadline, however that looked from
	// inside: a trap, an exit code, a failed write.
	timeout := host.Caused(host.CodeModuleTimeout, err, "The module did not answer within %s", c.Timeout)
	return result, interrupted(ctx, timeout)
}

// interrupted replaces err if the caller itself gave up.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return host.Caused(host.CodeUnavailable, ctx.Err(), "The request was cancelled")
}

// run finds an instance for the call, as its isolation wants it.
func (e *Engine) run(ctx context.Context, code *code, c *Call) (Result, error) {
	if code.pages > c.MemoryPages {
		return Result{}, failed(&Failure{ExitCode: 1, Text: "its initial memory is larger than the endpoint's memory limit"})
	}
	if code.isolation(c) == host.IsolationFresh {
		return e.runFresh(ctx, code, c)
	}
	return e.runKept(ctx, code, c)
}

// runFresh makes an instance, calls the function and throws it away.
func (e *Engine) runFresh(ctx context.Context, code *code, c *Call) (result Result, err error) {
	s := newState(c.MemoryPages)
	s.begin(ctx, c)
	defer s.end()
	defer s.measure(&result, time.Now())
	in, err := open(ctx, code, s, newHeapMemory)
	if err != nil {
		return result, e.explain(err, s)
	}
	defer in.close()
	if err := s.setInput(code.input(c)); err != nil {
		return result, failed(&Failure{ExitCode: 1, Text: err.Error()})
	}
	if err := in.initialise(ctx, c.Function); err != nil {
		return result, e.explain(err, s)
	}
	s.openData = c.Data
	if _, err := in.call(ctx, c.Function); err != nil {
		return result, e.explain(err, s)
	}
	result.Output, err = s.takeOutput(c.OutputBytes)
	return result, err
}
