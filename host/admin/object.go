package admin

import (
	"context"
	"encoding/json"

	"github.com/posternhq/postern/host"
	data "github.com/posternhq/postern/host/capability/object"
)

// objectBody is what a client may write of an object's definition.
type objectBody struct {
	Name          field[string]          `json:"name,omitempty" doc:"Unique in the app; 1-64 lower-case letters, digits, hyphens or underscores, beginning with a letter. It never changes"`
	Schema        field[json.RawMessage] `json:"schema,omitempty" doc:"JSON Schema 2020-12 that every record must meet when it is written; null admits any JSON object"`
	UniqueFields  field[[]string]        `json:"unique_fields,omitempty" doc:"Fields, such as email or address.zip, of which no two records may have the same value"`
	IndexedFields field[[]string]        `json:"indexed_fields,omitempty" doc:"Fields by which queries are quick; unique ones are anyway"`
}

// apply writes the fields that were sent to o and validates it.
func (b *objectBody) apply(o *host.Object) error {
	if b.Schema.set {
		o.Schema = b.Schema.value // nil if the field is null
	}
	for _, err := range []error{
		b.Name.to("name", &o.Name),
		b.UniqueFields.to("unique_fields", &o.UniqueFields),
		b.IndexedFields.to("indexed_fields", &o.IndexedFields),
	} {
		if err != nil {
			return err
		}
	}
	return checkObject(o)
}

// checkObject validates a definition that is about to be stored.
func checkObject(o *host.Object) error {
	if err := o.Validate(); err != nil {
		return err
	}
	_, err := data.Compile(o)
	return err
}

type objectOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success bool         `json:"success"`
		Object  *host.Object `json:"object"`
	}
}

func newObjectOutput(o *host.Object) *objectOutput {
	out := &objectOutput{ETag: etag(o.Revision)}
	out.Body.Success, out.Body.Object = true, o
	return out
}

type objectsOutput struct {
	Body struct {
		Success    bool           `json:"success"`
		Objects    []*host.Object `json:"objects"`
		Pagination pagination     `json:"pagination"`
	}
}

// ObjectPath is part of the routes of one object.
type ObjectPath struct {
	AppPath
	Object string `path:"object" doc:"Name of the object"`
}

func (a *API) objectRoutes() {
	register(a, operation{id: "create-object", method: post, path: "/v1/apps/{app}/objects", summary: "Define an object", tag: "objects", status: 201}, a.createObject)
	register(a, operation{id: "list-objects", method: get, path: "/v1/apps/{app}/objects", summary: "List the definitions of objects", tag: "objects"}, a.listObjects)
	register(a, operation{id: "get-object", method: get, path: "/v1/apps/{app}/objects/{object}", summary: "Show an object's definition", tag: "objects"}, a.getObject)
	register(a, operation{id: "update-object", method: patch, path: "/v1/apps/{app}/objects/{object}", summary: "Change an object's schema and fields; records that are there are not held against a new schema", tag: "objects"}, a.updateObject)
	register(a, operation{id: "delete-object", method: remove, path: "/v1/apps/{app}/objects/{object}", summary: "Delete an object and all its records", tag: "objects"}, a.deleteObject)
}

func (a *API) createObject(ctx context.Context, in *struct {
	AppPath
	Body objectBody
}) (*objectOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	o := host.NewObject(app.ID)
	if err := in.Body.apply(o); err != nil {
		return nil, err
	}
	if err := a.Store.CreateObject(ctx, o); err != nil {
		return nil, err
	}
	return newObjectOutput(o), a.live(ctx)
}

func (a *API) listObjects(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*objectsOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	objects, total, err := a.Store.Objects(ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	out := &objectsOutput{}
	out.Body.Success, out.Body.Objects = true, orEmpty(objects)
	out.Body.Pagination = paginate(in.page(), len(objects), total)
	return out, nil
}

// object finds the definition a path names.
func (a *API) object(ctx context.Context, in ObjectPath) (*host.Object, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	return a.Store.Object(ctx, app.ID, in.Object)
}

func (a *API) getObject(ctx context.Context, in *ObjectPath) (*objectOutput, error) {
	o, err := a.object(ctx, *in)
	if err != nil {
		return nil, err
	}
	return newObjectOutput(o), nil
}

func (a *API) updateObject(ctx context.Context, in *struct {
	ObjectPath
	IfMatch string `header:"If-Match"`
	Body    objectBody
}) (*objectOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	o, err := a.Store.UpdateObject(ctx, app.ID, in.Object, func(o *host.Object) error {
		if err := matchRevision(in.IfMatch, o.Revision); err != nil {
			return err
		}
		if name := in.Body.Name; name.set && name.value != o.Name {
			return host.Errorf(host.CodeInvalid, "name must stay %s: modules find the object by it", o.Name)
		}
		return in.Body.apply(o)
	})
	if err != nil {
		return nil, err
	}
	return newObjectOutput(o), a.live(ctx)
}

func (a *API) deleteObject(ctx context.Context, in *struct {
	ObjectPath
	IfMatch string `header:"If-Match"`
}) (*deleted, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	err = a.Store.DeleteObject(ctx, app.ID, in.Object, func(o *host.Object) error { return matchRevision(in.IfMatch, o.Revision) })
	if err != nil {
		return nil, err
	}
	return newDeleted("Object deleted successfully"), a.live(ctx)
}
