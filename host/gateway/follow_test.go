package gateway_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/posternhq/postern/host"
)

// TestRefresh_Cold makes a release whose module this host has never compiled,
// as one that another host made: it is live when Refresh returns, and its first
// request does not compile.
func TestRefresh_Cold(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	release := b.serveGuest("ok/echo", unchanged)
	digest := release.Endpoints[0].Module.Digest
	if !b.Engine.IsCompiled(digest) {
		t.Error("the module is not compiled when its release is live")
	}
}

// TestFollow compiles the modules of active releases and ends with its context.
func TestFollow(t *testing.T) {
	t.Parallel()
	b := setup(t, host.Production, production)
	release := b.serveGuest("ok/echo", unchanged)
	other := setupOn(t, b.db)
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		other.Follow(ctx)
	}()
	for !other.Engine.IsCompiled(release.Endpoints[0].Module.Digest) {
		select {
		case <-done:
			t.Fatal("Follow ended by itself")
		default:
			runtime.Gosched()
		}
	}
	stop()
	<-done
}
