package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/posternhq/postern/host"
)

type objectRow struct {
	ID            string                    `db:"id"`
	AppID         string                    `db:"app_id"`
	Name          string                    `db:"name"`
	Schema        document[json.RawMessage] `db:"schema"`
	UniqueFields  document[[]string]        `db:"unique_fields"`
	IndexedFields document[[]string]        `db:"indexed_fields"`
	CreatedAt     int64                     `db:"created_at"`
	UpdatedAt     int64                     `db:"updated_at"`
	Revision      int64                     `db:"revision"`
}

var (
	insertObject  = insertInto[objectRow]("object")
	updateObject  = update[objectRow]("object")
	objectColumns = columns[objectRow]("object.")
)

func objectRowOf(o *host.Object) objectRow {
	return objectRow{
		ID: o.ID, AppID: o.AppID, Name: o.Name, Schema: document[json.RawMessage]{o.Schema},
		UniqueFields: document[[]string]{filled(o.UniqueFields)}, IndexedFields: document[[]string]{filled(o.IndexedFields)},
		CreatedAt: o.CreatedAt.Millis(), UpdatedAt: o.UpdatedAt.Millis(), Revision: o.Revision,
	}
}

func (r *objectRow) object() *host.Object {
	o := &host.Object{
		ID: r.ID, AppID: r.AppID, Name: r.Name, Schema: r.Schema.V, UniqueFields: r.UniqueFields.V, IndexedFields: r.IndexedFields.V,
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt), Revision: r.Revision,
	}
	if string(o.Schema) == "null" {
		o.Schema = nil
	}
	return o
}

// CreateObject implements host.ObjectStore. It gives object its Revision.
func (db *DB) CreateObject(ctx context.Context, object *host.Object) (err error) {
	defer host.Wrap(&err, "store.CreateObject(%q)", object.ID)
	created := *object
	created.Revision = 1
	err = db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, created.AppID); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedObjects, created.AppID, nil, &created); err != nil {
			return err
		}
		count, err := one[int](s, "", "SELECT COUNT(*) FROM object WHERE app_id = $1", created.AppID)
		if err == nil && count >= host.MaxObjects {
			err = host.Errorf(host.CodeConflict, "an app may have %d objects", host.MaxObjects)
		}
		if err != nil {
			return err
		}
		if _, err := s.save(insertObject, objectRowOf(&created)); err != nil {
			return s.taken(err, "name is already taken by another object of this app")
		}
		return createTable(s, &created)
	})
	if err == nil {
		*object = created
	}
	return err
}

// Object implements host.ObjectStore.
func (db *DB) Object(ctx context.Context, appID, name string) (object *host.Object, err error) {
	defer host.Wrap(&err, "store.Object(%q, %q)", appID, name)
	return read(ctx, db.main, func(s *session) (*host.Object, error) { return oneObject(s, appID, name) })
}

func oneObject(s *session, appID, name string) (*host.Object, error) {
	row, err := one[objectRow](s, "Object", "SELECT "+objectColumns+" FROM object WHERE app_id = $1 AND name = $2", appID, name)
	if err != nil {
		return nil, err
	}
	return row.object(), nil
}

// Objects implements host.ObjectStore.
func (db *DB) Objects(ctx context.Context, appID string, page host.Page) (objects []*host.Object, total int, err error) {
	defer host.Wrap(&err, "store.Objects(%q)", appID)
	objects = []*host.Object{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[objectRow](s, objectColumns, "object WHERE app_id = $1", "object.id", page, appID)
		for i := range rows {
			objects = append(objects, rows[i].object())
		}
		return total, err
	})
	return objects, total, err
}

// EachObject implements host.ObjectStore. All objects are of one moment.
func (db *DB) EachObject(ctx context.Context, appID string, fn func(*host.Object)) (err error) {
	defer host.Wrap(&err, "store.EachObject(%q)", appID)
	where, args := ofApp(appID)
	return each(ctx, db.main, "SELECT "+objectColumns+" FROM object"+where, func(row *objectRow) { fn(row.object()) }, args...)
}

// UpdateObject implements host.ObjectStore. The ids, the name and the time of
// creation keep their values. change may be called several times: new indexes
// are built before the definition is locked.
func (db *DB) UpdateObject(ctx context.Context, appID, name string, change func(*host.Object) error) (object *host.Object, err error) {
	defer host.Wrap(&err, "store.UpdateObject(%q, %q)", appID, name)
	built, err := db.buildAhead(ctx, appID, name, change)
	if err != nil {
		return nil, err
	}
	defer func() { built(err == nil) }()
	err = db.main.write(ctx, func(s *session) error {
		old, err := lockObject(s, appID, name)
		if err != nil {
			return err
		}
		if object, err = changed(old, change); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedObjects, appID, old, object); err != nil {
			return err
		}
		if _, err := s.save(updateObject, objectRowOf(object)); err != nil {
			return err
		}
		return alignIndexes(s, old, object)
	})
	if err != nil {
		return nil, err
	}
	return object, nil
}

// lockObject finds a definition and keeps the others of its app as they are.
func lockObject(s *session, appID, name string) (*host.Object, error) {
	err := lockApp(s, appID)
	if host.CodeOf(err) == host.CodeNotFound {
		return nil, host.Errorf(host.CodeNotFound, "Object not found")
	}
	if err != nil {
		return nil, err
	}
	return oneObject(s, appID, name)
}

// changed is a copy of a definition that change has altered.
func changed(old *host.Object, change func(*host.Object) error) (*host.Object, error) {
	o := *old
	o.UniqueFields, o.IndexedFields = slices.Clone(old.UniqueFields), slices.Clone(old.IndexedFields)
	if err := change(&o); err != nil {
		return nil, err
	}
	o.ID, o.AppID, o.Name, o.CreatedAt = old.ID, old.AppID, old.Name, old.CreatedAt
	o.UpdatedAt, o.Revision = host.Now(), old.Revision+1
	return &o, nil
}

// DeleteObject implements host.ObjectStore.
func (db *DB) DeleteObject(ctx context.Context, appID, name string, checks ...func(*host.Object) error) (err error) {
	defer host.Wrap(&err, "store.DeleteObject(%q, %q)", appID, name)
	err = db.main.write(ctx, func(s *session) error {
		object, err := lockObject(s, appID, name)
		if err != nil {
			return err
		}
		if err := refused(object, checks); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedObjects, appID, object, nil); err != nil {
			return err
		}
		if _, err := s.exec("DELETE FROM object WHERE id = $1", object.ID); err != nil {
			return err
		}
		return dropTable(s, tableName(object.ID))
	})
	if err == nil {
		db.quota.forget(appID)
	}
	return err
}

// dropTables drops the tables of an app's objects.
func dropTables(s *session, appID string) error {
	ids, err := list[string](s, "SELECT id FROM object WHERE app_id = $1", appID)
	for i := 0; i < len(ids) && err == nil; i++ {
		err = dropTable(s, tableName(ids[i]))
	}
	return err
}
