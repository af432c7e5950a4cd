package client

import (
	"context"
	"net/http"

	"github.com/posternhq/postern/host"
)

// KeyGroupFields are the writable fields of a key group. Members replace those
// there were.
type KeyGroupFields struct {
	Name    Field[string]   `json:"name,omitzero"`
	Members Field[[]string] `json:"members,omitzero"`
}

// CreateKeyGroup creates a key group of an app.
func (c *Client) CreateKeyGroup(ctx context.Context, app string, fields KeyGroupFields) (*host.KeyGroup, error) {
	return c.keyGroup(ctx, call{method: http.MethodPost, path: []string{"apps", app, "key-groups"}, body: fields})
}

// KeyGroup shows a key group by its name.
func (c *Client) KeyGroup(ctx context.Context, app, name string) (*host.KeyGroup, error) {
	return c.keyGroup(ctx, call{method: http.MethodGet, path: []string{"apps", app, "key-groups", name}})
}

// KeyGroups lists the key groups of an app, newest first.
func (c *Client) KeyGroups(ctx context.Context, app string, page host.Page) (List[*host.KeyGroup], error) {
	return list[*host.KeyGroup](ctx, c, "key_groups", []string{"apps", app, "key-groups"}, nil, page)
}

// UpdateKeyGroup changes the fields that are present.
func (c *Client) UpdateKeyGroup(ctx context.Context, app, name string, fields KeyGroupFields, options ...Option) (*host.KeyGroup, error) {
	return c.keyGroup(ctx, call{method: http.MethodPatch, path: []string{"apps", app, "key-groups", name}, body: fields, options: options})
}

// DeleteKeyGroup deletes a key group that no retained release uses.
func (c *Client) DeleteKeyGroup(ctx context.Context, app, name string, options ...Option) error {
	return c.remove(ctx, []string{"apps", app, "key-groups", name}, options)
}

func (c *Client) keyGroup(ctx context.Context, what call) (*host.KeyGroup, error) {
	var out struct {
		KeyGroup host.KeyGroup `json:"key_group"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, err
	}
	out.KeyGroup.Revision = revision(response)
	return &out.KeyGroup, nil
}
