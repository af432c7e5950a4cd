// Package admin is the management API: apps, modules, endpoints, releases,
// credentials, invocations, members and the organization over REST.
//
// It owns the routes below /v1, the public list of the keys that verify
// tokens, their request and answer shapes, and the OpenAPI document made from
// them. It decodes, asks the domain, stores through
// the host interfaces and has the change put into force before it answers. It
// must not know SQL, how modules run or how requests are routed: those reach
// it as functions of Config.
package admin

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
)

// Store is everything the management API reads and writes.
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
	host.ObjectStore
	host.RecordStore
}

// Config is what the management API needs of the rest of the house.
type Config struct {
	Store       Store
	Invocations host.InvocationStore
	Credentials *auth.Table
	// Refresh puts every committed change into force in this process.
	Refresh func(context.Context) error
	// Unwrap takes the module out of an upload, which may be an Extism
	// manifest. Check compiles an upload's module. Errors: CodeInvalid.
	Unwrap func(upload []byte) (wasm []byte, err error)
	Check  func(ctx context.Context, upload []byte) error
	// Warm starts the module of an endpoint. Errors: CodeInvalid with the
	// reason if it does not start.
	Warm func(ctx context.Context, app *host.App, e *host.Endpoint) error
	// CheckSchema compiles a JSON Schema. Errors: CodeInvalid.
	CheckSchema func(json.RawMessage) error
	// SaveKey keeps a regenerated organization key where the command line
	// finds it, if it can.
	SaveKey func(key string)
	// MaxModuleBytes bounds an upload.
	MaxModuleBytes int64
	// ManagementHosts are the hosts of the management API: no app may claim
	// one as its domain.
	ManagementHosts []string
	// OutboundPrivate tells that the host may call private addresses.
	OutboundPrivate bool
	// Failed counts a call with a credential that is not valid. When its
	// address has made too many, the error takes the place of the refusal, and
	// retryAfter is the time to wait in seconds.
	Failed func(client netip.Addr) (retryAfter int64, err error)
	// Managed notes that a member made a call.
	Managed func(memberID string)
	Log     *slog.Logger
}

// API is the management API. Make one with New.
type API struct {
	Config
	huma huma.API
	jwks jwksCache
	// What may still go to the audit log of refused calls, of known callers
	// and of all others.
	refusals, strangers budget
}

// New returns an API that is not mounted yet.
func New(c Config) *API { return &API{Config: c} }

// Mount adds the routes of the management API to app, whose error handler
// answers the errors they return.
func (a *API) Mount(app *fiber.App) {
	app.Use("/v1", a.auditRefusals, a.authenticate, assumeJSON, collectError)
	app.Use("/.well-known", collectError)
	a.huma = humafiber.New(app, describe())
	a.appRoutes()
	a.moduleRoutes()
	a.endpointRoutes()
	a.releaseRoutes()
	a.archiveRoutes()
	a.keyRoutes()
	a.tokenRoutes()
	a.signingKeyRoutes()
	a.groupRoutes()
	a.issuerRoutes()
	a.objectRoutes()
	a.recordRoutes()
	a.settingRoutes()
	a.invocationRoutes()
	a.organizationRoutes()
	a.memberRoutes()
	a.auditRoutes()
	a.documentRoutes()
	a.complete()
	a.reference(app)
}

// OpenAPI returns the OpenAPI 3.1 document of the mounted API, in JSON.
func (a *API) OpenAPI() ([]byte, error) { return json.Marshal(a.huma.OpenAPI()) }

// describe is the head of the OpenAPI document.
func describe() huma.Config {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schemas.RegisterTypeAlias(reflect.TypeFor[host.Time](), reflect.TypeFor[time.Time]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			OnAddOperation: []huma.AddOpFunc{func(_ *huma.OpenAPI, op *huma.Operation) {
				delete(op.Responses, "422") // huma's status for what is 400 here
			}},
			Info: &huma.Info{
				Title: "Postern management API", Version: "1",
				Description: "Apps, modules, endpoints, releases, credentials, invocations, members and the audit log of a Postern host.",
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: schemas,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"organizationKey": {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "The organization API key, apps_…"},
					"memberToken":     {Type: "http", Scheme: "bearer", Description: "The token of a member, pat_…"},
				},
			},
		},
		OpenAPIPath:   "/openapi",
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
	}
}

// authenticate finds out who calls, before a body is read.
func (a *API) authenticate(c *fiber.Ctx) error {
	who, err := a.Credentials.Manage(c.Get("X-API-Key"), c.Get("Authorization"))
	if err != nil {
		return a.refuse(c, err)
	}
	if who.Kind == host.ActorMember {
		a.Managed(who.ID)
	}
	c.Locals(actorKey{}, who)
	return c.Next()
}

// live puts committed changes into force. The change itself is safe if this
// fails: the caller learns that it may take a moment longer.
func (a *API) live(ctx context.Context) error {
	if err := a.Refresh(ctx); err != nil {
		return host.Caused(host.CodeUnavailable, err, "The change is saved, but is not in force yet")
	}
	return nil
}

// soon is live for an answer that shows a secret: it must reach the client even
// if the change comes into force only when this process next looks.
func (a *API) soon(ctx context.Context) {
	if err := a.Refresh(ctx); err != nil {
		a.Log.ErrorContext(ctx, "change saved, but not in force yet", "error", err)
	}
}

// methods used by the routes, short for their tables.
const (
	get    = http.MethodGet
	post   = http.MethodPost
	patch  = http.MethodPatch
	remove = http.MethodDelete
)
