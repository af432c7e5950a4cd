package engine

import (
	"context"
	"errors"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/instrument"
)

// MaxDepth is how many calls may be within one another, beside the first.
const MaxDepth = 4

// errAlone says that Nest was not called by a data operation.
var errAlone = errors.New("no call is under way")

// Nest runs a function for a data operation of a call that is under way. ctx is
// the operation's. Of c it takes Digest, Load, Function, Input and Config; the
// rest is the call's: what it may do and did, its log, its deadline and limits,
// and its place among those that run. The function has an instance of its own,
// in isolation; in that of host.IsolationReuse it is put back, for what it keeps
// was not asked for.
//
// Errors: those of Call, and CodeInvalid with a sentence for a function that is
// under way already or runs by itself, and for more than MaxDepth within one
// another. Past the call's own deadline the error matters to nobody: the guest
// that waits is ended.
func (e *Engine) Nest(ctx context.Context, c Call) (result Result, err error) {
	defer func() { host.Wrap(&err, "engine.Nest(%q)", c.Function) }()
	defer e.rescue(&err)
	outer, _ := ctx.Value(underWay{}).(*state)
	if outer == nil {
		return Result{}, errAlone
	}
	if err := outer.admit(&c); err != nil {
		return Result{}, err
	}
	whole := outer.call
	inner := Call{
		App: whole.App, Endpoint: whole.Endpoint,
		Digest: c.Digest, Load: c.Load, Function: c.Function, Input: c.Input, Config: c.Config,
		Data:      func() *capability.Call { return outer.data },
		Isolation: whole.Isolation, Timeout: whole.Timeout, MemoryPages: whole.pages, OutputBytes: whole.OutputBytes,
		Log: whole.Log, outer: outer,
	}
	if inner.Isolation == host.IsolationReuse {
		inner.Isolation = host.IsolationReset
	}
	inner.setDefaults()
	return e.call(ctx, &inner)
}

// admit refuses a call that leads nowhere.
func (s *state) admit(c *Call) error {
	if instrument.Initialises(c.Function) {
		return host.Errorf(host.CodeInvalid, "%s runs by itself: it cannot be called", c.Function)
	}
	depth := 0
	for at := s; at != nil; at = at.call.outer {
		if at.call.Digest == c.Digest && at.call.Function == c.Function {
			return host.Errorf(host.CodeInvalid, "the function is being called already: calls must not go round in a circle")
		}
		depth++
	}
	if depth > MaxDepth {
		return host.Errorf(host.CodeInvalid, "at most %d calls may be within one another", MaxDepth)
	}
	return nil
}
