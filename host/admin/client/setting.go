package client

import (
	"context"
	"net/http"

	"github.com/posternhq/postern/host"
)

// setting is the body of a variable or a secret.
type setting struct {
	Value string `json:"value"`
}

// PutVariable sets a variable of an app.
func (c *Client) PutVariable(ctx context.Context, app, name, value string) (v *host.Variable, created bool, err error) {
	return c.variable(ctx, call{method: http.MethodPut, path: []string{"apps", app, "variables", name}, body: setting{value}})
}

// Variable shows a variable.
func (c *Client) Variable(ctx context.Context, app, name string) (*host.Variable, error) {
	v, _, err := c.variable(ctx, call{method: http.MethodGet, path: []string{"apps", app, "variables", name}})
	return v, err
}

// Variables lists the variables of an app, newest first.
func (c *Client) Variables(ctx context.Context, app string, page host.Page) (List[*host.Variable], error) {
	return list[*host.Variable](ctx, c, "variables", []string{"apps", app, "variables"}, nil, page)
}

// DeleteVariable deletes a variable.
func (c *Client) DeleteVariable(ctx context.Context, app, name string) error {
	return c.remove(ctx, []string{"apps", app, "variables", name}, nil)
}

func (c *Client) variable(ctx context.Context, what call) (v *host.Variable, created bool, err error) {
	var out struct {
		Variable host.Variable `json:"variable"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, false, err
	}
	return &out.Variable, response.StatusCode == http.StatusCreated, nil
}

// PutSecret sets a secret of an app. What is returned has no value.
func (c *Client) PutSecret(ctx context.Context, app, name, value string) (s *host.Secret, created bool, err error) {
	return c.secret(ctx, call{method: http.MethodPut, path: []string{"apps", app, "secrets", name}, body: setting{value}})
}

// Secret shows a secret, without its value.
func (c *Client) Secret(ctx context.Context, app, name string) (*host.Secret, error) {
	s, _, err := c.secret(ctx, call{method: http.MethodGet, path: []string{"apps", app, "secrets", name}})
	return s, err
}

// Secrets lists the secrets of an app, newest first, without their values.
func (c *Client) Secrets(ctx context.Context, app string, page host.Page) (List[*host.Secret], error) {
	return list[*host.Secret](ctx, c, "secrets", []string{"apps", app, "secrets"}, nil, page)
}

// DeleteSecret deletes a secret.
func (c *Client) DeleteSecret(ctx context.Context, app, name string) error {
	return c.remove(ctx, []string{"apps", app, "secrets", name}, nil)
}

func (c *Client) secret(ctx context.Context, what call) (s *host.Secret, created bool, err error) {
	var out struct {
		Secret host.Secret `json:"secret"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, false, err
	}
	return &out.Secret, response.StatusCode == http.StatusCreated, nil
}
