package tck_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/capability/basic"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/capability/jwt"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/capability/secret"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/gateway"
	"github.com/posternhq/postern/host/guesttest"
	"github.com/posternhq/postern/host/instrument"
	"github.com/posternhq/postern/host/limit"
	"github.com/posternhq/postern/host/outbound"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
	"github.com/posternhq/postern/host/tck"
	// The SDK embeds its sources, so that a change of them runs these tests again.
	_ "github.com/posternhq/postern/sdk/go"
)

// server is a real gateway on a real database, with one guest.
type server struct {
	*gateway.Gateway
	db           *store.DB
	organization string
	guest        guest
}

// guest is a module and the form in which it takes its input.
type guest struct {
	wasm  []byte
	input string
}

var _ tck.Host = (*server)(nil)

// newServer opens a gateway on the database of url, "" for SQLite. The quotas of
// its apps are small enough for a test to meet them.
func newServer(t *testing.T, url string, g guest) *server {
	t.Helper()
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	sealer, err := seal.New(make([]byte, 32))
	check(t, err)
	db, err := store.Open(ctx, store.Config{Dir: t.TempDir(), URL: url, Sealer: sealer, AppRecords: 300, AppRecordBytes: 6_500_000})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	org := &host.Organization{ID: host.NewID(), Name: "Test", CreatedAt: host.Now(), UpdatedAt: host.Now()}
	_, err = db.CreateOrganization(ctx, org)
	check(t, err)
	fetcher := httpout.New(outbound.Config{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	operations := slices.Concat(object.Operations, basic.Operations, jwt.Operations, secret.Operations, httpout.Operations(fetcher))
	e, err := engine.Open(ctx, engine.Config{CacheDir: t.TempDir(), Concurrency: 8, Queue: 1000, Operations: operations, Log: log})
	check(t, err)
	recorder := gateway.NewRecorder(db, log)
	limits := limit.New(limit.Config{Store: db, Log: log})
	t.Cleanup(func() {
		limits.Close()
		recorder.Close()
		check(t, e.Close(ctx))
		fetcher.Close()
	})
	return &server{db: db, organization: org.ID, guest: g, Gateway: gateway.New(gateway.Config{
		Store: db, Credentials: auth.NewTable(nil), Limits: limits, Engine: e, Recorder: recorder, Log: log,
		PublicHost: "tck.example.net", MaxResponseBytes: 5 << 20, StatusOf: func(host.Code) int { return 599 },
	})}
}

// App implements tck.Host.
func (s *server) App(t testing.TB, setup tck.Setup) tck.Invoke {
	t.Helper()
	ctx := context.Background()
	app := host.NewApp(s.organization)
	app.Name, app.Environment, app.Capabilities, app.AllowedHosts = "tck "+app.ID, host.Production, setup.Granted, setup.Hosts
	check(t, s.db.CreateApp(ctx, app))
	for _, o := range setup.Objects {
		o.AppID = app.ID
		check(t, s.db.CreateObject(ctx, o))
	}
	for name, value := range setup.Secrets {
		_, err := s.db.PutSecret(ctx, host.NewSecret(app.ID, name, value))
		check(t, err)
	}
	m, err := instrument.Inspect(s.guest.wasm, host.MaxMemoryMB*host.PagesPerMB)
	check(t, err)
	m.ID, m.AppID, m.Name, m.CreatedAt = host.NewID(), app.ID, "guest", host.Now()
	_, err = s.db.AddModule(ctx, m, s.guest.wasm)
	check(t, err)
	_, err = s.db.MakeRelease(ctx, app.ID, func(d *host.Draft) error {
		e := host.NewEndpoint()
		e.Name, e.Method, e.Path, e.RequiresAuthentication, e.Input = "TCK", "POST", "/tck", false, s.guest.input
		e.MaxBodyBytes, e.MemoryMB, e.TimeoutMS = 16<<20, 256, 60_000
		e.Module = host.PinnedModule{Name: m.Name, Version: m.Version, Digest: m.Digest}
		d.Endpoints = []host.Endpoint{*e}
		return nil
	})
	check(t, err)
	check(t, s.Refresh(ctx))
	return func(input []byte) (int, []byte, host.Code) {
		response, err := s.Serve(ctx, &host.Request{
			ID: host.NewID(), ReceivedAt: host.Now(), Method: "POST", Host: "tck.example.net", Path: "/run/" + app.ID + "/tck",
			Protocol: "1.1", Remote: netip.MustParseAddr("203.0.113.9"), Client: netip.MustParseAddr("203.0.113.9"),
			Header: []host.Header{{Name: "Content-Type", Value: "text/plain"}},
			Body:   bytes.NewReader(input), ContentLength: int64(len(input)),
		})
		return response.Status, response.Body, host.CodeOf(err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// handWritten is the guest in WebAssembly text.
func handWritten(t *testing.T) guest {
	t.Helper()
	wasm, err := os.ReadFile("testdata/pass.wasm")
	check(t, err)
	return guest{wasm, host.InputBody}
}

// withSDK is the guest made with the Go SDK, built once.
var withSDK = sync.OnceValues(func() (guest, error) { return build("testdata/go") })

func build(dir string) (guest, error) {
	wasm, err := guesttest.Build(dir)
	return guest{wasm, host.InputPayload}, err
}

// TestGuests runs the cases with every guest on every database.
func TestGuests(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) guest{
		"Hand": handWritten,
		"Go": func(t *testing.T) guest {
			if underRace {
				t.Skip("the host is the same one, and the guest takes its time")
			}
			g, err := withSDK()
			check(t, err)
			return g
		},
	} {
		t.Run(name+"/SQLite", func(t *testing.T) {
			t.Parallel()
			tck.Run(t, newServer(t, "", make(t)), !underRace)
		})
		t.Run(name+"/PostgreSQL", func(t *testing.T) {
			t.Parallel()
			tck.Run(t, newServer(t, storetest.Postgres(t), make(t)), !underRace)
		})
	}
}
