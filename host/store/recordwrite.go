package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/posternhq/postern/host"
)

// recordTransaction implements host.RecordTransaction.
type recordTransaction struct {
	records
	tx      *prepared
	ctx     context.Context // the transaction ends with it
	turn    func() bool     // reports whether its turn has not ended yet, and is to be ended
	depth   int             // of Try
	broken  error           // after it, only a rollback is left
	growth  growth
	altered []altered           // for the audit log
	sizes   map[recordKey]int64 // bytes of the records that were read or written
	wrote   []sized
}

// recordKey names a record.
type recordKey struct{ object, id string }

// BeginRecords implements host.RecordStore.
func (db *DB) BeginRecords(ctx context.Context, appID string) (_ host.RecordTransaction, err error) {
	defer host.Wrap(&err, "store.BeginRecords(%q)", appID)
	if err := db.main.writing.take(ctx, appID); err != nil {
		return nil, err
	}
	tx, err := db.main.writes.begin(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		db.main.writing.give()
		return nil, db.main.dialect.fail(ctx, err)
	}
	t := &recordTransaction{tx: tx, ctx: ctx, turn: context.AfterFunc(ctx, db.main.writing.give), sizes: map[recordKey]int64{}}
	t.records = records{
		db: db, appID: appID,
		session: func(ctx context.Context) *session {
			return &session{ctx: db.main.dialect.records.brief(ctx), db: tx, dialect: db.main.dialect}
		},
		fail: t.failed,
	}
	return t, nil
}

// failed is failRecord within the transaction. After an error of the database
// nothing can be done in it any more.
func (t *recordTransaction) failed(ctx context.Context, o *host.Object, err error) error {
	if _, known := errors.AsType[*host.Error](err); known || err == nil {
		return err
	}
	k := t.db.main.dialect.kind(err)
	switch {
	case t.ctx.Err() != nil:
		// Drivers answer a context that ended with errors of many kinds.
		err = errEnded(errors.Join(t.ctx.Err(), err))
	case k == serialization || k == conflict:
		// A value that was free when it was looked for is taken by now.
		err = errSerialization(err)
	default:
		err = t.db.failRecord(ctx, o, err)
	}
	if t.broken == nil {
		t.broken = err
		if host.CodeOf(err) == host.CodeNotFound {
			t.broken = errSerialization(err)
		}
	}
	return err
}

func errEnded(err error) error {
	return host.Caused(host.CodeUnavailable, err, "The transaction has ended")
}

// ready tells why nothing more can be done, if so. When the context of the
// transaction ends it is rolled back, but not at that very moment.
func (t *recordTransaction) ready(ctx context.Context) error {
	if err := cmp.Or(t.ctx.Err(), ctx.Err()); t.broken == nil && err != nil {
		t.broken = errEnded(err)
	}
	return t.broken
}

func errSerialization(err error) error {
	return host.Caused(host.CodeConflict, errors.Join(host.ErrSerialization, err), "Others changed the same records at the same time; try again")
}

// Record implements host.RecordReader.
func (t *recordTransaction) Record(ctx context.Context, o *host.Object, id string) (*host.Record, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	r, err := t.records.Record(t.db.main.dialect.records.brief(ctx), o, id)
	if err == nil {
		t.sizes[recordKey{o.ID, id}] = int64(len(r.Data))
	}
	return r, err
}

// QueryRecords implements host.RecordReader.
func (t *recordTransaction) QueryRecords(ctx context.Context, o *host.Object, q *host.Query) (*host.Found, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	return t.records.QueryRecords(ctx, o, q)
}

// write is a record on its way into its table.
type write struct {
	*session
	table  *recordTable
	record *host.Record
	terms  string
	unique []uniqueTerm
}

// uniqueTerm is the value of a unique field.
type uniqueTerm struct {
	field, term string
	taken       string // statement that finds other records that have it
}

// write prepares to write r.
func (t *recordTransaction) write(ctx context.Context, o *host.Object, r *host.Record) (*write, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	table, err := t.table(o)
	if err != nil {
		return nil, err
	}
	terms, err := appendTerms(make([]byte, 0, 2*len(r.Data)), r.Data)
	if err != nil {
		return nil, err
	}
	w := &write{session: t.session(ctx), table: table, record: r, terms: string(terms)}
	for n, i := range table.indexes {
		value := fieldTerm(r.Data, i.path)
		if err := i.admit(value); err != nil {
			return nil, err
		}
		if i.unique && value.term != "" {
			w.unique = append(w.unique, uniqueTerm{i.field, value.term, table.taken[n]})
		}
	}
	return w, nil
}

// admit refuses a value that the index cannot hold.
func (i *index) admit(value fieldValue) error {
	if i.unique && value.object {
		return host.Errorf(host.CodeInvalid, "%s: the value of a unique field must not be an object", i.field)
	}
	if value.size > maxIndexed {
		return host.Errorf(host.CodeInvalid, "%s: the value of an indexed field may have about %d bytes", i.field, maxIndexed/2)
	}
	return nil
}

// taken names the value of the record that another record has, nil if it is
// none. An insert takes its id, too.
func (w *write) taken(insert bool) (*host.Taken, error) {
	if insert {
		same, err := list[string](w.session, "SELECT id FROM "+w.table.name+" WHERE id = $1", w.record.ID)
		if err != nil || len(same) > 0 {
			return &host.Taken{Field: host.FieldID, ID: w.record.ID}, err
		}
	}
	for _, u := range w.unique {
		other, err := list[string](w.session, u.taken, u.term, w.record.ID)
		if err != nil {
			return nil, err
		}
		if len(other) > 0 {
			return &host.Taken{Field: u.field, ID: other[0]}, nil
		}
	}
	return nil, nil
}

