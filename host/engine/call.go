package engine

import (
	"context"
	"errors"
	"time"

	"github.com/posternhq/postern/host"
)

// maxPages bounds the linear memory of any guest, whatever its endpoint says.
const maxPages = host.MaxMemoryMB * host.PagesPerMB

// Call is one invocation of a module's function. Zero limits mean the
// defaults of package host.
type Call struct {
	// Digest is the SHA-256 of the module's bytes in hexadecimal; Load fetches
	// them when no compiled code is at hand.
	Digest string
	Load   func(context.Context) ([]byte, error)

	Function string
	Input    []byte            // not kept after the call, nor changed
	Config   map[string]string // what config_get answers

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
}

func (c *Call) setDefaults() {
	if c.Timeout <= 0 {
		c.Timeout = host.DefaultTimeout
	}
	if c.MemoryPages == 0 {
		c.MemoryPages = host.DefaultMemoryMB * host.PagesPerMB
	}
	if c.OutputBytes <= 0 {
		c.OutputBytes = host.DefaultResponseBytes
	}
	if c.Log == nil {
		c.Log = func(string, string) {}
	}
}

// Call runs the function in a new instance and returns its output, which the
// caller may keep.
//
// Errors: CodeModuleFailed if the guest trapped, exited or returned a code
// other than 0, or set an error: a *Failure is in the chain; CodeModuleTimeout
// past the deadline; CodeInvalidResponse for more output than OutputBytes;
// CodeOverloaded if no instance was free in time; CodeUnavailable if ctx was
// cancelled, the engine is closing, or Load says so; CodeInternal, also for any
// other error of Load.
func (e *Engine) Call(ctx context.Context, c Call) (output []byte, err error) {
	defer host.Wrap(&err, "engine.Call(%q)", c.Function)
	defer e.rescue(&err)
	if err := e.begin(); err != nil {
		return nil, err
	}
	defer e.end()
	c.setDefaults()

	code, err := e.library.acquire(ctx, c.Digest, c.Load)
	if host.CodeOf(err) == host.CodeInvalid {
		// It passed Check once, perhaps of another version of this host. The
		// client asked for nothing wrong.
		return nil, failed(&Failure{ExitCode: 1, Text: host.AsError(err).Message})
	}
	if err != nil {
		return nil, err
	}
	defer e.library.release(code)

	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if err := e.gate.enter(limited); err != nil {
		return nil, interrupted(ctx, err)
	}
	defer e.gate.leave()

	output, err = e.run(limited, code, &c)
	if err == nil || limited.Err() == nil || errors.Is(err, errOutput) {
		return output, err
	}
	// The guest ended because of the deadline, however that looked from
	// inside: a trap, an exit code, a failed write.
	timeout := host.Caused(host.CodeModuleTimeout, err, "The module did not answer within %s", c.Timeout)
	return nil, interrupted(ctx, timeout)
}

// interrupted replaces err if the caller itself gave up.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return host.Caused(host.CodeUnavailable, ctx.Err(), "The request was cancelled")
}

// run makes an instance, calls the function and throws the instance away.
func (e *Engine) run(ctx context.Context, code *code, c *Call) ([]byte, error) {
	if code.pages > c.MemoryPages {
		return nil, failed(&Failure{ExitCode: 1, Text: "its initial memory is larger than the endpoint's memory limit"})
	}
	state := newState(ctx, c)
	defer state.logs.close()
	in, err := open(ctx, code, state)
	if err != nil {
		return nil, e.explain(err, state)
	}
	defer in.close(context.WithoutCancel(ctx))
	if err := state.setInput(c.Input); err != nil {
		return nil, failed(&Failure{ExitCode: 1, Text: err.Error()})
	}
	if err := in.initialise(c.Function); err != nil {
		return nil, e.explain(err, state)
	}
	if err := in.call(c.Function); err != nil {
		return nil, e.explain(err, state)
	}
	return state.takeOutput(c.OutputBytes)
}
