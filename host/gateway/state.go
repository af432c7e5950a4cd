package gateway

import (
	"context"
	"maps"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/route"
)

// state is the snapshot that requests are served from. It is immutable: a
// change makes a new one, which replaces the old at once.
type state struct {
	routes *route.Table
	// plans holds, by the id of an app, the plans of its endpoints by theirs.
	plans map[string]map[string]*plan
}

func newState() *state {
	return &state{routes: route.New(), plans: map[string]map[string]*plan{}}
}

// with returns a state in which the app has the release; nil for none.
func (s *state) with(app *host.App, release *host.Release) *state {
	plans := map[string]*plan{}
	if release != nil {
		for i := range release.Endpoints {
			e := &release.Endpoints[i]
			plans[e.ID] = newPlan(e, app.Environment)
		}
	}
	next := &state{routes: s.routes.With(app, release), plans: maps.Clone(s.plans)}
	next.plans[app.ID] = plans
	return next
}

// without returns a state that lacks the app.
func (s *state) without(appID string) *state {
	next := &state{routes: s.routes.Without(appID), plans: maps.Clone(s.plans)}
	delete(next.plans, appID)
	return next
}

// Refresh puts every change that is committed when it is called into force:
// when it returns nil, requests see them. After an error the state is as it
// was, or further, and the next Refresh goes on from there.
func (g *Gateway) Refresh(ctx context.Context) (err error) {
	defer host.Wrap(&err, "gateway.Refresh")
	g.refresh.Lock()
	defer g.refresh.Unlock()
	if g.sequence == 0 {
		return g.reload(ctx)
	}
	changes, complete, err := g.Store.Changes(ctx, g.sequence)
	if err != nil {
		return err
	}
	if !complete {
		return g.reload(ctx)
	}
	for _, change := range changes {
		if err := g.apply(ctx, change); err != nil {
			return err
		}
		g.sequence = change.Sequence
	}
	return nil
}

// reload loads everything. The sequence is read first: what changes meanwhile
// is applied again by the next Refresh.
func (g *Gateway) reload(ctx context.Context) error {
	sequence, err := g.Store.LastChange(ctx)
	if err != nil {
		return err
	}
	if err := g.reloadOrganization(ctx); err != nil {
		return err
	}
	var keys []*host.Key
	if err := g.Store.EachKey(ctx, func(k *host.Key) { keys = append(keys, k) }); err != nil {
		return err
	}
	next := newState()
	err = g.Store.EachApp(ctx, func(app *host.App, release *host.Release) error {
		next = next.with(app, release)
		return nil
	})
	if err != nil {
		return err
	}
	g.Credentials.ReplaceKeys(keys)
	g.state.Store(next)
	g.sequence = sequence
	g.loaded.Store(true)
	return nil
}

func (g *Gateway) apply(ctx context.Context, change host.Change) error {
	switch change.Kind {
	case host.ChangedOrganization:
		return g.reloadOrganization(ctx)
	case host.ChangedKey:
		return g.reloadKey(ctx, change.ID)
	case host.ChangedApp:
		return g.reloadApp(ctx, change.ID)
	}
	return nil
}

func (g *Gateway) reloadOrganization(ctx context.Context) error {
	org, err := g.Store.Organization(ctx)
	if err != nil {
		return err
	}
	g.Credentials.SetOrganization(org)
	return nil
}

func (g *Gateway) reloadKey(ctx context.Context, id string) error {
	key, err := g.Store.Key(ctx, id)
	if host.CodeOf(err) == host.CodeNotFound {
		g.Credentials.DropKey(id)
		return nil
	}
	if err != nil {
		return err
	}
	g.Credentials.PutKey(key)
	return nil
}

func (g *Gateway) reloadApp(ctx context.Context, id string) error {
	app, err := g.Store.App(ctx, id)
	if host.CodeOf(err) == host.CodeNotFound {
		g.state.Store(g.state.Load().without(id))
		return nil
	}
	if err != nil {
		return err
	}
	var release *host.Release
	if app.ActiveRelease != 0 {
		if release, err = g.Store.Release(ctx, id, 0); err != nil {
			return err
		}
	}
	g.state.Store(g.state.Load().with(app, release))
	return nil
}

// Ready reports whether the gateway has loaded what it serves. It never waits,
// not even for a Refresh that hangs.
func (g *Gateway) Ready() error {
	if !g.loaded.Load() {
		return host.Errorf(host.CodeUnavailable, "The releases are not loaded yet")
	}
	return nil
}
