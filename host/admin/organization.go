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

// organizationBody is what a client may write of the organization.
type organizationBody struct {
	Name          field[string] `json:"name,omitempty" doc:"What it is called, 1-100 characters"`
	APIKeyEnabled field[bool]   `json:"api_key_enabled,omitempty" doc:"Only members may change it, so that the organization API key cannot lock itself out"`
}

// apply writes the fields that were sent to org and validates it.
func (b *organizationBody) apply(org *host.Organization) error {
	if err := b.Name.to("name", &org.Name); err != nil {
		return err
	}
	if err := b.APIKeyEnabled.to("api_key_enabled", &org.APIKeyEnabled); err != nil {
		return err
	}
	return org.Validate()
}

type regenerated struct {
	Body struct {
		Success bool   `json:"success"`
		APIKey  string `json:"api_key" doc:"The new organization API key, shown once"`
	}
}

func (a *API) organizationRoutes() {
	register(a, operation{id: "get-organization", method: get, path: "/v1/organization", summary: "Show the organization", tag: "organization"}, a.getOrganization)
	register(a, operation{id: "update-organization", method: patch, path: "/v1/organization", summary: "Rename the organization; suspend its API key or take that back", tag: "organization"}, a.updateOrganization)
	register(a, operation{id: "regenerate-organization-key", method: post, path: "/v1/organization/api-key/regenerate", summary: "Replace the organization API key; the old one ends at once", tag: "organization"}, a.regenerate)
}

func (a *API) getOrganization(ctx context.Context, _ *struct{}) (*organizationOutput, error) {
	org, err := a.Store.Organization(ctx)
	if err != nil {
		return nil, err
	}
	return newOrganizationOutput(org), nil
}

func newOrganizationOutput(org *host.Organization) *organizationOutput {
	out := &organizationOutput{}
	out.Body.Success, out.Body.Organization = true, org
	return out
}

func (a *API) updateOrganization(ctx context.Context, in *struct{ Body organizationBody }) (*organizationOutput, error) {
	if in.Body.APIKeyEnabled.set && actor(ctx).Kind != host.ActorMember {
		return nil, host.Errorf(host.CodeForbidden, "api_key_enabled can be changed only by a member who is a sysadmin")
	}
	org, err := a.Store.UpdateOrganization(ctx, in.Body.apply)
	if err != nil {
		return nil, err
	}
	return newOrganizationOutput(org), a.live(ctx)
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
