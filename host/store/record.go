package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/posternhq/postern/host"
)

// records reads the records of one app. It implements host.RecordReader, on
// what is committed or within a transaction.
type records struct {
	db      *DB
	appID   string
	session func(ctx context.Context) *session
	turns   *turns // that each query takes; nil if none is needed
	// fail turns an error of the database into what callers may see.
	fail func(ctx context.Context, o *host.Object, err error) error
}

// ReadRecords implements host.RecordStore.
func (db *DB) ReadRecords(appID string) host.RecordReader {
	return &records{
		db: db, appID: appID,
		session: func(ctx context.Context) *session {
			return &session{ctx: ctx, db: db.main.reads, dialect: db.main.dialect}
		},
		turns: db.main.reading,
		fail:  db.failRecord,
	}
}

// table is where the records of an object are. An object of another app has
// none here, whoever asks.
func (r *records) table(o *host.Object) (*recordTable, error) {
	if o.AppID != r.appID || r.appID == "" {
		return nil, errGone()
	}
	return r.db.tables.of(&r.db.main.dialect.records, o)
}

func errGone() error { return host.Errorf(host.CodeNotFound, "Object not found") }

func errNoRecord() error { return host.Errorf(host.CodeNotFound, "Record not found") }

// failRecord is dialect.fail for a statement on the table of an object, which
// may be gone while hosts still know the definition.
func (db *DB) failRecord(ctx context.Context, o *host.Object, err error) error {
	if err = db.main.dialect.fail(ctx, err); err == nil || o == nil || host.CodeOf(err) != host.CodeInternal {
		return err
	}
	found, lookErr := read(ctx, db.main, func(s *session) ([]string, error) {
		return list[string](s, "SELECT id FROM object WHERE id = $1", o.ID)
	})
	if lookErr == nil && len(found) == 0 {
		return errGone()
	}
	return err
}

// recordColumns are what scanRecord reads.
const recordColumns = "id, version, created_at, updated_at, data"

// Record implements host.RecordReader.
func (r *records) Record(ctx context.Context, o *host.Object, id string) (record *host.Record, err error) {
	defer host.Wrap(&err, "store.Record(%q, %q)", o.ID, id)
	table, err := r.table(o)
	if err != nil {
		return nil, err
	}
	if !host.IsID(id) {
		return nil, errNoRecord()
	}
	err = r.each(ctx, statement{"SELECT " + recordColumns + " FROM " + table.name + " WHERE id = $1", []any{id}}, func(row *sql.Rows) error {
		record, err = scanRecord(row)
		return err
	})
	if err != nil {
		return nil, r.fail(ctx, o, err)
	}
	if record == nil {
		return nil, errNoRecord()
	}
	return record, nil
}

// each calls fn for every row of a query.
func (r *records) each(ctx context.Context, query statement, fn func(*sql.Rows) error) error {
	if r.turns != nil {
		if err := r.turns.take(ctx, r.appID); err != nil {
			return err
		}
		defer r.turns.give()
	}
	rows, err := r.session(ctx).db.QueryContext(ctx, query.text, query.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scanRecord reads the recordColumns of a row into a record, and what comes
// behind them into more.
func scanRecord(row *sql.Rows, more ...any) (*host.Record, error) {
	var r host.Record
	var created, updated int64
	err := row.Scan(append([]any{&r.ID, &r.Version, &created, &updated, (*[]byte)(&r.Data)}, more...)...)
	r.CreatedAt, r.UpdatedAt = host.FromMillis(created), host.FromMillis(updated)
	return &r, err
}

// QueryRecords implements host.RecordReader.
func (r *records) QueryRecords(ctx context.Context, o *host.Object, q *host.Query) (found *host.Found, err error) {
	defer host.Wrap(&err, "store.QueryRecords(%q)", o.ID)
	table, err := r.table(o)
	if err != nil {
		return nil, err
	}
	s, err := r.db.newSelection(o, table.name, q)
	if err != nil {
		return nil, err
	}
	found = &host.Found{Records: []*host.Record{}, Count: -1}
	if q.Count {
		err = r.each(ctx, s.count(), func(row *sql.Rows) error { return row.Scan(&found.Count) })
	}
	if err == nil {
		err = r.page(ctx, s, found)
	}
	if err != nil {
		return nil, r.fail(ctx, o, err)
	}
	return found, nil
}

// errEnough ends a page before the statement does.
var errEnough = errors.New("the page is full")

// page reads the records of a selection and the cursor for those after them.
func (r *records) page(ctx context.Context, s *selection, found *host.Found) error {
	var last []any // keys of the last record
	size := 0
	for _, part := range s.parts() {
		limit := s.limit - len(found.Records) + 1 // one more, to see whether there is one
		err := r.each(ctx, s.statement(part, limit), func(row *sql.Rows) error {
			if len(found.Records) == s.limit || size >= host.MaxPageBytes {
				return errEnough
			}
			record, keys, err := s.scan(row)
			found.Records, last, size = append(found.Records, record), keys, size+len(record.Data)
			return err
		})
		if errors.Is(err, errEnough) {
			found.Cursor, err = s.seal(last, found.Records[len(found.Records)-1].ID)
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
}
