package client

import (
	"context"
	"net/http"

	"github.com/posternhq/postern/host"
)

// IssuerFields are the writable fields of an issuer.
type IssuerFields struct {
	Name           Field[string]            `json:"name,omitzero"`
	Issuer         Field[string]            `json:"issuer,omitzero"`
	Audience       Field[[]string]          `json:"audience,omitzero"`
	Algorithms     Field[[]string]          `json:"algorithms,omitzero"`
	PublicKey      Field[string]            `json:"public_key,omitzero"`
	JWKSURL        Field[string]            `json:"jwks_url,omitzero"`
	RequiredClaims Field[host.Claims]       `json:"required_claims,omitzero"`
	ClaimVariables Field[map[string]string] `json:"claim_variables,omitzero"`
	RateLimit      Field[host.RateLimit]    `json:"rate_limit,omitzero"`
	Enabled        Field[bool]              `json:"enabled,omitzero"`
}

// CreateIssuer has an app accept the JWTs of an issuer.
func (c *Client) CreateIssuer(ctx context.Context, app string, fields IssuerFields) (*host.Issuer, error) {
	return c.issuer(ctx, call{method: http.MethodPost, path: []string{"apps", app, "issuers"}, body: fields})
}

// Issuer shows an issuer by its id.
func (c *Client) Issuer(ctx context.Context, app, id string) (*host.Issuer, error) {
	return c.issuer(ctx, call{method: http.MethodGet, path: []string{"apps", app, "issuers", id}})
}

// Issuers lists the issuers of an app, newest first.
func (c *Client) Issuers(ctx context.Context, app string, page host.Page) (List[*host.Issuer], error) {
	return list[*host.Issuer](ctx, c, "issuers", []string{"apps", app, "issuers"}, nil, page)
}

// UpdateIssuer changes the fields that are present.
func (c *Client) UpdateIssuer(ctx context.Context, app, id string, fields IssuerFields, options ...Option) (*host.Issuer, error) {
	return c.issuer(ctx, call{method: http.MethodPatch, path: []string{"apps", app, "issuers", id}, body: fields, options: options})
}

// DeleteIssuer has an app refuse the JWTs of an issuer at once.
func (c *Client) DeleteIssuer(ctx context.Context, app, id string, options ...Option) error {
	return c.remove(ctx, []string{"apps", app, "issuers", id}, options)
}

func (c *Client) issuer(ctx context.Context, what call) (*host.Issuer, error) {
	var out struct {
		Issuer host.Issuer `json:"issuer"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, err
	}
	out.Issuer.Revision = revision(response)
	return &out.Issuer, nil
}
