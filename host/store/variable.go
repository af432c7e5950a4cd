package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

var variables = settings{
	table: "variable", what: "Variable", changed: host.ChangedVariables,
	shown: func(r *settingRow) any { return r.variable() },
}

func (r *settingRow) variable() *host.Variable {
	return &host.Variable{
		ID: r.ID, AppID: r.AppID, Name: r.Name, Value: string(r.Value),
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt),
	}
}

// PutVariable implements host.VariableStore.
func (db *DB) PutVariable(ctx context.Context, v *host.Variable) (created bool, err error) {
	defer host.Wrap(&err, "store.PutVariable(%q, %q)", v.AppID, v.Name)
	row := &settingRow{ID: v.ID, AppID: v.AppID, Name: v.Name, Value: []byte(v.Value), CreatedAt: v.CreatedAt.Millis(), UpdatedAt: v.UpdatedAt.Millis()}
	created, err = variables.put(ctx, db, row, func(*settingRow) error { return nil })
	if err == nil {
		*v = *row.variable()
	}
	return created, err
}

// Variable implements host.VariableStore.
func (db *DB) Variable(ctx context.Context, appID, name string) (v *host.Variable, err error) {
	defer host.Wrap(&err, "store.Variable(%q, %q)", appID, name)
	row, err := read(ctx, db.main, func(s *session) (*settingRow, error) { return variables.one(s, appID, name) })
	if err != nil {
		return nil, err
	}
	return row.variable(), nil
}

// Variables implements host.VariableStore.
func (db *DB) Variables(ctx context.Context, appID string, page host.Page) (list []*host.Variable, total int, err error) {
	defer host.Wrap(&err, "store.Variables(%q)", appID)
	list = []*host.Variable{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := variables.page(s, appID, page)
		for i := range rows {
			list = append(list, rows[i].variable())
		}
		return total, err
	})
	return list, total, err
}

// EachVariable implements host.VariableStore. All variables are of one moment.
func (db *DB) EachVariable(ctx context.Context, appID string, fn func(*host.Variable)) (err error) {
	defer host.Wrap(&err, "store.EachVariable(%q)", appID)
	where, args := ofApp(appID)
	return each(ctx, db.main, "SELECT "+settingColumns+" FROM variable"+where, func(row *settingRow) { fn(row.variable()) }, args...)
}

// DeleteVariable implements host.VariableStore.
func (db *DB) DeleteVariable(ctx context.Context, appID, name string) (err error) {
	defer host.Wrap(&err, "store.DeleteVariable(%q, %q)", appID, name)
	return variables.remove(ctx, db, appID, name)
}
