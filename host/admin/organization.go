package admin

import (
	"context"

	"github.com/posternhq/postern/host"
)

type organizationOutput struct {
	Body struct {
		Success      bool               `json:"success"`
		Organization *host.Organization `json:"organization"`
	}
}

type regenerated struct {
	Body struct {
		Success bool   `json:"success"`
		APIKey  string `json:"api_key" doc:"The new organization API key, shown once"`
	}
}

func (a *API) organizationRoutes() {
	register(a, operation{id: "get-organization", method: get, path: "/v1/organization", summary: "Show the organization", tag: "organization"}, a.getOrganization)
	register(a, operation{id: "regenerate-organization-key", method: post, path: "/v1/organization/api-key/regenerate", summary: "Replace the organization API key; the old one ends at once", tag: "organization"}, a.regenerate)
}

func (a *API) getOrganization(ctx context.Context, _ *struct{}) (*organizationOutput, error) {
	org, err := a.Store.Organization(ctx)
	if err != nil {
		return nil, err
	}
	out := &organizationOutput{}
	out.Body.Success, out.Body.Organization = true, org
	return out, nil
}

func (a *API) regenerate(ctx context.Context, _ *struct{}) (*regenerated, error) {
	key := host.NewOrganizationKey()
	_, err := a.Store.UpdateOrganization(ctx, func(org *host.Organization) error {
		org.KeyHash, org.UpdatedAt = host.HashSecret(key), host.Now()
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.SaveKey(key)
	out := &regenerated{}
	out.Body.Success, out.Body.APIKey = true, key
	a.soon(ctx)
	return out, nil
}
