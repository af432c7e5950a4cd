package client

import (
	"context"
	"net/http"

	"github.com/posternhq/postern/host"
)

// Organization shows the organization.
func (c *Client) Organization(ctx context.Context) (*host.Organization, error) {
	return c.organization(ctx, call{method: http.MethodGet, path: []string{"organization"}})
}

func (c *Client) organization(ctx context.Context, what call) (*host.Organization, error) {
	var out struct {
		Organization host.Organization `json:"organization"`
	}
	if _, err := c.into(ctx, what, &out); err != nil {
		return nil, err
	}
	return &out.Organization, nil
}

// OrganizationFields are the writable fields of the organization. Only members
// may change APIKeyEnabled.
type OrganizationFields struct {
	Name          Field[string] `json:"name,omitzero"`
	APIKeyEnabled Field[bool]   `json:"api_key_enabled,omitzero"`
}

// UpdateOrganization changes the fields that are present.
func (c *Client) UpdateOrganization(ctx context.Context, fields OrganizationFields) (*host.Organization, error) {
	return c.organization(ctx, call{method: http.MethodPatch, path: []string{"organization"}, body: fields})
}

// RegenerateAPIKey replaces the organization API key and returns the new one.
// The old one, which this client uses, ends at once: make a new client.
func (c *Client) RegenerateAPIKey(ctx context.Context) (string, error) {
	var out struct {
		APIKey string `json:"api_key"`
	}
	_, err := c.into(ctx, call{method: http.MethodPost, path: []string{"organization", "api-key", "regenerate"}}, &out)
	return out.APIKey, err
}
