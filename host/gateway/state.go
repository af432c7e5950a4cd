package gateway

import (
	"context"
	"maps"
	"slices"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/route"
)

// state is the snapshot that requests are served from. It is immutable: a
// change makes a new one, which shares all but that app with the old and
// replaces it at once.
type state struct {
	routes *route.Table
	apps   route.Index[*served] // by id
	// By the app's id, also of apps that are pending:
	objects   route.Index[*objects]
	variables route.Index[*variables]
}

// served is an app with the plans of its endpoints, by the endpoints' ids.
type served struct {
	app     *host.App
	release *host.Release // nil before the first
	plans   map[string]*plan
}

// objects are those of an app.
type objects struct{ byName map[string]*object.Definition }

// variables are those of an app.
type variables struct{ byName map[string]string }

func newState() *state { return &state{routes: route.New()} }

// with returns a state in which the app has the release; nil for none.
func (s *state) with(app *host.App, release *host.Release) *state {
	a := &served{app: app, release: release, plans: map[string]*plan{}}
	if release != nil {
		for i := range release.Endpoints {
			e := &release.Endpoints[i]
			a.plans[e.ID] = newPlan(app, e)
		}
	}
	next := *s
	next.routes, next.apps = s.routes.With(app, release), s.apps.Set(app.ID, a)
	return &next
}

// withObjects returns a state in which an app has the objects.
func (s *state) withObjects(appID string, all []*host.Object) *state {
	o := &objects{byName: make(map[string]*object.Definition, len(all))}
	for _, one := range all {
		o.byName[one.Name] = object.Compiled(one)
	}
	next := *s
	next.objects = s.objects.Set(appID, o)
	return &next
}

// withVariables returns a state in which an app has the variables.
func (s *state) withVariables(appID string, all []*host.Variable) *state {
	v := &variables{byName: make(map[string]string, len(all))}
	for _, one := range all {
		v.byName[one.Name] = one.Value
	}
	next := *s
	next.variables = s.variables.Set(appID, v)
	return &next
}

// without returns a state that lacks the app.
func (s *state) without(appID string) *state {
	old, _ := s.apps.Get(appID)
	objects, _ := s.objects.Get(appID)
	variables, _ := s.variables.Get(appID)
	return &state{
		routes: s.routes.Without(appID), apps: s.apps.Remove(appID, old),
		objects: s.objects.Remove(appID, objects), variables: s.variables.Remove(appID, variables),
	}
}

// plan is that of an endpoint which routes led to.
func (s *state) plan(appID, endpointID string) *plan {
	a, _ := s.apps.Get(appID)
	return a.plans[endpointID]
}

// objectsOf are those of an app, by name.
func (s *state) objectsOf(appID string) map[string]*object.Definition {
	if o, ok := s.objects.Get(appID); ok {
		return o.byName
	}
	return nil
}

// variablesOf are those of an app, by name.
func (s *state) variablesOf(appID string) map[string]string {
	if v, ok := s.variables.Get(appID); ok {
		return v.byName
	}
	return nil
}

// Refresh puts every change that is committed when it is called into force:
// when it returns nil, requests see them. A release goes live when its modules
// are compiled; until then its app is served from the one before. After an
// error the state is as it was, or further, and the next Refresh goes on from
// there.
func (g *Gateway) Refresh(ctx context.Context) (err error) {
	defer host.Wrap(&err, "gateway.Refresh")
	pending, err := g.catchUp(ctx)
	if err != nil {
		return err
	}
	for _, appID := range pending {
		if err := g.settle(ctx, appID); err != nil {
			return err
		}
	}
	return nil
}

// catchUp applies the changes since the last one and returns the pending apps:
// those whose new release has modules that are not compiled. They are for
// settle, because compiling takes seconds, and a revoked key must not wait.
func (g *Gateway) catchUp(ctx context.Context) (pending []string, err error) {
	g.refresh.Lock()
	defer g.refresh.Unlock()
	if g.sequence == 0 {
		return nil, g.reload(ctx)
	}
	changes, complete, err := g.Store.Changes(ctx, g.sequence)
	if err != nil {
		return nil, err
	}
	if !complete {
		return nil, g.reload(ctx)
	}
	for _, change := range changes {
		if err := g.apply(ctx, change); err != nil {
			return nil, err
		}
		g.sequence = change.Sequence
	}
	return slices.Collect(maps.Keys(g.pending)), nil
}

