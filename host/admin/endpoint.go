package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// EndpointBody is what a client may write of an endpoint.
type EndpointBody struct {
	Name                   field[string]            `json:"name,omitempty" doc:"What it is called, 1-100 characters; need not be unique"`
	Method                 field[string]            `json:"method,omitempty" doc:"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or TRACE; GET answers HEAD as well"`
	Path                   field[string]            `json:"path,omitempty" doc:"Template such as /orders/{id}"`
	Module                 field[string]            `json:"module,omitempty" doc:"Name (the newest version), name@version or digest"`
	Function               field[string]            `json:"function,omitempty" nullable:"true" doc:"Exported function; handle unless given"`
	RequiresAuthentication field[bool]              `json:"requires_authentication,omitempty" nullable:"true" doc:"Whether a caller needs a credential; true unless given"`
	KeyGroups              field[[]string]          `json:"key_groups,omitempty" nullable:"true" doc:"Groups whose credentials may call; empty admits every valid credential"`
	AllowedIPs             field[[]string]          `json:"allowed_ips,omitempty" nullable:"true" doc:"Addresses and CIDR ranges that may call; empty admits all"`
	RequiredVariables      field[map[string]string] `json:"required_variables,omitempty" nullable:"true" doc:"Variables a credential must carry, matched exactly"`
	RateLimit              limitField               `json:"rate_limit,omitempty" doc:"How often the endpoint may be called by all together; null for no bound"`
	TimeoutMS              field[int]               `json:"timeout_ms,omitempty" nullable:"true" doc:"How long one invocation may take, in milliseconds, at most 60000; 5000 unless given"`
	MemoryMB               field[int]               `json:"memory_mb,omitempty" nullable:"true" doc:"How much memory one invocation may use, in MiB, at most 1024; 64 unless given"`
	MaxBodyBytes           field[int64]             `json:"max_body_bytes,omitempty" nullable:"true" doc:"Size of the largest request body, at most 64 MiB; 5 MiB unless given"`
	Isolation              field[string]            `json:"isolation,omitempty" nullable:"true" doc:"reset: every invocation starts from the same memory; reuse: an instance goes on as it is; fresh: a new instance for each. reset unless given"`
	RepeatRandom           field[bool]              `json:"repeat_random,omitempty" nullable:"true" doc:"Insists on the isolation reset for a module that draws random bytes before its snapshot: every call begins with the same ones"`
	Input                  field[string]            `json:"input,omitempty" nullable:"true" doc:"payload: the module gets the payload; body: the raw request body, as Extism plug-ins expect. payload unless given"`
	Atomic                 field[bool]              `json:"atomic,omitempty" nullable:"true" doc:"Whether the writes of an invocation are one transaction; true unless given"`
	RequestSchema          field[json.RawMessage]   `json:"request_schema,omitempty"`
	ResponseSchema         field[json.RawMessage]   `json:"response_schema,omitempty"`
	Enabled                field[bool]              `json:"enabled,omitempty" nullable:"true" doc:"Whether the endpoint answers at all; true unless given"`
}

