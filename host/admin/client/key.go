package client

import (
	"context"
	"net/http"
	"time"

	"github.com/posternhq/postern/host"
)

// KeyFields are the writable fields of a key. ExpiresAt is a date, which the
// key works through, or an RFC 3339 instant.
type KeyFields struct {
	Name      Field[string] `json:"name,omitzero"`
	Enabled   Field[bool]   `json:"enabled,omitzero"`
	ExpiresAt Field[string] `json:"expires_at,omitzero"`
	Quota     Field[int64]  `json:"quota,omitzero"`
	AccessFields
}

// AccessFields are the fields that keys and tokens have in common.
type AccessFields struct {
	Environment Field[string]            `json:"environment,omitzero"`
	AllowedIPs  Field[[]string]          `json:"allowed_ips,omitzero"`
	Variables   Field[map[string]string] `json:"variables,omitzero"`
	RateLimit   Field[host.RateLimit]    `json:"rate_limit,omitzero"`
}

// Key is a key as the server shows it.
type Key struct {
	host.Key
	Status string `json:"status"` // host.KeyActive, host.KeyDisabled or host.KeyExpired
	// Secret is the key itself, only in the answer to its creation or
	// rotation.
	Secret string `json:"key,omitempty"`
}

// CreateKey creates a key; only this answer holds its secret.
func (c *Client) CreateKey(ctx context.Context, fields KeyFields) (*Key, error) {
	return c.oneKey(ctx, call{method: http.MethodPost, path: []string{"keys"}, body: fields})
}

// Key shows a key by its id.
func (c *Client) Key(ctx context.Context, id string) (*Key, error) {
	return c.oneKey(ctx, call{method: http.MethodGet, path: []string{"keys", id}})
}

// Keys lists keys, newest first.
func (c *Client) Keys(ctx context.Context, page host.Page) (List[*Key], error) {
	return list[*Key](ctx, c, "keys", []string{"keys"}, nil, page)
}

// UpdateKey changes the fields that are present.
func (c *Client) UpdateKey(ctx context.Context, id string, fields KeyFields, options ...Option) (*Key, error) {
	return c.oneKey(ctx, call{method: http.MethodPatch, path: []string{"keys", id}, body: fields, options: options})
}

// RotateKey gives a key a new secret, which only this answer holds. The old one
// works for the grace, in whole seconds.
func (c *Client) RotateKey(ctx context.Context, id string, grace time.Duration, options ...Option) (*Key, error) {
	body := map[string]int64{"grace_seconds": int64(grace / time.Second)}
	return c.oneKey(ctx, call{method: http.MethodPost, path: []string{"keys", id, "rotate"}, body: body, options: options})
}

// DeleteKey deletes a key, which ends at once.
func (c *Client) DeleteKey(ctx context.Context, id string, options ...Option) error {
	return c.remove(ctx, []string{"keys", id}, options)
}

func (c *Client) oneKey(ctx context.Context, what call) (*Key, error) {
	var out struct {
		Key Key `json:"key"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, err
	}
	out.Key.Revision = revision(response)
	return &out.Key, nil
}