// settle compiles the modules of a pending app's release, then puts whatever
// release is the active one by then into force.
func (g *Gateway) settle(ctx context.Context, appID string) error {
	_, release, err := g.load(ctx, appID)
	if err != nil && host.CodeOf(err) != host.CodeNotFound {
		return err
	}
	for _, digest := range digests(release) {
		g.compile(ctx, digest)
	}
	g.refresh.Lock()
	defer g.refresh.Unlock()
	app, release, err := g.load(ctx, appID)
	if err != nil && host.CodeOf(err) != host.CodeNotFound {
		return err
	}
	g.swap(appID, app, release)
	return nil
}

// compile compiles a module ahead of its first call. One that cannot be compiled
// is the affair of its requests.
func (g *Gateway) compile(ctx context.Context, digest string) {
	err := g.Engine.Compile(ctx, digest, g.loader(digest))
	if err != nil && ctx.Err() == nil {
		g.Log.ErrorContext(ctx, "compiling a module ahead", "digest", digest, "error", err)
	}
}

// digests lists the modules of a release, each once.
func digests(release *host.Release) []string {
	var out []string
	if release != nil {
		for _, e := range release.Endpoints {
			out = append(out, e.Module.Digest)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reload loads everything. The sequence is read first: what changes meanwhile
// is applied again by the next Refresh.
func (g *Gateway) reload(ctx context.Context) error {
	sequence, err := g.Store.LastChange(ctx)
	if err != nil {
		return err
	}
	if err := g.reloadCredentials(ctx); err != nil {
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
	if next, err = g.withSettings(ctx, next); err != nil {
		return err
	}
	g.state.Store(next)
	clear(g.pending)
	g.sequence = sequence
	g.loaded.Store(true)
	return nil
}

// withSettings loads what belongs to apps beside their releases.
func (g *Gateway) withSettings(ctx context.Context, next *state) (*state, error) {
	defined := map[string][]*host.Object{}
	err := g.Store.EachObject(ctx, "", func(o *host.Object) { defined[o.AppID] = append(defined[o.AppID], o) })
	if err != nil {
		return nil, err
	}
	for appID, all := range defined {
		next = next.withObjects(appID, all)
	}
	set := map[string][]*host.Variable{}
	err = g.Store.EachVariable(ctx, "", func(v *host.Variable) { set[v.AppID] = append(set[v.AppID], v) })
	if err != nil {
		return nil, err
	}
	for appID, all := range set {
		next = next.withVariables(appID, all)
	}
	return next, nil
}

// apply puts one change into force. An app whose release has modules that are
// not compiled becomes pending instead.
func (g *Gateway) apply(ctx context.Context, change host.Change) error {
	switch change.Kind {
	case host.ChangedApp:
	case host.ChangedObjects:
		return g.loadObjects(ctx, change.ID)
	case host.ChangedVariables:
		return g.loadVariables(ctx, change.ID)
	default:
		return g.applyCredentials(ctx, change)
	}
	app, release, err := g.load(ctx, change.ID)
	if err != nil && host.CodeOf(err) != host.CodeNotFound {
		return err
	}
	if slices.ContainsFunc(digests(release), func(d string) bool { return !g.Engine.IsCompiled(d) }) {
		g.pending[change.ID] = true
		return nil
	}
	g.swap(change.ID, app, release)
	return nil
}

// load reads an app and its active release, which is nil before the first.
// Both are nil, with CodeNotFound, for an app that is gone.
func (g *Gateway) load(ctx context.Context, id string) (*host.App, *host.Release, error) {
	app, err := g.Store.App(ctx, id)
	if err != nil || app.ActiveRelease == 0 {
		return app, nil, err
	}
	release, err := g.Store.Release(ctx, id, 0)
	return app, release, err
}

// loadObjects reads the objects of an app and puts them into force. It needs the
// lock.
func (g *Gateway) loadObjects(ctx context.Context, appID string) error {
	all, err := collect(ctx, of(appID, g.Store.EachObject))
	if err == nil {
		g.state.Store(g.state.Load().withObjects(appID, all))
	}
	return err
}

// loadVariables does the same with an app's variables.
func (g *Gateway) loadVariables(ctx context.Context, appID string) error {
	all, err := collect(ctx, of(appID, g.Store.EachVariable))
	if err == nil {
		g.state.Store(g.state.Load().withVariables(appID, all))
	}
	return err
}

// swap replaces an app in the state; a nil app removes it. It needs the lock.
func (g *Gateway) swap(id string, app *host.App, release *host.Release) {
	delete(g.pending, id)
	if app == nil {
		g.Credentials.DropApp(id)
		g.state.Store(g.state.Load().without(id))
		return
	}
	g.state.Store(g.state.Load().with(app, release))
}

// Ready reports whether the gateway has loaded what it serves. It never waits,
// not even for a Refresh that hangs.
func (g *Gateway) Ready() error {
	if !g.loaded.Load() {
		return host.Errorf(host.CodeUnavailable, "The releases are not loaded yet")
	}
	return nil
}
