package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// pollInterval bounds how long a change made by another host takes to reach
// this one.
const pollInterval = time.Second

// tidyInterval is how often compiled code is looked after.
const tidyInterval = time.Hour

// Follow keeps the gateway up to date with changes of other hosts until ctx
// ends. It begins by preparing what the first Refresh, which must be done,
// loaded; requests need not wait for that.
func (g *Gateway) Follow(ctx context.Context) {
	f := &follower{Gateway: g, busy: map[string]bool{}}
	defer f.wait.Wait()
	f.wait.Go(func() { g.prepare(ctx) })
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.poll(ctx)
		}
	}
}

// follower polls. Pending apps are settled beside it, one goroutine each, so
// that neither compiling nor a release that fails to compile holds up others.
type follower struct {
	*Gateway
	wait    sync.WaitGroup
	failing bool

	mu   sync.Mutex
	busy map[string]bool // apps being settled
}

func (f *follower) poll(ctx context.Context) {
	pending, err := f.catchUp(ctx)
	if (err != nil) != f.failing && ctx.Err() == nil {
		f.failing = err != nil
		f.Log.WarnContext(ctx, "following changes", "failing", f.failing, "error", err)
	}
	for _, appID := range pending {
		if f.begin(appID) {
			f.wait.Go(func() { f.settleOne(ctx, appID) })
		}
	}
}

func (f *follower) begin(appID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[appID] {
		return false
	}
	f.busy[appID] = true
	return true
}

// settleOne settles an app. After a failure it stays pending, so that the next
// poll tries again.
func (f *follower) settleOne(ctx context.Context, appID string) {
	if err := f.settle(ctx, appID); err != nil && ctx.Err() == nil {
		f.Log.ErrorContext(ctx, "putting a release into force", "app", appID, "error", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.busy, appID)
}

// firstWait bounds PrepareFirst: a module that must be compiled takes longer.
const firstWait = 250 * time.Millisecond

// PrepareFirst prepares the module that was called last, as the first request
// is likely to be for it. It is for a host that is about to listen.
func (g *Gateway) PrepareFirst(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstWait)
	defer cancel()
	g.Engine.Prepare(ctx, g.allInvocations(), 1)
}

// prepare loads the modules of the active releases and makes instances, as far
// as the engine finds that worthwhile, and looks after compiled code from then
// on.
func (g *Gateway) prepare(ctx context.Context) {
	calls := g.allInvocations()
	g.Engine.Prepare(ctx, calls, len(calls))
	ticker := time.NewTicker(tidyInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := g.Engine.Tidy(g.needed()); err != nil {
			g.Log.WarnContext(ctx, "tidying compiled code", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (g *Gateway) allInvocations() (calls []engine.Call) {
	for _, a := range g.state.Load().apps.All() {
		calls = append(calls, g.invocations(a)...)
	}
	return calls
}

// invocations are those that requests to an app may make.
func (g *Gateway) invocations(a *served) (calls []engine.Call) {
	if a.release == nil || a.app.Status != host.AppActive {
		return nil
	}
	for i := range a.release.Endpoints {
		if e := &a.release.Endpoints[i]; e.Enabled {
			calls = append(calls, g.invocation(a.app, e))
		}
	}
	return calls
}

// needed lists the modules of the active releases, some more than once.
func (g *Gateway) needed() (all []string) {
	for _, a := range g.state.Load().apps.All() {
		all = append(all, digests(a.release)...)
	}
	return all
}
