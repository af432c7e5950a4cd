package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/payload"
	"github.com/posternhq/postern/host/route"
)

// Serve answers one request. An error is a *host.Error, or our own fault; the
// response then holds the headers that go out with it.
func (g *Gateway) Serve(ctx context.Context, r *host.Request) (host.Response, error) {
	s := g.state.Load()
	place, err := s.routes.Find(r.Host, r.Path)
	if err != nil {
		return host.Response{}, err
	}
	t := newTrace(r, place.App)
	response, err := g.answer(ctx, s, r, place, t)
	g.finish(r, place, &response)
	g.Recorder.record(t.done(g.status(response, err), err))
	return response, err
}

// answer decides what a request to an app gets.
func (g *Gateway) answer(ctx context.Context, s *state, r *host.Request, place route.Place, t *trace) (host.Response, error) {
	if place.App.Status != host.AppActive {
		return host.Response{}, host.Errorf(host.CodeForbidden, "The app is not active")
	}
	match, err := place.Match(r.Method)
	if err != nil {
		return host.Response{}, err
	}
	if match.Endpoint == nil {
		return unmatched(r, match.Allow)
	}
	t.matched(match.Endpoint, place.Release)
	p := s.plan(place.App.ID, match.Endpoint.ID)
	if p.fault != nil {
		return host.Response{}, host.Caused(host.CodeInternal, p.fault, "The endpoint cannot be served")
	}
	caller, err := g.Credentials.Admit(ctx, p.policy, r)
	t.stage("auth")
	if err != nil {
		t.reason = auth.Reason(err)
		return g.refuse(r, err)
	}
	t.called(caller)
	standing, err := g.charge(ctx, place.App, match.Endpoint, caller)
	if err != nil {
		var response host.Response
		announce(&response, standing)
		return response, err
	}
	c := &call{gateway: g, state: s, request: r, place: place, endpoint: match.Endpoint, params: match.Params, plan: p, caller: caller, trace: t}
	response, err := c.run(ctx)
	announce(&response, standing)
	return response, err
}

// unmatched answers a method that no endpoint of the path has.
func unmatched(r *host.Request, allow []string) (host.Response, error) {
	var response host.Response
	response.Set("Allow", strings.Join(allow, ", "))
	if r.Method == http.MethodOptions {
		response.Status = http.StatusNoContent
		preflight(r, allow, &response)
		return response, nil
	}
	return response, host.Errorf(host.CodeMethodNotAllowed, "The path does not have the method %s", method(r.Method))
}

// method is a request's method as far as it may be repeated in a sentence.
func method(s string) string {
	if slices.Contains(host.Methods, s) {
		return s
	}
	return "requested"
}

// call is one run of an endpoint's module.
type call struct {
	gateway  *Gateway
	state    *state // in which the request was found its place
	request  *host.Request
	place    route.Place
	endpoint *host.Endpoint
	params   map[string]string
	plan     *plan
	caller   *host.Caller
	trace    *trace
	session  *capability.Session // of the run under way; nil before it touches data
}

// run takes an admitted request from its body to the response.
func (c *call) run(ctx context.Context) (host.Response, error) {
	body, err := readBody(c.request, c.endpoint.MaxBodyBytes)
	if err != nil {
		return host.Response{}, err
	}
	input, err := c.input(body)
	if err != nil {
		return host.Response{}, err
	}
	c.trace.stage("payload")
	return c.repeat(ctx, input)
}

// A client gets room for a body as it sends one: what it announces is not what
// it sends. There is bodyRoom at once, and then bodyGrowth times what is there,
// but no more than was announced. smallBody is the room for one that was not.
const (
	bodyRoom   = 64 << 10
	bodyGrowth = 16
	smallBody  = 512
)

// readBody reads a body of at most limit bytes.
func readBody(r *host.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, bodyTooLarge(limit)
	}
	body, err := readAll(io.LimitReader(r.Body, limit+1), r.ContentLength)
	var known *host.Error
	switch {
	case errors.As(err, &known):
		return nil, known
	case err != nil:
		return nil, host.Caused(host.CodeInvalid, err, "The body could not be read to its end")
	case int64(len(body)) > limit:
		return nil, bodyTooLarge(limit)
	}
	return body, nil
}

// roomFor is the room for a body of which there is so much: all that was
// announced and a byte to be told of the end, or what bodyGrowth allows, or
// twice as much if it is longer than was said.
func roomFor(have, announced int64) int64 {
	if announced < have {
		return 2 * have
	}
	return min(announced+1, bodyGrowth*have)
}

// readAll is io.ReadAll that knows about how much will come, if announced is not
// negative: a large body is not copied time and again while it grows.
func readAll(from io.Reader, announced int64) ([]byte, error) {
	body := make([]byte, 0, min(max(announced, 0), bodyRoom)+smallBody)
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		}
		if have := int64(len(body)); have == int64(cap(body)) {
			body = append(make([]byte, 0, roomFor(have, announced)), body...)
		}
	}
}

func bodyTooLarge(limit int64) error {
	return host.Errorf(host.CodeTooLarge, "The body is larger than the endpoint's limit of %d bytes", limit)
}

