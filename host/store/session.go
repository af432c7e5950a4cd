package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"github.com/posternhq/postern/host"
)

// pool is the connections to one database.
type pool struct {
	dialect        *dialect
	writer, reader *sqlx.DB // the same one if the database admits many writers
	writes, reads  *plans   // of these, for records
	writing        *turns   // for the transactions of records
	reading        *turns   // for their queries outside of one; the same if the pool is
}

func (p *pool) close() error {
	if p.reader == p.writer {
		return p.writer.Close()
	}
	return errors.Join(p.reader.Close(), p.writer.Close())
}

// session runs statements inside one transaction, or on a pool for a single
// read. It lives no longer than the function it is given to, and so may hold
// the context.
type session struct {
	ctx     context.Context
	db      runner
	dialect *dialect
	altered []altered // by change, for the audit log
}

// runner is a transaction, a pool or a single connection.
type runner interface {
	sqlx.QueryerContext
	sqlx.ExecerContext
}

// read runs fn outside a transaction.
func read[T any](ctx context.Context, p *pool, fn func(*session) (T, error)) (T, error) {
	out, err := fn(&session{ctx: ctx, db: p.reader, dialect: p.dialect})
	return out, p.dialect.fail(ctx, err)
}

// write runs fn in a transaction, writes to the audit log what it changed, and
// commits, unless something fails.
func (p *pool) write(ctx context.Context, fn func(*session) error) error {
	tx, err := p.writer.BeginTxx(ctx, nil)
	if err != nil {
		return p.dialect.fail(ctx, err)
	}
	defer tx.Rollback() // does nothing after a commit
	s := &session{ctx: ctx, db: tx, dialect: p.dialect}
	if err = fn(s); err == nil {
		err = s.addAudit()
	}
	if err == nil {
		err = tx.Commit()
	}
	return p.dialect.fail(ctx, err)
}

// kind is what an error of a database means to its user.
type kind int

const (
	other         kind = iota
	conflict           // a value that must be unique is taken
	reference          // a row that is referred to is not there
	unavailable        // the database is away, busy or full
	serialization      // another transaction was first: this one may try again
)

// kind classifies err by types and codes; the texts of drivers change.
func (d *dialect) kind(err error) kind {
	if _, ok := errors.AsType[net.Error](err); ok ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return unavailable
	}
	for _, code := range d.codes(err) {
		if k, known := d.kinds[code]; known {
			return k
		}
	}
	return other
}

// fail turns an error of the database into what callers may see. Errors that
// are host.Error already pass.
func (d *dialect) fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*host.Error](err); known {
		return err
	}
	if ctx.Err() != nil {
		// Drivers answer a context that ended with errors of many kinds.
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	} else if k := d.kind(err); k != unavailable && k != serialization {
		return err
	}
	return host.Caused(host.CodeUnavailable, err, "The database is not available")
}

// taken replaces the error of a value that must be unique and is taken by a
// CodeConflict with the message.
func (s *session) taken(err error, message string) error {
	if err != nil && s.dialect.kind(err) == conflict {
		return host.Caused(host.CodeConflict, err, "%s", message)
	}
	return err
}

// exec runs a statement and returns the number of rows it changed. Text that
// not every database can hold is a CodeInvalid.
func (s *session) exec(query string, args ...any) (int64, error) {
	if !storable(args) {
		return 0, errText()
	}
	result, err := s.db.ExecContext(s.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func errText() error {
	return host.Errorf(host.CodeInvalid, "text must be valid UTF-8 without NUL characters")
}

// returning runs a statement that changes one row and returns a value of it.
func returning[T any](s *session, query string, args ...any) (T, error) {
	if !storable(args) {
		var none T
		return none, errText()
	}
	changed, err := one[T](s, "", query, args...)
	if host.CodeOf(err) == host.CodeNotFound {
		return changed, errors.New("the row to change is missing")
	}
	return changed, err
}

// save runs a statement with the named values (:name) of row, a struct, or of
// each struct of a slice.
func (s *session) save(query string, row any) (int64, error) {
	query, args, err := sqlx.BindNamed(sqlx.DOLLAR, query, row)
	if err != nil {
		return 0, err
	}
	return s.exec(query, args...)
}

// list returns the rows of a query.
func list[T any](s *session, query string, args ...any) ([]T, error) {
	if !storable(args) {
		return nil, nil // text that cannot be stored matches nothing that is
	}
	var rows []T
	err := sqlx.SelectContext(s.ctx, s.db, &rows, query, args...)
	return rows, err
}

// each runs a query outside a transaction and hands fn one row after the
// other, so that the number of rows takes no memory here.
func each[T any](ctx context.Context, p *pool, query string, fn func(*T), args ...any) error {
	if !storable(args) {
		return nil
	}
	rows, err := p.reader.QueryxContext(ctx, query, args...)
	if err != nil {
		return p.dialect.fail(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var row T
		if err := rows.StructScan(&row); err != nil {
			return p.dialect.fail(ctx, err)
		}
		fn(&row)
	}
	return p.dialect.fail(ctx, rows.Err())
}

// one returns the first row of a query; none at all is a CodeNotFound that
// names what was looked for.
func one[T any](s *session, what, query string, args ...any) (T, error) {
	rows, err := list[T](s, query, args...)
	if err == nil && len(rows) == 0 {
		err = host.Errorf(host.CodeNotFound, "%s not found", what)
	}
	if err != nil {
		var none T
		return none, err
	}
	return rows[0], nil
}

// paged returns one page of "SELECT columns FROM from" and the number of all
// rows. order is a column; the highest comes first.
func paged[T any](s *session, columns, from, order string, page host.Page, args ...any) ([]T, int, error) {
	total, err := one[int](s, "", "SELECT COUNT(*) FROM "+from, args...)
	if host.CodeOf(err) == host.CodeNotFound {
		return nil, 0, nil // an argument that matches nothing
	}
	if err != nil {
		return nil, 0, err
	}
	page = page.Clamp()
	query := fmt.Sprintf("SELECT %s FROM %s ORDER BY %s DESC LIMIT $%d OFFSET $%d", columns, from, order, len(args)+1, len(args)+2)
	rows, err := list[T](s, query, append(args, page.Limit, page.Offset)...)
	return rows, total, err
}

// inEnvironments is a FROM of the rows of a table that belong to some
// environments, nil for all, and its arguments.
func inEnvironments(table string, environments []string) (from string, args []any) {
	if environments == nil {
		return table, nil
	}
	places := []string{"NULL"} // a list must not be empty, and equals nothing
	for i, environment := range environments {
		places = append(places, fmt.Sprintf("$%d", i+1))
		args = append(args, environment)
	}
	return fmt.Sprintf("%s WHERE %s.environment IN (%s)", table, table, strings.Join(places, ", ")), args
}

// storable reports whether every text among args can be stored: PostgreSQL
// refuses NUL characters and bytes that are not UTF-8, and one database must
// not accept what the other refuses.
func storable(args []any) bool {
	for _, arg := range args {
		if p, ok := arg.(*string); ok && p != nil {
			arg = *p
		}
		if s, ok := arg.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			return false
		}
	}
	return true
}
