package gateway

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
)

// pollInterval bounds how long a change made by another host takes to reach
// this one.
const pollInterval = time.Second

// Follow keeps the gateway up to date with changes of other hosts until ctx
// ends. It begins by compiling the modules of all active releases.
func (g *Gateway) Follow(ctx context.Context) {
	f := &follower{Gateway: g, busy: map[string]bool{}}
	defer f.wait.Wait()
	f.wait.Go(func() { g.compileAll(ctx) })
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

// compileAll compiles the modules of all active releases, several at a time.
func (g *Gateway) compileAll(ctx context.Context) {
	work := make(chan string)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for digest := range work {
				g.compile(ctx, digest)
			}
		})
	}
	seen := map[string]bool{}
	err := g.Store.EachApp(ctx, func(_ *host.App, release *host.Release) error {
		for _, digest := range digests(release) {
			if !seen[digest] && ctx.Err() == nil {
				seen[digest] = true
				work <- digest
			}
		}
		return ctx.Err()
	})
	close(work)
	wait.Wait()
	if err != nil && ctx.Err() == nil {
		g.Log.WarnContext(ctx, "compiling modules ahead", "error", err)
	}
}
