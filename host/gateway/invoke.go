package gateway

import (
	"context"
	"errors"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// invoke runs a function of a module of the release for the one that runs,
// within its invocation. What it fails at is told to the module, with the reason:
// both belong to the same app.
func (c *call) invoke(ctx context.Context, module, function string, input []byte) ([]byte, error) {
	pinned, ok := c.state.module(c.place.App.ID, c.endpoint, module)
	if !ok {
		return nil, host.Errorf(host.CodeNotFound, "The release has no module %.100q", module)
	}
	result, err := c.gateway.Engine.Nest(ctx, engine.Call{
		Digest: pinned.Digest, Load: c.gateway.loader(pinned.Digest), Function: function, Input: input,
		Config: c.state.variablesOf(c.place.App.ID),
	})
	c.trace.ran(result)
	var failure *engine.Failure
	if errors.As(err, &failure) {
		return nil, host.Caused(host.CodeModuleFailed, err, "The function %.100q of the module %.100q failed: %s", function, module, failure)
	}
	return result.Output, err
}

// module finds one of an app's release by its name. If there are several
// versions, it is the one of the endpoint, or else the highest.
func (s *state) module(appID string, own *host.Endpoint, name string) (found host.PinnedModule, ok bool) {
	if own.Module.Name == name {
		return own.Module, true
	}
	a, _ := s.apps.Get(appID)
	for i := range a.release.Endpoints {
		if m := a.release.Endpoints[i].Module; m.Name == name && (!ok || m.Version > found.Version) {
			found, ok = m, true
		}
	}
	return found, ok
}

// loader fetches the bytes of a module.
func (g *Gateway) loader(digest string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) { return g.Store.ModuleContent(ctx, digest) }
}