// apply writes the fields that were sent to e, except Module. A null gives a
// field that has a default its default back.
func (b *EndpointBody) apply(e *host.Endpoint) error {
	fresh := host.NewEndpoint()
	reset(b.Function, &e.Function, fresh.Function)
	reset(b.RequiresAuthentication, &e.RequiresAuthentication, fresh.RequiresAuthentication)
	reset(b.KeyGroups, &e.KeyGroups, fresh.KeyGroups)
	reset(b.AllowedIPs, &e.AllowedIPs, fresh.AllowedIPs)
	reset(b.RequiredVariables, &e.RequiredVariables, fresh.RequiredVariables)
	reset(b.TimeoutMS, &e.TimeoutMS, fresh.TimeoutMS)
	reset(b.MemoryMB, &e.MemoryMB, fresh.MemoryMB)
	reset(b.MaxBodyBytes, &e.MaxBodyBytes, fresh.MaxBodyBytes)
	reset(b.Isolation, &e.Isolation, fresh.Isolation)
	reset(b.RepeatRandom, &e.RepeatRandom, fresh.RepeatRandom)
	reset(b.Input, &e.Input, fresh.Input)
	reset(b.Atomic, &e.Atomic, fresh.Atomic)
	reset(b.Enabled, &e.Enabled, fresh.Enabled)
	b.RateLimit.to(&e.RateLimit)
	clearable(b.RequestSchema, &e.RequestSchema)
	clearable(b.ResponseSchema, &e.ResponseSchema)
	for _, err := range []error{
		b.Name.to("name", &e.Name),
		b.Method.to("method", &e.Method),
		b.Path.to("path", &e.Path),
	} {
		if err != nil {
			return err
		}
	}
	e.Method = strings.ToUpper(e.Method)
	return nil
}

// reset writes the value of a field that was sent, fallback if it is null.
func reset[T any](f field[T], dst *T, fallback T) {
	if f.set {
		*dst = f.or(fallback)
	}
}

// pin resolves the module of an endpoint and checks that it can serve it.
func (a *API) pin(d *host.Draft, e *host.Endpoint, ref string) error {
	parsed, err := host.ParseModuleRef(ref)
	if err != nil {
		return err
	}
	m, err := d.FindModule(parsed)
	if err != nil {
		return err
	}
	e.Module = host.PinnedModule{Name: m.Name, Version: m.Version, Digest: m.Digest}
	return nil
}

// settle validates an endpoint of a draft together with its module.
func (a *API) settle(d *host.Draft, e *host.Endpoint) error {
	if err := e.Validate(); err != nil {
		return err
	}
	m, err := d.FindModule(host.ModuleRef{Digest: e.Module.Digest})
	if err != nil {
		return err
	}
	if err := checkFunction(m, e); err != nil {
		return err
	}
	for _, schema := range []struct {
		field string
		raw   json.RawMessage
	}{{"request_schema", e.RequestSchema}, {"response_schema", e.ResponseSchema}} {
		if schema.raw == nil {
			continue
		}
		if err := a.CheckSchema(schema.raw); err != nil {
			return host.Errorf(host.CodeInvalid, "%s: %s", schema.field, host.AsError(err).Message)
		}
	}
	return nil
}

// checkFunction refuses a function the module lacks or that cannot be called,
// and a memory limit below what the module starts with. Another module of the
// app may have the same bytes: the one that was asked for is named.
func checkFunction(m *host.Module, e *host.Endpoint) error {
	export := m.Export(e.Function)
	if export == nil || export.Kind != host.FuncKind {
		return host.Errorf(host.CodeInvalid, "function: module %s@%d does not export a function called %q%s", e.Module.Name, e.Module.Version, e.Function, offer(m))
	}
	if !export.Callable {
		return host.Errorf(host.CodeInvalid, "function: %q of module %s@%d cannot be called: it must take no parameters and return nothing or one i32", e.Function, e.Module.Name, e.Module.Version)
	}
	if int64(m.MemoryPages) > int64(e.MemoryMB)*host.PagesPerMB {
		return host.Errorf(host.CodeInvalid, "memory_mb: module %s@%d starts with %d MiB, more than the limit of %d", e.Module.Name, e.Module.Version, (m.MemoryPages+host.PagesPerMB-1)/host.PagesPerMB, e.MemoryMB)
	}
	return nil
}

// offer names what could be called instead.
func offer(m *host.Module) string {
	var names []string
	for _, export := range m.Exports {
		if export.Callable && len(names) < 10 {
			names = append(names, export.Name)
		}
	}
	if len(names) == 0 {
		return "; it exports none that can be called"
	}
	return "; it exports " + strings.Join(names, ", ")
}

type endpointOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success  bool           `json:"success"`
		Endpoint *host.Endpoint `json:"endpoint"`
		Release  *madeRelease   `json:"release,omitempty" doc:"The release that the change made"`
		Warnings []string       `json:"warnings,omitempty" doc:"What is allowed, but hardly meant"`
	}
}

type madeRelease struct {
	Number int `json:"number"`
}

func newEndpointOutput(e *host.Endpoint, r *host.Release, warnings ...string) *endpointOutput {
	out := &endpointOutput{ETag: etag(e.Revision)}
	out.Body.Success, out.Body.Endpoint, out.Body.Warnings = true, e, warnings
	if r != nil {
		out.Body.Release = &madeRelease{r.Number}
	}
	return out
}

type endpointsOutput struct {
	Body struct {
		Success    bool            `json:"success"`
		Endpoints  []host.Endpoint `json:"endpoints"`
		Pagination pagination      `json:"pagination"`
	}
}

// EndpointPath is part of the routes of one endpoint.
type EndpointPath struct {
	AppPath
	Endpoint string `path:"endpoint" doc:"Id of the endpoint"`
}

func (a *API) endpointRoutes() {
	register(a, operation{id: "create-endpoint", method: post, path: "/v1/apps/{app}/endpoints", summary: "Create an endpoint; makes a release", tag: "endpoints", status: 201}, a.createEndpoint)
	register(a, operation{id: "list-endpoints", method: get, path: "/v1/apps/{app}/endpoints", summary: "List the endpoints of the active release", tag: "endpoints"}, a.listEndpoints)
	register(a, operation{id: "get-endpoint", method: get, path: "/v1/apps/{app}/endpoints/{endpoint}", summary: "Show an endpoint", tag: "endpoints"}, a.getEndpoint)
	register(a, operation{id: "update-endpoint", method: patch, path: "/v1/apps/{app}/endpoints/{endpoint}", summary: "Change an endpoint; makes a release", tag: "endpoints"}, a.updateEndpoint)
	register(a, operation{id: "delete-endpoint", method: remove, path: "/v1/apps/{app}/endpoints/{endpoint}", summary: "Delete an endpoint; makes a release", tag: "endpoints"}, a.deleteEndpoint)
}

func (a *API) createEndpoint(ctx context.Context, in *struct {
	AppPath
	Body EndpointBody
}) (*endpointOutput, error) {
	return a.saveEndpoint(ctx, in.App, &in.Body, func(d *host.Draft) (*host.Endpoint, error) {
		e := host.NewEndpoint()
		if err := a.fillEndpoint(d, e, &in.Body); err != nil {
			return nil, err
		}
		e.Revision = d.Number
		d.Endpoints = append(d.Endpoints, *e)
		d.Note = fmt.Sprintf("Create endpoint %s", e.Name)
		return e, nil
	})
}

// saveEndpoint makes a release with the endpoint that write has written to its
// draft, and answers with that.
func (a *API) saveEndpoint(ctx context.Context, ref string, body *EndpointBody, write func(*host.Draft) (*host.Endpoint, error)) (*endpointOutput, error) {
	app, err := a.Store.App(ctx, ref)
	if err != nil {
		return nil, err
	}
	warnings, err := a.missingGroups(ctx, app.ID, body.KeyGroups.value)
	if err != nil {
		return nil, err
	}
	id := ""
	release, err := a.change(ctx, app.ID, func(d *host.Draft) error {
		e, err := write(d)
		if err != nil {
			return err
		}
		id = e.ID
		return host.CheckEndpoints(d.Endpoints)
	})
	if err != nil {
		return nil, err
	}
	return newEndpointOutput(release.Endpoint(id), release, warnings...), a.live(ctx)
}

