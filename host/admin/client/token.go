package client

import (
	"context"
	"net/http"

	"github.com/posternhq/postern/host"
)

// TokenFields are the writable fields of a token. ExpiresAt is a date, which
// the token works through, or an RFC 3339 instant.
type TokenFields struct {
	Name      Field[string] `json:"name,omitzero"`
	ExpiresAt Field[string] `json:"expires_at,omitzero"`
	AccessFields
}

// Token is a token as the server shows it.
type Token struct {
	host.Token
	Status string `json:"status"` // host.KeyActive or host.KeyExpired
	// JWT is the token itself, only in the answer to its creation.
	JWT string `json:"token,omitempty"`
}

// CreateToken creates a token; only this answer holds its JWT.
func (c *Client) CreateToken(ctx context.Context, fields TokenFields) (*Token, error) {
	return c.oneToken(ctx, call{method: http.MethodPost, path: []string{"tokens"}, body: fields})
}

// Token shows a token by its id.
func (c *Client) Token(ctx context.Context, id string) (*Token, error) {
	return c.oneToken(ctx, call{method: http.MethodGet, path: []string{"tokens", id}})
}

// Tokens lists tokens, newest first.
func (c *Client) Tokens(ctx context.Context, page host.Page) (List[*Token], error) {
	return list[*Token](ctx, c, "tokens", []string{"tokens"}, nil, page)
}

// DeleteToken deletes a token, which ends at once.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	return c.remove(ctx, []string{"tokens", id}, nil)
}

func (c *Client) oneToken(ctx context.Context, what call) (*Token, error) {
	var out struct {
		Token Token `json:"token"`
	}
	if _, err := c.into(ctx, what, &out); err != nil {
		return nil, err
	}
	return &out.Token, nil
}

// SigningKeys lists the keys that sign and verify tokens, newest first.
func (c *Client) SigningKeys(ctx context.Context, page host.Page) (List[*host.SigningKey], error) {
	return list[*host.SigningKey](ctx, c, "signing_keys", []string{"signing-keys"}, nil, page)
}

// RotateSigningKey has new tokens signed with a new key, and returns that.
func (c *Client) RotateSigningKey(ctx context.Context) (*host.SigningKey, error) {
	var out struct {
		SigningKey host.SigningKey `json:"signing_key"`
	}
	if _, err := c.into(ctx, call{method: http.MethodPost, path: []string{"signing-keys", "rotate"}}, &out); err != nil {
		return nil, err
	}
	return &out.SigningKey, nil
}

// DeleteSigningKey deletes a signing key that is not in use.
func (c *Client) DeleteSigningKey(ctx context.Context, kid string) error {
	return c.remove(ctx, []string{"signing-keys", kid}, nil)
}
