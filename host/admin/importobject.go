package admin

import (
	"context"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/archive"
)

// archivedObjects makes definitions of those in an archive, and checks them.
func archivedObjects(list []archive.Object) (objects []*host.Object, err error) {
	seen := map[string]bool{}
	for _, described := range list {
		o := host.NewObject("")
		o.Name, o.Schema = described.Name, described.Schema
		if string(o.Schema) == "null" {
			o.Schema = nil
		}
		o.UniqueFields, o.IndexedFields = orEmpty(described.UniqueFields), orEmpty(described.IndexedFields)
		if err := checkObject(o); err != nil {
			return nil, host.Caused(host.CodeInvalid, err, "object %.100s: %s", o.Name, host.AsError(err).Message)
		}
		if seen[o.Name] {
			return nil, host.Errorf(host.CodeInvalid, "object %s is there twice", o.Name)
		}
		seen[o.Name] = true
		objects = append(objects, o)
	}
	return objects, nil
}

// ensureObject gives an app the definition: a new object, or that of one that
// is there, whose records stay.
func (a *API) ensureObject(ctx context.Context, appID string, o *host.Object) error {
	there, err := a.Store.Object(ctx, appID, o.Name)
	if host.CodeOf(err) == host.CodeNotFound {
		o.AppID = appID
		return a.Store.CreateObject(ctx, o)
	}
	if err != nil || host.DiffObjects([]*host.Object{there}, []*host.Object{o}).Empty() {
		return err
	}
	_, err = a.Store.UpdateObject(ctx, appID, o.Name, func(there *host.Object) error {
		there.Schema, there.UniqueFields, there.IndexedFields = o.Schema, o.UniqueFields, o.IndexedFields
		return nil
	})
	return err
}
