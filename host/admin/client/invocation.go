package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/posternhq/postern/host"
)

// Invocations lists an app's invocations, newest first.
func (c *Client) Invocations(ctx context.Context, app string, filter host.InvocationFilter, page host.Page) (List[*host.Invocation], error) {
	query := url.Values{}
	if filter.EndpointID != "" {
		query.Set("endpoint", filter.EndpointID)
	}
	if filter.Failed {
		query.Set("failed", "true")
	}
	if filter.After != "" {
		query.Set("after", filter.After)
	}
	return list[*host.Invocation](ctx, c, "invocations", []string{"apps", app, "invocations"}, query, page)
}

// Invocation shows one invocation by the id of its request.
func (c *Client) Invocation(ctx context.Context, app, requestID string) (*host.Invocation, error) {
	var out struct {
		Invocation host.Invocation `json:"invocation"`
	}
	if _, err := c.into(ctx, call{method: http.MethodGet, path: []string{"apps", app, "invocations", requestID}}, &out); err != nil {
		return nil, err
	}
	return &out.Invocation, nil
}
