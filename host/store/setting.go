package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

// settingRow is a row of the tables variable and secret, which are alike but
// for what is in value: a text, or a sealed one.
type settingRow struct {
	ID        string `db:"id"`
	AppID     string `db:"app_id"`
	Name      string `db:"name"`
	Value     []byte `db:"value"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
}

// settings is one of the two kinds.
type settings struct {
	table, what, changed string
	// shown is a row as the audit log has it.
	shown func(*settingRow) any
}

var settingColumns = columns[settingRow]("")

// one finds a row.
func (k *settings) one(s *session, appID, name string) (*settingRow, error) {
	row, err := one[settingRow](s, k.what, "SELECT "+settingColumns+" FROM "+k.table+" WHERE app_id = $1 AND name = $2", appID, name)
	return &row, err
}

// page lists the rows of an app, newest first, with their number.
func (k *settings) page(s *session, appID string, page host.Page) ([]settingRow, int, error) {
	return paged[settingRow](s, settingColumns, k.table+" WHERE app_id = $1", "id", page, appID)
}

// put stores a row in place of the one of its name. seal makes the value once
// the id is known, which it may be bound to.
func (k *settings) put(ctx context.Context, db *DB, row *settingRow, seal func(*settingRow) error) (created bool, err error) {
	err = db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, row.AppID); err != nil {
			return err
		}
		old, err := k.one(s, row.AppID, row.Name)
		var before any
		switch {
		case err == nil:
			row.ID, row.CreatedAt, before = old.ID, old.CreatedAt, k.shown(old)
		case host.CodeOf(err) == host.CodeNotFound:
			if err := k.room(s, row.AppID); err != nil {
				return err
			}
			created = true
		default:
			return err
		}
		if err := seal(row); err != nil {
			return err
		}
		if err := db.change(s, k.changed, row.AppID, before, k.shown(row)); err != nil {
			return err
		}
		_, err = s.save(insertInto[settingRow](k.table)+" ON CONFLICT (app_id, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at", row)
		return err
	})
	return created, err
}

// room refuses one more than an app may have.
func (k *settings) room(s *session, appID string) error {
	count, err := one[int](s, "", "SELECT COUNT(*) FROM "+k.table+" WHERE app_id = $1", appID)
	if err == nil && count >= host.MaxSettings {
		err = host.Errorf(host.CodeQuota, "an app has at most %d of each: variables and secrets", host.MaxSettings)
	}
	return err
}

// remove deletes a row.
func (k *settings) remove(ctx context.Context, db *DB, appID, name string) error {
	return db.main.write(ctx, func(s *session) error {
		old, err := k.one(s, appID, name)
		if err != nil {
			return err
		}
		if err := db.change(s, k.changed, appID, k.shown(old), nil); err != nil {
			return err
		}
		deleted, err := s.exec("DELETE FROM "+k.table+" WHERE id = $1", old.ID)
		if err == nil && deleted == 0 {
			err = host.Errorf(host.CodeNotFound, "%s not found", k.what)
		}
		return err
	})
}
