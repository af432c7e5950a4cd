package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// repeats is how often a module runs again because other transactions were in
// the way of its own.
const repeats = 3

// repeat runs the module, and again from its beginning as long as others change
// the same data at the same time, it did nothing but read and write data, and
// there is time. What it wrote is committed before it is answered.
func (c *call) repeat(ctx context.Context, input []byte) (host.Response, error) {
	timeout := time.Duration(c.endpoint.TimeoutMS) * time.Millisecond
	end := time.Now().Add(timeout)
	for attempt := 0; ; attempt++ {
		response, err := c.attempt(ctx, input, timeout)
		if c.session == nil || !c.session.MayRepeat() || attempt == repeats || !capability.Pause(ctx, attempt) {
			return response, err
		}
		if timeout = time.Until(end); timeout <= 0 {
			return response, err
		}
		c.trace.log(host.LogWarn, "The module runs again: others changed the same data at the same time")
		c.session, c.trace.reason = nil, ""
	}
}

// attempt is one run, with its own transaction. The module's answer decides what
// becomes of it: below 400 it is committed. If the transaction cannot be, or broke
// before, that is the answer, whatever the module says.
func (c *call) attempt(ctx context.Context, input []byte, timeout time.Duration) (host.Response, error) {
	response, err := c.execute(ctx, input, timeout)
	if c.session == nil {
		return response, err
	}
	c.session.Finish(err == nil && response.Status < http.StatusBadRequest)
	c.trace.stage("commit")
	if c.session.Late() {
		c.trace.log(host.LogWarn, "Its transaction had to wait for those of others until the time was up")
	}
	broken := c.session.Over()
	if broken == nil || host.CodeOf(err) == host.CodeModuleTimeout { // which breaks it, too
		return response, err
	}
	c.trace.reason = "what the module wrote was not committed: " + host.AsError(broken).Message
	return host.Response{}, broken
}

// openData is called when the module first touches data. It takes the newest
// definitions: when one was changed in its way, a module runs again.
func (c *call) openData(ctx context.Context) *capability.Call {
	app := c.place.App
	c.session = capability.NewSession(ctx, c.gateway.Store, app.ID, c.endpoint.Atomic)
	return &capability.Call{
		Granted: app.Grants, Log: c.trace.log, Data: c.session, Objects: c.gateway.state.Load().objectsOf(app.ID),
		AppID: app.ID, Hosts: app.AllowedHosts, Invoke: c.invoke,
		MaxOperations: c.gateway.MaxOperations, MaxRequests: c.gateway.MaxRequests,
		Secrets: func(ctx context.Context, name string) (string, error) {
			return c.gateway.Store.SecretValue(ctx, app.ID, name)
		},
		Fault: func(err error) {
			c.gateway.Log.ErrorContext(ctx, "a data operation failed", "app", app.ID, "request_id", c.request.ID, "error", err)
		},
	}
}
