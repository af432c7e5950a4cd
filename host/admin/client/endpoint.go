package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/posternhq/postern/host"
)

// EndpointFields are the writable fields of an endpoint. Module is a name (its
// newest version), name@version or a digest.
type EndpointFields struct {
	Name                   Field[string]            `json:"name,omitzero"`
	Method                 Field[string]            `json:"method,omitzero"`
	Path                   Field[string]            `json:"path,omitzero"`
	Module                 Field[string]            `json:"module,omitzero"`
	Function               Field[string]            `json:"function,omitzero"`
	RequiresAuthentication Field[bool]              `json:"requires_authentication,omitzero"`
	KeyGroups              Field[[]string]          `json:"key_groups,omitzero"`
	AllowedIPs             Field[[]string]          `json:"allowed_ips,omitzero"`
	RequiredVariables      Field[map[string]string] `json:"required_variables,omitzero"`
	RateLimit              Field[host.RateLimit]    `json:"rate_limit,omitzero"`
	TimeoutMS              Field[int]               `json:"timeout_ms,omitzero"`
	MemoryMB               Field[int]               `json:"memory_mb,omitzero"`
	MaxBodyBytes           Field[int64]             `json:"max_body_bytes,omitzero"`
	Isolation              Field[string]            `json:"isolation,omitzero"`
	RepeatRandom           Field[bool]              `json:"repeat_random,omitzero"`
	Input                  Field[string]            `json:"input,omitzero"`
	Atomic                 Field[bool]              `json:"atomic,omitzero"`
	RequestSchema          Field[json.RawMessage]   `json:"request_schema,omitzero"`
	ResponseSchema         Field[json.RawMessage]   `json:"response_schema,omitzero"`
	Enabled                Field[bool]              `json:"enabled,omitzero"`
}

// FieldsOf are the fields that make an endpoint like e, with its module pinned
// by digest.
func FieldsOf(e *host.Endpoint) EndpointFields {
	fields := EndpointFields{
		Name: Value(e.Name), Method: Value(e.Method), Path: Value(e.Path), Module: Value(e.Module.Digest), Function: Value(e.Function),
		RequiresAuthentication: Value(e.RequiresAuthentication), KeyGroups: Value(e.KeyGroups), AllowedIPs: Value(e.AllowedIPs),
		RequiredVariables: Value(e.RequiredVariables), TimeoutMS: Value(e.TimeoutMS), MemoryMB: Value(e.MemoryMB),
		MaxBodyBytes: Value(e.MaxBodyBytes), Isolation: Value(e.Isolation), RepeatRandom: Value(e.RepeatRandom),
		Input: Value(e.Input), Atomic: Value(e.Atomic),
		RequestSchema: Value(e.RequestSchema), ResponseSchema: Value(e.ResponseSchema), Enabled: Value(e.Enabled),
	}
	if e.RateLimit != nil {
		fields.RateLimit = Value(*e.RateLimit)
	}
	return fields
}

// CreateEndpoint adds an endpoint and returns it with the number of the
// release that this made.
func (c *Client) CreateEndpoint(ctx context.Context, app string, fields EndpointFields, options ...Option) (*host.Endpoint, int, error) {
	return c.endpoint(ctx, call{method: http.MethodPost, path: []string{"apps", app, "endpoints"}, body: fields, options: options})
}

// Endpoint shows an endpoint of the active release.
func (c *Client) Endpoint(ctx context.Context, app, id string) (*host.Endpoint, error) {
	e, _, err := c.endpoint(ctx, call{method: http.MethodGet, path: []string{"apps", app, "endpoints", id}})
	return e, err
}

// Endpoints lists the endpoints of the active release.
func (c *Client) Endpoints(ctx context.Context, app string, page host.Page) (List[*host.Endpoint], error) {
	return list[*host.Endpoint](ctx, c, "endpoints", []string{"apps", app, "endpoints"}, nil, page)
}

// UpdateEndpoint changes the fields that are present and returns the endpoint
// with the number of the release that this made.
func (c *Client) UpdateEndpoint(ctx context.Context, app, id string, fields EndpointFields, options ...Option) (*host.Endpoint, int, error) {
	return c.endpoint(ctx, call{method: http.MethodPatch, path: []string{"apps", app, "endpoints", id}, body: fields, options: options})
}

// DeleteEndpoint removes an endpoint and returns the number of the release
// that this made.
func (c *Client) DeleteEndpoint(ctx context.Context, app, id string, options ...Option) (int, error) {
	_, release, err := c.endpoint(ctx, call{method: http.MethodDelete, path: []string{"apps", app, "endpoints", id}, options: options})
	return release, err
}

func (c *Client) endpoint(ctx context.Context, what call) (*host.Endpoint, int, error) {
	var out struct {
		Endpoint host.Endpoint `json:"endpoint"`
		Release  struct {
			Number int `json:"number"`
		} `json:"release"`
	}
	if _, err := c.into(ctx, what, &out); err != nil {
		return nil, 0, err
	}
	return &out.Endpoint, out.Release.Number, nil
}
