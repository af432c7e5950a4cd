package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

// change appends a change to the transaction, and notes for the audit log which
// resource became what; nil stands for none, and after is read when the
// transaction is about to commit. It waits for every other
// transaction that did so, and they for this one, until it ends. Call it after
// locking the row that is about to change and before touching any other.
func (db *DB) change(s *session, kind, id string, before, after any) error {
	s.altered = append(s.altered, altered{before, after})
	sequence, err := returning[int64](s, "UPDATE change_counter SET last = last + 1 RETURNING last")
	if err != nil {
		return err
	}
	if _, err := s.exec("INSERT INTO change (sequence, kind, id) VALUES ($1, $2, $3)", sequence, kind, id); err != nil {
		return err
	}
	if _, err = s.exec("DELETE FROM change WHERE sequence <= $1", sequence-db.keepChanges); err != nil {
		return err
	}
	return db.purgeAudit(s)
}

// lockChanges waits as change does, without appending one.
func lockChanges(s *session) error {
	_, err := one[int64](s, "Change counter", "SELECT last FROM change_counter"+s.dialect.rowLock)
	return err
}

// Changes implements host.ChangeStore.
func (db *DB) Changes(ctx context.Context, after int64) (changes []host.Change, complete bool, err error) {
	defer host.Wrap(&err, "store.Changes(%d)", after)
	// The change that the caller has seen last is read with the others: no
	// number is ever missing, so if it is still there, all after it are.
	changes, err = read(ctx, db.main, func(s *session) ([]host.Change, error) {
		return list[host.Change](s, "SELECT sequence, kind, id FROM change WHERE sequence >= $1 ORDER BY sequence", after)
	})
	switch {
	case err != nil:
		return nil, false, err
	case len(changes) == 0:
		return nil, after == 0, nil
	case changes[0].Sequence == after:
		return changes[1:], true, nil
	}
	return changes, changes[0].Sequence == after+1, nil
}

// LastChange implements host.ChangeStore.
func (db *DB) LastChange(ctx context.Context) (last int64, err error) {
	defer host.Wrap(&err, "store.LastChange")
	return read(ctx, db.main, func(s *session) (int64, error) {
		return one[int64](s, "Change counter", "SELECT last FROM change_counter")
	})
}

// EachApp implements host.ChangeStore. All apps are of one moment.
func (db *DB) EachApp(ctx context.Context, fn func(*host.App, *host.Release) error) (err error) {
	defer host.Wrap(&err, "store.EachApp")
	type row struct {
		appView
		Note       *string                   `db:"note"`
		Endpoints  document[[]host.Endpoint] `db:"endpoints"`
		ReleasedAt *int64                    `db:"released_at"`
	}
	rows, err := read(ctx, db.main, func(s *session) ([]row, error) {
		return list[row](s, "SELECT "+appColumns+`, release.note, COALESCE(release.endpoints, '[]') AS endpoints, release.created_at AS released_at
			FROM app LEFT JOIN release ON release.app_id = app.id AND release.number = app.active_release
			ORDER BY app.id`)
	})
	if err != nil {
		return err
	}
	for i := range rows {
		app, err := db.app(&rows[i].appView)
		if err != nil {
			return err
		}
		var active *host.Release
		if r := rows[i]; r.Note != nil {
			released := releaseRow{AppID: app.ID, Number: app.ActiveRelease, Note: *r.Note, Endpoints: r.Endpoints, CreatedAt: *r.ReleasedAt}
			active = (&releaseView{released, true}).release()
		}
		if err := fn(app, active); err != nil {
			return err
		}
	}
	return nil
}
