package gateway_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/gateway"
	"github.com/posternhq/postern/host/instrument"
	"github.com/posternhq/postern/host/limit"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
)

// bundle is a gateway with a database and an engine of its own, and one app.
type bundle struct {
	*gateway.Gateway
	t   testing.TB
	db  *store.DB
	app *host.App
}

// setup builds a bundle whose app is in the environment and changed by change.
func setup(t testing.TB, environment string, change func(*host.App)) *bundle {
	t.Helper()
	db := openStore(t, store.Config{Dir: t.TempDir()})
	b := &bundle{Gateway: setupOn(t, db), t: t, db: db, app: createApp(t, db, environment, change)}
	b.refresh()
	return b
}

func openStore(t testing.TB, c store.Config) *store.DB {
	t.Helper()
	sealer, err := seal.New(make([]byte, 32))
	check(t, err)
	c.Sealer = sealer
	db, err := store.Open(context.Background(), c)
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return db
}

func createApp(t testing.TB, db *store.DB, environment string, change func(*host.App)) *host.App {
	t.Helper()
	ctx := context.Background()
	org := &host.Organization{ID: host.NewID(), Name: "Test", CreatedAt: host.Now(), UpdatedAt: host.Now()}
	_, err := db.CreateOrganization(ctx, org)
	check(t, err)
	app := host.NewApp(org.ID)
	app.Name, app.Environment = "Demo", environment
	change(app)
	check(t, db.CreateApp(ctx, app))
	return app
}

// setupOn builds another host on a database that is open already.
func setupOn(t testing.TB, db *store.DB) *gateway.Gateway {
	t.Helper()
	return setupWith(t, db, db, object.Operations)
}

// setupWith builds a host that sees the database through seen.
func setupWith(t testing.TB, db *store.DB, seen gateway.Store, operations []capability.Operation) *gateway.Gateway {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	e, err := engine.Open(ctx, engine.Config{CacheDir: t.TempDir(), Concurrency: 4, Queue: 4, Operations: operations, Log: log})
	check(t, err)
	recorder := gateway.NewRecorder(db, log)
	limits := limit.New(limit.Config{Store: db, Log: log})
	t.Cleanup(func() {
		limits.Close()
		recorder.Close()
		check(t, e.Close(ctx))
	})
	return gateway.New(gateway.Config{
		Store: seen, Credentials: auth.NewTable(nil), Limits: limits, Engine: e, Recorder: recorder, Log: log,
		PublicHost: "public.example.net", MaxResponseBytes: 1 << 16,
		StatusOf: func(host.Code) int { return 599 },
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) refresh() {
	b.t.Helper()
	check(b.t, b.Refresh(context.Background()))
}

// serveGuest uploads one of the engine's guests and makes a release whose only
// endpoint calls it, as change alters it.
func (b *bundle) serveGuest(guest string, change func(*host.Endpoint)) *host.Release {
	b.t.Helper()
	wasm, err := os.ReadFile("../engine/testdata/" + guest + ".wasm")
	check(b.t, err)
	m, err := instrument.Inspect(wasm, host.MaxMemoryMB*host.PagesPerMB)
	check(b.t, err)
	m.ID, m.AppID, m.Name, m.CreatedAt = host.NewID(), b.app.ID, "guest", host.Now()
	_, err = b.db.AddModule(context.Background(), m, wasm)
	check(b.t, err)
	release, err := b.db.MakeRelease(context.Background(), b.app.ID, func(d *host.Draft) error {
		e := host.NewEndpoint()
		e.Name, e.Method, e.Path, e.RequiresAuthentication = "Echo", "POST", "/echo/{id}", false
		e.Module = host.PinnedModule{Name: m.Name, Version: m.Version, Digest: m.Digest}
		change(e)
		d.Endpoints = []host.Endpoint{*e}
		return nil
	})
	check(b.t, err)
	b.refresh()
	return release
}

// echo serves the guest whose output is its input, and gives it the raw body:
// a test then writes the module's output itself.
func (b *bundle) echo(change func(*host.Endpoint)) {
	b.t.Helper()
	b.serveGuest("ok/echo", func(e *host.Endpoint) {
		e.Input = host.InputBody
		change(e)
	})
}

// request is a POST of body to the app's only endpoint, below /run/.
func request(body string, headers ...string) *host.Request {
	r := &host.Request{
		ID: host.NewID(), ReceivedAt: host.Now(), Method: "POST", Host: "198.51.100.1:8080", Path: "/run/demo/echo/7",
		Protocol: "1.1", Remote: netip.MustParseAddr("203.0.113.9"), Client: netip.MustParseAddr("203.0.113.9"),
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header = append(r.Header, host.Header{Name: headers[i], Value: headers[i+1]})
	}
	if body != "" {
		r.Body, r.ContentLength = strings.NewReader(body), int64(len(body))
	}
	return r
}

func as(r *host.Request, change func(*host.Request)) *host.Request {
	change(r)
	return r
}

func production(*host.App) {}

func unchanged(*host.Endpoint) {}
