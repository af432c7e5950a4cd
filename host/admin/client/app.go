package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/posternhq/postern/host"
)

// AppFields are the writable fields of an app. Environment counts only when
// the app is created.
type AppFields struct {
	Name                  Field[string]          `json:"name,omitzero"`
	Environment           Field[string]          `json:"environment,omitzero"`
	Domains               Field[[]string]        `json:"domains,omitzero"`
	Description           Field[string]          `json:"description,omitzero"`
	WebsiteURL            Field[string]          `json:"website_url,omitzero"`
	AuthorizedDomains     Field[[]string]        `json:"authorized_domains,omitzero"`
	DataRetentionDays     Field[int]             `json:"data_retention_days,omitzero"`
	Timezone              Field[string]          `json:"timezone,omitzero"`
	EngagementPlatform    Field[string]          `json:"engagement_platform,omitzero"`
	EngagementCredentials Field[json.RawMessage] `json:"engagement_credentials,omitzero"`
	EmailPlatform         Field[string]          `json:"email_platform,omitzero"`
	EmailCredentials      Field[json.RawMessage] `json:"email_credentials,omitzero"`
	WebhookEnabled        Field[bool]            `json:"webhook_enabled,omitzero"`
	WebhookUseQueryParams Field[bool]            `json:"webhook_use_query_params,omitzero"`
	WebhookURL            Field[string]          `json:"webhook_url,omitzero"`
	ContextInfo           Field[string]          `json:"context_info,omitzero"`
	RateLimit             Field[host.RateLimit]  `json:"rate_limit,omitzero"`
	Capabilities          Field[[]string]        `json:"capabilities,omitzero"`
	AllowedHosts          Field[[]string]        `json:"allowed_hosts,omitzero"`
}

// CreateApp creates an app.
func (c *Client) CreateApp(ctx context.Context, fields AppFields) (*host.App, error) {
	return c.app(ctx, call{method: http.MethodPost, path: []string{"apps"}, body: fields})
}

// App shows an app by its id, its slug (in production) or slug@environment.
func (c *Client) App(ctx context.Context, app string) (*host.App, error) {
	return c.app(ctx, call{method: http.MethodGet, path: []string{"apps", app}})
}

// Apps lists apps, newest first.
func (c *Client) Apps(ctx context.Context, page host.Page) (List[*host.App], error) {
	return list[*host.App](ctx, c, "apps", []string{"apps"}, nil, page)
}

// AppOpenAPI returns the OpenAPI document of an app's own endpoints, in JSON.
func (c *Client) AppOpenAPI(ctx context.Context, app string) (json.RawMessage, error) {
	var document json.RawMessage
	_, err := c.into(ctx, call{method: http.MethodGet, path: []string{"apps", app, "openapi.json"}}, &document)
	return document, err
}

// UpdateApp changes the fields that are present.
func (c *Client) UpdateApp(ctx context.Context, app string, fields AppFields, options ...Option) (*host.App, error) {
	return c.app(ctx, call{method: http.MethodPatch, path: []string{"apps", app}, body: fields, options: options})
}

// DeleteApp deletes an app and everything that belongs to it.
func (c *Client) DeleteApp(ctx context.Context, app string, options ...Option) error {
	return c.remove(ctx, []string{"apps", app}, options)
}

func (c *Client) app(ctx context.Context, what call) (*host.App, error) {
	out := struct {
		App *host.App `json:"app"`
	}{App: &host.App{}}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, err
	}
	out.App.Revision = revision(response)
	return out.App, nil
}
