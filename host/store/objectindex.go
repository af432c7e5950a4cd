package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/posternhq/postern/host"
)

// buildAhead builds the indexes that a definition will need when change has
// altered it, so that others can go on writing records meanwhile: a database
// with many writers does that outside transactions. On one with a single writer
// it does nothing. Until done is called nobody else builds or sweeps those of
// the object; it takes away again what was built for a change that failed.
func (db *DB) buildAhead(ctx context.Context, appID, name string, change func(*host.Object) error) (done func(ok bool), err error) {
	nothing := func(bool) {}
	if db.main.dialect.records.concurrent == "" {
		return nothing, nil
	}
	var object *host.Object
	lacks, err := read(ctx, db.main, func(s *session) ([]index, error) {
		old, err := oneObject(s, appID, name)
		if err != nil {
			return nil, err
		}
		if object, err = changed(old, change); err != nil {
			return nil, err
		}
		return missing(s, object)
	})
	if err != nil || len(lacks) == 0 {
		return nothing, err
	}
	select {
	case db.indexing <- struct{}{}: // each holds one connection and needs another
	case <-ctx.Done():
		return nil, db.main.dialect.fail(ctx, ctx.Err())
	}
	b, err := db.guardIndexes(ctx, object.ID, true)
	if err != nil {
		<-db.indexing
		return nil, db.main.dialect.fail(ctx, err)
	}
	done = func(ok bool) {
		b.finish(ok)
		<-db.indexing
	}
	if err := b.build(object); err != nil {
		done(false)
		return nil, db.main.dialect.fail(ctx, err)
	}
	return done, nil
}

// indexBuilder is a connection that alone touches the indexes of an object.
type indexBuilder struct {
	*session
	conn  *sqlx.Conn
	id    string   // of the object
	built []string // names
}

// guardRetry is how long to wait for another builder before asking again.
// Waiting inside the database would make that builder wait for us.
const guardRetry = 50 * time.Millisecond

// guardIndexes returns a builder when nobody else builds. If it may not wait,
// it returns nil instead.
func (db *DB) guardIndexes(ctx context.Context, objectID string, wait bool) (*indexBuilder, error) {
	conn, err := db.main.writer.Connx(ctx)
	if err != nil {
		return nil, err
	}
	for {
		held, err := db.main.dialect.records.guard(ctx, conn, objectID)
		if err == nil && held {
			return &indexBuilder{&session{ctx: ctx, db: conn, dialect: db.main.dialect}, conn, objectID, nil}, nil
		}
		if err != nil || !wait {
			return nil, errors.Join(err, conn.Close())
		}
		select {
		case <-ctx.Done(): // the next question fails
		case <-time.After(guardRetry):
		}
	}
}

// finish lets the next builder begin. It must not fail, or there would be none:
// a connection that cannot say so is closed, which says it too. What was built
// and is not wanted goes; if that fails, it goes with the next sweep.
func (b *indexBuilder) finish(wanted bool) {
	b.ctx = context.WithoutCancel(b.ctx)
	if !wanted {
		_ = b.drop(func(row indexRow) bool { return !row.Valid || slices.Contains(b.built, row.Name) })
	}
	if err := b.dialect.records.unguard(b.ctx, b.conn, b.id); err != nil {
		_ = b.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = b.conn.Close()
}

// build builds what the definition lacks.
func (b *indexBuilder) build(o *host.Object) error {
	if err := b.drop(func(row indexRow) bool { return !row.Valid }); err != nil {
		return err
	}
	lacks, err := missing(b.session, o)
	if err != nil {
		return err
	}
	for _, i := range lacks {
		b.built = append(b.built, i.name)
		if err := i.build(b.session, tableName(o.ID), b.dialect.records.concurrent); err != nil {
			return err
		}
	}
	// Without statistics of the new expressions queries are planned blindly.
	_, err = b.exec("ANALYZE " + tableName(o.ID))
	return err
}

// drop removes the indexes that fields asked for and that are to go.
func (b *indexBuilder) drop(goes func(indexRow) bool) error {
	rows, err := indexRows(b.session, b.id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !goes(row) {
			continue
		}
		if _, err := b.exec("DROP INDEX " + b.dialect.records.concurrent + " IF EXISTS " + row.Name); err != nil {
			return err
		}
	}
	return nil
}