func errTaken(t *host.Taken) error {
	err := host.Errorf(host.CodeConflict, "%s is already taken by another record", t.Field)
	err.Details = *t
	return err
}

// InsertRecord implements host.RecordTransaction.
func (t *recordTransaction) InsertRecord(ctx context.Context, o *host.Object, r *host.Record) (err error) {
	defer host.Wrap(&err, "store.InsertRecord(%q)", o.ID)
	w, err := t.write(ctx, o, r)
	if err != nil {
		return err
	}
	size := int64(len(r.Data))
	if err := t.admit(1, size); err != nil {
		return err
	}
	inserted, err := w.exec(w.table.insert, r.ID, r.Version, r.CreatedAt.Millis(), r.UpdatedAt.Millis(), size, w.terms, string(r.Data))
	if err == nil && inserted == 0 {
		var taken *host.Taken
		if taken, err = w.taken(true); taken != nil && err == nil {
			return errTaken(taken)
		}
		if err == nil {
			// A field is unique since the caller read the definition.
			err = errors.New("a record was not inserted, and nothing that the definition tells of is in its way")
			t.broken = errSerialization(err)
			return t.broken
		}
	}
	if err != nil {
		return t.fail(ctx, o, err)
	}
	t.note(o, r.ID, 0, r.Version)
	t.grow(recordKey{o.ID, r.ID}, 1, size, size)
	return nil
}

// UpdateRecord implements host.RecordTransaction.
func (t *recordTransaction) UpdateRecord(ctx context.Context, o *host.Object, r *host.Record) (err error) {
	defer host.Wrap(&err, "store.UpdateRecord(%q, %q)", o.ID, r.ID)
	w, err := t.write(ctx, o, r)
	if err != nil {
		return err
	}
	size := int64(len(r.Data))
	more := size - t.sizes[recordKey{o.ID, r.ID}] // all of it for a record that nobody looked at, until they are counted again
	if err := t.admit(0, more); err != nil {
		return err
	}
	// What is taken is looked for first: a statement that fails would end the
	// transaction on PostgreSQL.
	taken, err := w.taken(false)
	if err != nil {
		return t.fail(ctx, o, err)
	}
	if taken != nil {
		return errTaken(taken)
	}
	updated, err := w.exec(w.table.update, r.Version, r.UpdatedAt.Millis(), size, w.terms, string(r.Data), r.ID, r.Version-1)
	if err != nil {
		return t.fail(ctx, o, err)
	}
	if updated == 0 {
		return host.Errorf(host.CodeStale, "The record was changed by somebody else")
	}
	t.note(o, r.ID, r.Version-1, r.Version)
	t.grow(recordKey{o.ID, r.ID}, 0, more, size)
	return nil
}

// DeleteRecord implements host.RecordTransaction.
func (t *recordTransaction) DeleteRecord(ctx context.Context, o *host.Object, id string) (err error) {
	defer host.Wrap(&err, "store.DeleteRecord(%q, %q)", o.ID, id)
	if err := t.ready(ctx); err != nil {
		return err
	}
	table, err := t.table(o)
	if err != nil {
		return err
	}
	if !host.IsID(id) {
		return errNoRecord()
	}
	gone, err := list[struct{ Version, Bytes int64 }](t.session(ctx), "DELETE FROM "+table.name+" WHERE id = $1 RETURNING version, bytes", id)
	if err != nil {
		return t.fail(ctx, o, err)
	}
	if len(gone) == 0 {
		return errNoRecord()
	}
	t.note(o, id, gone[0].Version, 0)
	t.grow(recordKey{o.ID, id}, -1, -gone[0].Bytes, 0)
	return nil
}

// Try implements host.RecordTransaction.
func (t *recordTransaction) Try(ctx context.Context, fn func() error) (err error) {
	if err := t.ready(ctx); err != nil {
		return err
	}
	t.depth++
	defer func() { t.depth-- }()
	point := fmt.Sprintf("try%d", t.depth)
	grown, wrote, noted := t.growth, len(t.wrote), len(t.altered)
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT "+point); err != nil {
		return t.fail(ctx, nil, err)
	}
	if err := fn(); err != nil {
		if t.broken == nil {
			t.shrink(grown, wrote)
			t.altered = t.altered[:noted]
			_, undoErr := t.tx.ExecContext(ctx, "ROLLBACK TO "+point)
			if undoErr != nil {
				return errors.Join(t.fail(ctx, nil, undoErr), err)
			}
		}
		return err
	}
	_, err = t.tx.ExecContext(ctx, "RELEASE "+point)
	return t.fail(ctx, nil, err)
}

// Commit implements host.RecordTransaction.
func (t *recordTransaction) Commit() (err error) {
	defer host.Wrap(&err, "store.Commit")
	if t.broken != nil {
		return errors.Join(t.broken, t.Rollback())
	}
	if err := t.addAudit(); err != nil {
		return errors.Join(err, t.Rollback())
	}
	before := t.db.quota.now(t.appID)
	err = t.tx.Commit()
	t.endTurn()
	if err := t.fail(t.ctx, nil, err); err != nil {
		return err
	}
	t.db.quota.add(t.appID, t.growth, before)
	return nil
}

// Rollback implements host.RecordTransaction. It does nothing after Commit, and
// nothing is left to do for a connection that is lost.
func (t *recordTransaction) Rollback() error {
	err := t.tx.Rollback()
	t.endTurn()
	if err == nil || errors.Is(err, sql.ErrTxDone) || t.ctx.Err() != nil || t.db.main.dialect.kind(err) == unavailable {
		return nil
	}
	return err
}

// endTurn lets the next transaction begin, once.
func (t *recordTransaction) endTurn() {
	if t.turn() {
		t.db.main.writing.give()
	}
}
