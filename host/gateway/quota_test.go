package gateway_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/gateway"
)

// TestServe_QuotaHosts takes a quota on two hosts at once and, when one of them
// has gone, on a third.
func TestServe_QuotaHosts(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	b.echo(func(e *host.Endpoint) { e.RequiresAuthentication = true })
	quota := int64(4000) // leases of 4
	_, secret := b.key(func(k *host.Key) { k.Quota = &quota })
	another := func() *gateway.Gateway {
		g := setupOn(t, b.db)
		check(t, g.Refresh(context.Background()))
		return g
	}
	second := another()
	var served atomic.Int64
	var both sync.WaitGroup
	ask := func(g *gateway.Gateway, n int) {
		for range n {
			if _, err := g.Serve(context.Background(), request("1", "X-API-Key", secret)); err == nil {
				served.Add(1)
			}
		}
	}
	both.Go(func() { ask(b.Gateway, 1501) })
	both.Go(func() { ask(second, 1502) })
	both.Wait()
	b.Limits.Close()
	third := another()
	both.Go(func() { ask(second, 1000) })
	both.Go(func() { ask(third, 1000) })
	both.Wait()
	if n := served.Load(); n > quota || n < quota-4 { // one may hold a lease when the other stops
		t.Errorf("%d of a quota of %d were admitted", n, quota)
	}
}
