package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
)

// Master is a master key as the database knows it.
type Master struct {
	Sealer      host.Sealer
	Fingerprint string
}

// Rekey seals everything in the database with another master key, in one
// transaction, and returns how many values that were. If the database has that
// key already, there is nothing to do: 0. leftovers is why space that is free now
// could not be overwritten: it holds what the old key opens.
//
// Nobody else may use the database meanwhile; force lets them, where many can:
// they wait to write, and what they write with the old key afterwards nobody can
// read. Errors, with which nothing is changed: CodeNotFound if there is no
// database, CodeConflict if somebody uses it, CodeInvalid if its key is neither of
// the two or its schema is not of this version.
func Rekey(ctx context.Context, c Config, from, to Master, force bool) (values int, leftovers, err error) {
	defer host.Wrap(&err, "store.Rekey")
	d := dialectOf(c)
	if err := d.alone.there(c); err != nil {
		return 0, nil, err
	}
	databases, err := d.databases(c)
	if err != nil {
		return 0, nil, err
	}
	p, err := newPool(d, database{write: databases[0].write + d.alone.settings, writers: 1})
	if err != nil {
		return 0, nil, err
	}
	defer func() { leftovers = errors.Join(leftovers, p.close()) }()
	if !force {
		p.awaitOthers(ctx)
	}
	err = p.write(ctx, func(s *session) error {
		values, err = s.rekey(from, to, force)
		return err
	})
	if err != nil {
		return 0, nil, inUse(err)
	}
	if d.alone.erase != "" {
		_, leftovers = p.writer.ExecContext(ctx, d.alone.erase)
	}
	return values, leftovers, nil
}

// inUse says what it means that a database which nobody else should use is busy.
func inUse(err error) error {
	if host.CodeOf(err) == host.CodeUnavailable {
		return host.Caused(host.CodeConflict, err, "the database is not available, or a server uses it")
	}
	return err
}

// rekey does what Rekey says.
func (s *session) rekey(from, to Master, force bool) (values int, err error) {
	if err := s.keepOut(force); err != nil {
		return 0, err
	}
	if err := s.checkSchema(); err != nil {
		return 0, err
	}
	org, err := oneOrganization(s, selectOrganization+s.dialect.rowLock)
	if err != nil {
		return 0, err
	}
	switch org.MasterFingerprint {
	case to.Fingerprint:
		return 0, nil
	case from.Fingerprint:
	default:
		return 0, host.Errorf(host.CodeInvalid, "the database was sealed with another master key: its fingerprint is %s, not %s", org.MasterFingerprint, from.Fingerprint)
	}
	for _, column := range sealedColumns {
		n, err := s.reseal(column, from.Sealer, to.Sealer)
		if err != nil {
			return 0, err
		}
		values += n
	}
	_, err = s.exec("UPDATE organization SET master_fingerprint = $1", to.Fingerprint)
	return values, err
}

// Connections that were closed just now are listed for a moment: so often, and so
// long after one another, awaitOthers looks whether there are any.
const (
	othersLooks = 20
	othersPause = 50 * time.Millisecond
)

// awaitOthers gives others who are leaving the time for it. Whether they have left
// is for keepOut to see.
func (p *pool) awaitOthers(ctx context.Context) {
	if p.dialect.alone.others == "" {
		return
	}
	for range othersLooks {
		others, err := read(ctx, p, func(s *session) (int, error) { return one[int](s, "", p.dialect.alone.others) })
		if err != nil || others == 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(othersPause):
		}
	}
}

// keepOut sees to it that nobody else writes what is sealed.
func (s *session) keepOut(force bool) error {
	if s.dialect.alone.others != "" && !force {
		others, err := one[int](s, "", s.dialect.alone.others)
		if err != nil {
			return err
		}
		if others > 0 {
			return host.Errorf(host.CodeConflict, "others are connected to the database: %d", others)
		}
	}
	if s.dialect.alone.lock == "" {
		return nil
	}
	tables := []string{"organization"}
	for _, column := range sealedColumns {
		tables = append(tables, column.table)
	}
	_, err := s.exec(fmt.Sprintf(s.dialect.alone.lock, strings.Join(tables, ", ")))
	return err
}

// checkSchema refuses a database that this version does not know, or would
// migrate first.
func (s *session) checkSchema() error {
	is, err := one[int64](s, "", "SELECT MAX(version_id) FROM goose_db_version")
	if err != nil {
		return err
	}
	known, err := newestOf(isNoLog)
	if err == nil && is != known {
		err = host.Errorf(host.CodeInvalid, "the database has the schema %d, this version of Postern knows %d: bring it up to date first", is, known)
	}
	return err
}

// resealPage is how many values are held in memory at once.
const resealPage = 100

// reseal seals the values of a column anew.
func (s *session) reseal(column sealed, from, to host.Sealer) (values int, err error) {
	type row struct {
		ID    string `db:"id"`
		Value []byte `db:"value"`
	}
	query := fmt.Sprintf("SELECT id, %[2]s AS value FROM %[1]s WHERE id > $1 AND %[2]s IS NOT NULL ORDER BY id LIMIT %[3]d", column.table, column.column, resealPage)
	change := fmt.Sprintf("UPDATE %s SET %s = $1 WHERE id = $2", column.table, column.column)
	for after := ""; ; {
		rows, err := list[row](s, query, after)
		if err != nil || len(rows) == 0 {
			return values, err
		}
		for _, r := range rows {
			open, shut := sealing{from, r.ID, nil}, sealing{to, r.ID, nil}
			value := shut.seal(column, open.unseal(column, r.Value))
			if err := errors.Join(open.err, shut.err); err != nil {
				return values, fmt.Errorf("%s of %s: %w", column.column, r.ID, err)
			}
			if _, err := s.exec(change, value, r.ID); err != nil {
				return values, err
			}
			values, after = values+1, r.ID
		}
	}
}
