package engine

import (
	"context"

	"github.com/posternhq/postern/host"
)

// Compile compiles a module unless its code is at hand, so that the first call
// need not wait. Errors: those of Call before the guest runs.
func (e *Engine) Compile(ctx context.Context, digest string, load func(context.Context) ([]byte, error)) (err error) {
	defer host.Wrap(&err, "engine.Compile(%q)", digest)
	defer e.rescue(&err)
	if err := e.begin(); err != nil {
		return err
	}
	defer e.end()
	code, err := e.library.acquire(ctx, digest, load)
	if err == nil {
		e.library.release(code)
	}
	return err
}

// IsCompiled reports whether a module's code is at hand.
func (e *Engine) IsCompiled(digest string) bool {
	code := e.library.borrow(digest)
	if code != nil {
		e.library.release(code)
	}
	return code != nil
}