// fillEndpoint writes a body to an endpoint and settles it. A new endpoint
// needs a module; a changed one keeps the one it has unless another is named.
func (a *API) fillEndpoint(d *host.Draft, e *host.Endpoint, body *EndpointBody) error {
	if err := body.apply(e); err != nil {
		return err
	}
	if !body.Module.set && e.Module.Digest == "" || body.Module.null {
		return host.Errorf(host.CodeInvalid, "module is required: a name, name@version or a digest")
	}
	if body.Module.set {
		if err := a.pin(d, e, body.Module.value); err != nil {
			return err
		}
	}
	return a.settle(d, e)
}

// active returns the app's active release, an empty one before the first.
func (a *API) active(ctx context.Context, ref string) (*host.Release, error) {
	app, err := a.Store.App(ctx, ref)
	if err != nil {
		return nil, err
	}
	if app.ActiveRelease == 0 {
		return &host.Release{AppID: app.ID}, nil
	}
	return a.Store.Release(ctx, app.ID, 0)
}

func (a *API) listEndpoints(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*endpointsOutput, error) {
	release, err := a.active(ctx, in.App)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(release.Endpoints)
	slices.SortStableFunc(all, func(x, y host.Endpoint) int { return strings.Compare(y.ID, x.ID) })
	page := in.page()
	shown := cut(all, page)
	out := &endpointsOutput{}
	out.Body.Success, out.Body.Endpoints = true, shown
	out.Body.Pagination = paginate(page, len(shown), len(all))
	return out, nil
}

// errNoEndpoint is the answer for an id the release does not have.
func errNoEndpoint() error { return host.Errorf(host.CodeNotFound, "Endpoint not found") }

func (a *API) getEndpoint(ctx context.Context, in *EndpointPath) (*endpointOutput, error) {
	release, err := a.active(ctx, in.App)
	if err != nil {
		return nil, err
	}
	e := release.Endpoint(in.Endpoint)
	if e == nil {
		return nil, errNoEndpoint()
	}
	return newEndpointOutput(e, nil), nil
}

func (a *API) updateEndpoint(ctx context.Context, in *struct {
	EndpointPath
	IfMatch string `header:"If-Match"`
	Body    EndpointBody
}) (*endpointOutput, error) {
	return a.saveEndpoint(ctx, in.App, &in.Body, func(d *host.Draft) (*host.Endpoint, error) {
		i, err := findAt(d.Endpoints, in.Endpoint, in.IfMatch)
		if err != nil {
			return nil, err
		}
		e := &d.Endpoints[i]
		if err := a.fillEndpoint(d, e, &in.Body); err != nil {
			return nil, err
		}
		e.Revision, e.UpdatedAt = d.Number, host.Now()
		d.Note = fmt.Sprintf("Change endpoint %s", e.Name)
		return e, nil
	})
}

func find(endpoints []host.Endpoint, id string) int {
	return slices.IndexFunc(endpoints, func(e host.Endpoint) bool { return e.ID == id })
}

// findAt finds an endpoint at the revision that If-Match asks for.
func findAt(endpoints []host.Endpoint, id, ifMatch string) (int, error) {
	i := find(endpoints, id)
	if i < 0 {
		return 0, errNoEndpoint()
	}
	return i, matchRevision(ifMatch, endpoints[i].Revision)
}

type deletedEndpoint struct {
	Body struct {
		Success bool        `json:"success"`
		Message string      `json:"message"`
		Release madeRelease `json:"release"`
	}
}

func (a *API) deleteEndpoint(ctx context.Context, in *struct {
	EndpointPath
	IfMatch string `header:"If-Match"`
}) (*deletedEndpoint, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	release, err := a.change(ctx, app.ID, func(d *host.Draft) error {
		i, err := findAt(d.Endpoints, in.Endpoint, in.IfMatch)
		if err != nil {
			return err
		}
		d.Note = fmt.Sprintf("Delete endpoint %s", d.Endpoints[i].Name)
		d.Endpoints = slices.Delete(d.Endpoints, i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &deletedEndpoint{}
	out.Body.Success, out.Body.Message = true, "Endpoint deleted successfully"
	out.Body.Release.Number = release.Number
	return out, a.live(ctx)
}
