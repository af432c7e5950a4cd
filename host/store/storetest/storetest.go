// Package storetest proves that an implementation of the store interfaces of
// package host keeps their promises, and gives tests a PostgreSQL to run on.
//
// It owns the conformance suite, Run, and the throw-away cluster, Postgres. It
// must not know any implementation: it speaks to the interfaces alone, so that
// no promise depends on the database behind them.
package storetest

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/posternhq/postern/host"
)

// Store is everything that is kept.
type Store interface {
	host.OrganizationStore
	host.AppStore
	host.ModuleStore
	host.ReleaseStore
	host.KeyStore
	host.TokenStore
	host.SigningKeyStore
	host.IssuerStore
	host.KeyGroupStore
	host.MemberStore
	host.SecretStore
	host.VariableStore
	host.AuditStore
	host.UsageStore
	host.ObjectStore
	host.RecordStore
	host.ChangeStore
	host.InvocationStore
}

// Run runs the whole suite. open returns a new, empty store each time and
// closes it when the test that it is given ends. There are no options: an
// implementation passes all of it or does not conform.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, aggregate := range []struct {
		name  string
		tests []test
	}{
		{"Organization", organizationTests},
		{"App", appTests},
		{"Module", moduleTests},
		{"Release", releaseTests},
		{"Key", keyTests},
		{"SigningKey", signingKeyTests},
		{"Token", tokenTests},
		{"Issuer", issuerTests},
		{"KeyGroup", groupTests},
		{"Member", memberTests},
		{"Secret", secretTests},
		{"Variable", variableTests},
		{"Audit", auditTests},
		{"Usage", usageTests},
		{"Object", objectTests},
		{"Record", recordTests},
		{"Cursor", cursorTests},
		{"Transaction", transactionTests},
		{"Change", changeTests},
		{"Invocation", invocationTests},
		{"Hostile", hostileTests},
	} {
		for _, tt := range aggregate.tests {
			t.Run(aggregate.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				s := open(t)
				tt.run(t, bundle{Store: s, t: t})
			})
		}
	}
}

type test struct {
	name string
	run  func(t *testing.T, b bundle)
}

// bundle is a fresh store and the steps that tests have in common. They end
// the test when they fail.
type bundle struct {
	Store
	t *testing.T
}

// organization creates the organization that everything else belongs to.
func (b bundle) organization() *host.Organization {
	b.t.Helper()
	org := newOrganization()
	created, err := b.CreateOrganization(b.t.Context(), org)
	if err != nil || !created {
		b.t.Fatalf("CreateOrganization = %v, %v", created, err)
	}
	return org
}

func newOrganization() *host.Organization {
	now := host.Now()
	return &host.Organization{
		ID: host.NewID(), Name: "Example", APIKeyEnabled: true, CreatedAt: now, UpdatedAt: now,
		KeyHash: host.HashSecret(host.NewOrganizationKey()), MasterFingerprint: "0123",
	}
}

// app creates an app, and the organization if there is none.
func (b bundle) app(name string) *host.App {
	b.t.Helper()
	org, err := b.Organization(b.t.Context())
	if host.CodeOf(err) == host.CodeNotFound {
		org, err = b.organization(), nil
	}
	if err != nil {
		b.t.Fatal(err)
	}
	app := host.NewApp(org.ID)
	app.Name = name
	if err := b.CreateApp(b.t.Context(), app); err != nil {
		b.t.Fatal(err)
	}
	return app
}

// module adds a module with the content as its bytes.
func (b bundle) module(app *host.App, name, content string) *host.Module {
	b.t.Helper()
	m := newModule(app, name, content)
	if created, err := b.AddModule(b.t.Context(), m, []byte(content)); err != nil || !created {
		b.t.Fatalf("AddModule = %v, %v", created, err)
	}
	return m
}

// release makes a release with the endpoints.
func (b bundle) release(app *host.App, endpoints ...*host.Endpoint) *host.Release {
	b.t.Helper()
	release, err := b.MakeRelease(b.t.Context(), app.ID, func(d *host.Draft) error {
		d.Endpoints = d.Endpoints[:0]
		for _, e := range endpoints {
			d.Endpoints = append(d.Endpoints, *e)
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return release
}

// endpoint is a new endpoint that calls m.
func endpoint(path string, m *host.Module) *host.Endpoint {
	e := host.NewEndpoint()
	e.Name, e.Method, e.Path = "Endpoint "+path, "GET", path
	e.Module = host.PinnedModule{Name: m.Name, Version: m.Version, Digest: m.Digest}
	return e
}

// wantError checks the code and, unless it is "", the text of an error.
func wantError(t *testing.T, err error, code host.Code, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s %q", code, message)
	}
	if e := host.AsError(err); e.Code != code || message != "" && e.Message != message {
		t.Fatalf("error %s %q (%v), want %s %q", e.Code, e.Message, err, code, message)
	}
}

// atOnce runs fn n times at the same moment: everybody has a connection before
// anybody begins.
func (b bundle) atOnce(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			if _, err := b.LastChange(b.t.Context()); err != nil {
				b.t.Error(err)
			}
			ready.Done()
			<-begin
			fn(i)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
}

// counter makes names that no other test has.
var counter atomic.Int64

func unique(prefix string) string { return prefix + strconv.FormatInt(counter.Add(1), 10) }

// pages lists everything through pages of the given size and fails if the
// total or the sizes are wrong.
func pages[T any](t *testing.T, size int, list func(host.Page) ([]T, int, error)) []T {
	t.Helper()
	all := []T{}
	for {
		page, total, err := list(host.Page{Limit: size, Offset: len(all)})
		if err != nil {
			t.Fatal(err)
		}
		if want := min(size, total-len(all)); len(page) != want {
			t.Fatalf("page at %d of %d has %d entries, want %d", len(all), total, len(page), want)
		}
		if all = append(all, page...); len(all) >= total {
			return all
		}
	}
}
