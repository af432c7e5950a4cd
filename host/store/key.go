package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

type keyRow struct {
	ID          string                      `db:"id"`
	Name        string                      `db:"name"`
	Prefix      string                      `db:"prefix"`
	Hash        []byte                      `db:"hash"`
	Environment *string                     `db:"environment"`
	Enabled     bool                        `db:"enabled"`
	ExpiresAt   int64                       `db:"expires_at"`
	AllowedIPs  document[[]string]          `db:"allowed_ips"`
	Variables   document[map[string]string] `db:"variables"`
	CreatedAt   int64                       `db:"created_at"`
	UpdatedAt   int64                       `db:"updated_at"`
	Revision    int64                       `db:"revision"`
}

var (
	insertKey  = insertInto[keyRow]("key")
	updateKey  = update[keyRow]("key")
	keyColumns = columns[keyRow]("")
)

func keyRowOf(k *host.Key) keyRow {
	return keyRow{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Hash: k.Hash[:], Environment: k.Environment,
		Enabled: k.Enabled, ExpiresAt: k.ExpiresAt.Millis(),
		AllowedIPs: document[[]string]{k.AllowedIPs}, Variables: document[map[string]string]{k.Variables},
		CreatedAt: k.CreatedAt.Millis(), UpdatedAt: k.UpdatedAt.Millis(), Revision: k.Revision,
	}
}

func (r *keyRow) key() *host.Key {
	k := &host.Key{
		ID: r.ID, Name: r.Name, Prefix: r.Prefix, Environment: r.Environment,
		Enabled: r.Enabled, ExpiresAt: host.FromMillis(r.ExpiresAt),
		AllowedIPs: filled(r.AllowedIPs.V), Variables: r.Variables.V,
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt), Revision: r.Revision,
	}
	if k.Variables == nil {
		k.Variables = map[string]string{}
	}
	copy(k.Hash[:], r.Hash)
	return k
}

// CreateKey implements host.KeyStore. It gives key its Revision.
func (db *DB) CreateKey(ctx context.Context, key *host.Key) (err error) {
	defer host.Wrap(&err, "store.CreateKey(%q)", key.ID)
	key.Revision = 1
	return db.main.write(ctx, func(s *session) error {
		if err := db.change(s, host.ChangedKey, key.ID); err != nil {
			return err
		}
		_, err := s.save(insertKey, keyRowOf(key))
		return s.taken(err, "key: this key exists already")
	})
}

// Key implements host.KeyStore.
func (db *DB) Key(ctx context.Context, id string) (key *host.Key, err error) {
	defer host.Wrap(&err, "store.Key(%q)", id)
	return read(ctx, db.main, func(s *session) (*host.Key, error) { return oneKey(s, id, "") })
}

func oneKey(s *session, id, lock string) (*host.Key, error) {
	row, err := one[keyRow](s, "Key", "SELECT "+keyColumns+" FROM key WHERE id = $1"+lock, id)
	if err != nil {
		return nil, err
	}
	return row.key(), nil
}

// Keys implements host.KeyStore.
func (db *DB) Keys(ctx context.Context, page host.Page) (keys []*host.Key, total int, err error) {
	defer host.Wrap(&err, "store.Keys")
	keys = []*host.Key{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[keyRow](s, keyColumns, "key", "id", page)
		for i := range rows {
			keys = append(keys, rows[i].key())
		}
		return total, err
	})
	return keys, total, err
}

// EachKey implements host.KeyStore. All keys are of one moment.
func (db *DB) EachKey(ctx context.Context, fn func(*host.Key)) (err error) {
	defer host.Wrap(&err, "store.EachKey")
	rows, err := read(ctx, db.main, func(s *session) ([]keyRow, error) {
		return list[keyRow](s, "SELECT "+keyColumns+" FROM key ORDER BY id")
	})
	for i := range rows {
		fn(rows[i].key())
	}
	return err
}

// UpdateKey implements host.KeyStore. The id and the time of creation keep
// their values.
func (db *DB) UpdateKey(ctx context.Context, id string, change func(*host.Key) error) (key *host.Key, err error) {
	defer host.Wrap(&err, "store.UpdateKey(%q)", id)
	err = db.main.write(ctx, func(s *session) error {
		key, err = oneKey(s, id, s.dialect.rowLock)
		if err != nil {
			return err
		}
		old := *key
		if err := change(key); err != nil {
			return err
		}
		key.ID, key.CreatedAt, key.UpdatedAt, key.Revision = id, old.CreatedAt, host.Now(), old.Revision+1
		if err := db.change(s, host.ChangedKey, id); err != nil {
			return err
		}
		_, err = s.save(updateKey, keyRowOf(key))
		return s.taken(err, "key: this key exists already")
	})
	if err != nil {
		return nil, err
	}
	return key, nil
}

// DeleteKey implements host.KeyStore.
func (db *DB) DeleteKey(ctx context.Context, id string) (err error) {
	defer host.Wrap(&err, "store.DeleteKey(%q)", id)
	return db.main.write(ctx, func(s *session) error {
		if _, err := oneKey(s, id, s.dialect.rowLock); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedKey, id); err != nil {
			return err
		}
		_, err := s.exec("DELETE FROM key WHERE id = $1", id)
		return err
	})
}