// input is what the module gets: the payload, or the body as it came. Either
// way the body must meet the endpoint's request schema.
func (c *call) input(body []byte) ([]byte, error) {
	input := body
	if c.endpoint.Input == host.InputPayload {
		envelope, err := c.envelope(body)
		if err != nil {
			return nil, err
		}
		input = envelope
	}
	if c.plan.request != nil {
		if details, ok := c.plan.request.Validate(body); !ok {
			refused := host.Errorf(host.CodeInvalid, "The body does not meet the endpoint's request schema")
			refused.Details = details
			return nil, refused
		}
	}
	return input, nil
}

func (c *call) envelope(body []byte) ([]byte, error) {
	r := c.request
	fqdn := host.HostName(r.Host)
	if c.place.Run {
		fqdn = host.HostName(c.gateway.PublicHost)
	}
	return payload.Encode(payload.Input{
		Request: r, Path: c.place.Path, Params: c.params, Body: body,
		App: c.place.App, Endpoint: c.endpoint, Release: c.place.Release,
		Caller: c.caller, FQDN: fqdn,
	})
}

// execute runs the module once and makes a response of its output, for which it
// has so much time.
func (c *call) execute(ctx context.Context, input []byte, timeout time.Duration) (host.Response, error) {
	invocation := c.gateway.invocation(c.place.App, c.endpoint)
	invocation.Input, invocation.Log, invocation.Timeout = input, c.trace.log, timeout
	invocation.Config = c.state.variablesOf(c.place.App.ID)
	invocation.Data = func() *capability.Call { return c.openData(ctx) }
	result, err := c.gateway.Engine.Call(ctx, invocation)
	c.trace.stage("module")
	c.trace.ran(result)
	if err != nil {
		return overloaded(err), c.explain(err)
	}
	return c.respond(result.Output)
}

// invocation is what the engine needs to know of an endpoint.
func (g *Gateway) invocation(app *host.App, e *host.Endpoint) engine.Call {
	return engine.Call{
		App: app.ID, Endpoint: e.ID, Function: e.Function, Digest: e.Module.Digest,
		Isolation: e.Isolation, RepeatRandom: e.RepeatRandom,
		Load:        g.loader(e.Module.Digest),
		Timeout:     time.Duration(e.TimeoutMS) * time.Millisecond,
		MemoryPages: uint32(e.MemoryMB * host.PagesPerMB),
		OutputBytes: g.outputLimit(),
	}
}

// Warm starts the module of an endpoint that is about to become part of a
// release. Errors: CodeInvalid with the reason if it does not start.
func (g *Gateway) Warm(ctx context.Context, app *host.App, e *host.Endpoint) (err error) {
	defer host.Wrap(&err, "gateway.Warm(%q)", e.ID)
	start := g.invocation(app, e)
	// The release is being made meanwhile, and others wait for theirs.
	start.Timeout = min(start.Timeout, host.DefaultTimeout)
	return g.Engine.Warm(ctx, start)
}

// outputLimit bounds the output of a module. A response may be twice its body,
// because base64 and the escapes of JSON lengthen it; the body is measured
// again when it is decoded.
func (g *Gateway) outputLimit() int64 { return 2*g.MaxResponseBytes + 64<<10 }

// overloaded tells when to come back.
func overloaded(err error) host.Response {
	var response host.Response
	if host.CodeOf(err) == host.CodeOverloaded {
		response.Set("Retry-After", "1")
	}
	return response
}

// explain adds to the failure of a module what its developers may see: the
// reason goes to the log of the invocation, and in development to the wire.
func (c *call) explain(err error) error {
	failure := *host.AsError(err)
	if failure.Err == nil || failure.Code != host.CodeModuleFailed && failure.Code != host.CodeInvalidResponse {
		return err // no fault of the module, or the message says it all
	}
	c.trace.reason = failure.Err.Error()
	if failure.Code == host.CodeModuleFailed && c.place.App.Environment == host.Development {
		failure.Details = c.trace.reason
	}
	return &failure
}

// describes tells whether a response schema is for answers with this status: it
// is not for those that fail, lead elsewhere or have no body.
func describes(status int) bool {
	return status < http.StatusMultipleChoices && status != http.StatusNoContent
}

// respond makes the response of a module's output.
func (c *call) respond(output []byte) (host.Response, error) {
	answer, err := payload.Decode(output)
	if err != nil {
		return host.Response{}, c.explain(err)
	}
	for _, warning := range answer.Warnings {
		c.trace.log(host.LogWarn, warning)
	}
	if size := int64(len(answer.Response.Body)); size > c.gateway.MaxResponseBytes {
		return host.Response{}, c.explain(host.Caused(host.CodeInvalidResponse, errTooLarge(size, c.gateway.MaxResponseBytes), "The module's response is not valid"))
	}
	if c.plan.response != nil && describes(answer.Response.Status) {
		if details, ok := c.plan.response.Validate(answer.Response.Body); !ok {
			return host.Response{}, c.explain(host.Caused(host.CodeInvalidResponse, errSchema(details), "The module's response is not valid"))
		}
	}
	c.trace.stage("response")
	return answer.Response, nil
}
