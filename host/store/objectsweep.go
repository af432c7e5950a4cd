package store

import (
	"context"
	"slices"

	"github.com/posternhq/postern/host"
)

// sweep removes what a crash left behind: tables without a definition, indexes
// that no definition asks for. What somebody works on right now stays.
func (db *DB) sweep(ctx context.Context) error {
	// The tables are listed first: then the definition of each that is in use
	// is among those that are read after.
	tables, err := read(ctx, db.main, func(s *session) ([]string, error) { return list[string](s, s.dialect.records.tables) })
	if err != nil {
		return err
	}
	objects := map[string]*host.Object{}
	if err := db.EachObject(ctx, "", func(o *host.Object) { objects[tableName(o.ID)] = o }); err != nil {
		return err
	}
	for _, table := range tables {
		if objects[table] == nil && len(table) == len(tablePrefix)+32 {
			if err := db.main.write(ctx, func(s *session) error { return dropTable(s, table) }); err != nil {
				return err
			}
		}
	}
	rows, err := read(ctx, db.main, func(s *session) ([]indexRow, error) { return list[indexRow](s, s.dialect.records.indexes) })
	if err != nil {
		return err
	}
	byTable := map[string][]indexRow{}
	for _, row := range rows {
		byTable[row.Table] = append(byTable[row.Table], row)
	}
	for table, o := range objects {
		if err := db.sweepObject(ctx, o, byTable[table]); err != nil {
			return db.main.dialect.fail(ctx, err)
		}
	}
	return nil
}

// sweepObject drops those of an object's indexes that it does not ask for,
// unless somebody is building some.
func (db *DB) sweepObject(ctx context.Context, o *host.Object, rows []indexRow) error {
	keep, err := wantedBy(o)
	if err != nil {
		return err
	}
	leftover := func(row indexRow) bool {
		return isFieldIndex(row.Name) && (!row.Valid || !keep(row.Name))
	}
	if !slices.ContainsFunc(rows, leftover) {
		return nil
	}
	b, err := db.guardIndexes(ctx, o.ID, false)
	if err != nil || b == nil {
		return err
	}
	defer b.finish(true)
	now, err := oneObject(b.session, o.AppID, o.Name) // it may have changed before the guard was ours
	if host.CodeOf(err) == host.CodeNotFound {
		return nil
	}
	if err == nil {
		keep, err = wantedBy(now)
	}
	if err != nil {
		return err
	}
	return b.drop(leftover)
}

// wantedBy tells the names of the indexes that a definition asks for.
func wantedBy(o *host.Object) (func(name string) bool, error) {
	indexes, err := indexesOf(o)
	return func(name string) bool {
		return slices.ContainsFunc(indexes, func(i index) bool { return i.name == name })
	}, err
}
