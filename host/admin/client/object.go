package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/posternhq/postern/host"
)

// ObjectFields are the writable fields of an object's definition. Name counts
// only when the object is defined.
type ObjectFields struct {
	Name          Field[string]          `json:"name,omitzero"`
	Schema        Field[json.RawMessage] `json:"schema,omitzero"`
	UniqueFields  Field[[]string]        `json:"unique_fields,omitzero"`
	IndexedFields Field[[]string]        `json:"indexed_fields,omitzero"`
}

// DefinitionOf are the fields that make an object like o, but for its name.
func DefinitionOf(o *host.Object) ObjectFields {
	fields := ObjectFields{Schema: Null[json.RawMessage](), UniqueFields: Value(o.UniqueFields), IndexedFields: Value(o.IndexedFields)}
	if o.Schema != nil {
		fields.Schema = Value(o.Schema)
	}
	return fields
}

// CreateObject defines an object of an app.
func (c *Client) CreateObject(ctx context.Context, app string, fields ObjectFields) (*host.Object, error) {
	return c.object(ctx, call{method: http.MethodPost, path: []string{"apps", app, "objects"}, body: fields})
}

// Object shows a definition by the object's name.
func (c *Client) Object(ctx context.Context, app, name string) (*host.Object, error) {
	return c.object(ctx, call{method: http.MethodGet, path: []string{"apps", app, "objects", name}})
}

// Objects lists the definitions of an app, newest first.
func (c *Client) Objects(ctx context.Context, app string, page host.Page) (List[*host.Object], error) {
	return list[*host.Object](ctx, c, "objects", []string{"apps", app, "objects"}, nil, page)
}

// UpdateObject changes the fields that are present.
func (c *Client) UpdateObject(ctx context.Context, app, name string, fields ObjectFields, options ...Option) (*host.Object, error) {
	return c.object(ctx, call{method: http.MethodPatch, path: []string{"apps", app, "objects", name}, body: fields, options: options})
}

// DeleteObject deletes an object and all its records.
func (c *Client) DeleteObject(ctx context.Context, app, name string, options ...Option) error {
	return c.remove(ctx, []string{"apps", app, "objects", name}, options)
}

func (c *Client) object(ctx context.Context, what call) (*host.Object, error) {
	var out struct {
		Object host.Object `json:"object"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, err
	}
	if string(out.Object.Schema) == "null" {
		out.Object.Schema = nil
	}
	out.Object.Revision = revision(response)
	return &out.Object, nil
}
