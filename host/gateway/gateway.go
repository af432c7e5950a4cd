// Package gateway tells the story of one request: route, authenticate, hold
// against the limits, build the payload, run the module, commit what it wrote,
// answer, record.
//
// It owns that order, the snapshot of apps and credentials it reads, and the
// recorder of invocations. It serves HTTP, tests and the command line alike,
// so it must not know Fiber or SQL: stores reach it as host interfaces.
package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/limit"
	"github.com/posternhq/postern/host/schema"
)

// Store is what the gateway reads.
type Store interface {
	CredentialStore
	host.ReleaseStore
	host.ChangeStore
	host.RecordStore
	App(ctx context.Context, ref string) (*host.App, error)
	ModuleContent(ctx context.Context, digest string) ([]byte, error)
	EachObject(ctx context.Context, appID string, fn func(*host.Object)) error
	EachVariable(ctx context.Context, appID string, fn func(*host.Variable)) error
	SecretValue(ctx context.Context, appID, name string) (string, error)
}

// Config is what a Gateway is made of.
type Config struct {
	Store       Store
	Credentials *auth.Table
	Limits      *limit.Limiter
	Engine      *engine.Engine
	Recorder    *Recorder
	Log         *slog.Logger
	// PublicHost is the host clients reach /run/ by; the payload's fqdn
	// there. A stranger's Host header is not trusted to say it.
	PublicHost string
	// StatusOf is the table of HTTP statuses, for the record.
	StatusOf func(host.Code) int
	// MaxResponseBytes bounds the body of a response.
	MaxResponseBytes int64
	// MaxOperations and MaxRequests bound the data operations of an invocation,
	// and the requests it sends outside; 0 for the defaults.
	MaxOperations, MaxRequests int
}

// Gateway serves the endpoints of every app. It is safe for concurrent use.
type Gateway struct {
	Config
	state   atomic.Pointer[state]
	loaded  atomic.Bool // whether the first Refresh is done
	refresh sync.Mutex  // serialises changes of the state; guards what follows
	// sequence is the newest change that state and Credentials hold, but for
	// the pending apps: those wait for their modules to be compiled.
	sequence int64
	pending  map[string]bool
}

// New returns a gateway that serves nothing until its first Refresh.
func New(c Config) *Gateway {
	g := &Gateway{Config: c, pending: map[string]bool{}}
	g.state.Store(newState())
	return g
}

// OwnsHost reports whether the Host header is one of an app's domains.
func (g *Gateway) OwnsHost(hostHeader string) bool {
	return g.state.Load().routes.OwnsHost(hostHeader)
}

// plan is an endpoint made ready for requests.
type plan struct {
	policy   *auth.Policy
	request  *schema.Schema // nil for none
	response *schema.Schema
	// fault says why the endpoint cannot be served. Schemas are checked when
	// a release is made, so that this takes a release of another version.
	fault error
}

func newPlan(app *host.App, e *host.Endpoint) *plan {
	p := &plan{policy: auth.NewPolicy(app, e)}
	for _, part := range []struct {
		raw json.RawMessage
		dst **schema.Schema
	}{{e.RequestSchema, &p.request}, {e.ResponseSchema, &p.response}} {
		if part.raw == nil {
			continue
		}
		compiled, err := schema.Compile(part.raw)
		if err != nil {
			p.fault = err
		}
		*part.dst = compiled
	}
	return p
}
