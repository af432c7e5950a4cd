package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

type keyRow struct {
	ID        string `db:"id"`
	Name      string `db:"name"`
	Prefix    string `db:"prefix"`
	Hash      []byte `db:"hash"`
	Enabled   bool   `db:"enabled"`
	ExpiresAt int64  `db:"expires_at"`
	accessRow
	Quota             *int64 `db:"quota"`
	PreviousHash      []byte `db:"previous_hash"` // nil for none
	PreviousExpiresAt int64  `db:"previous_expires_at"`
	CreatedAt         int64  `db:"created_at"`
	UpdatedAt         int64  `db:"updated_at"`
	Revision          int64  `db:"revision"`
}

// keyView is a key as it is read: with its usage.
type keyView struct {
	keyRow
	usageRow
}

var (
	insertKey  = insertInto[keyRow]("key")
	updateKey  = update[keyRow]("key")
	keyColumns = columns[keyRow]("key.")
)

func keyRowOf(k *host.Key) keyRow {
	row := keyRow{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Hash: k.Hash[:], Enabled: k.Enabled,
		ExpiresAt: k.ExpiresAt.Millis(), accessRow: accessRowOf(&k.Access), Quota: k.Quota,
		PreviousExpiresAt: k.PreviousExpiresAt.Millis(),
		CreatedAt:         k.CreatedAt.Millis(), UpdatedAt: k.UpdatedAt.Millis(), Revision: k.Revision,
	}
	if k.PreviousHash != (host.Hash{}) {
		row.PreviousHash = k.PreviousHash[:]
	}
	return row
}

func (r *keyView) key() *host.Key {
	k := &host.Key{
		ID: r.ID, Name: r.Name, Prefix: r.Prefix, Enabled: r.Enabled,
		ExpiresAt: host.FromMillis(r.ExpiresAt), Access: r.access(), Quota: r.Quota,
		PreviousExpiresAt: host.FromMillis(r.PreviousExpiresAt), Usage: r.usage(),
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt), Revision: r.Revision,
	}
	copy(k.Hash[:], r.Hash)
	copy(k.PreviousHash[:], r.PreviousHash)
	return k
}

const keyTaken = "key: this key exists already"

// CreateKey implements host.KeyStore. It gives key its Revision.
func (db *DB) CreateKey(ctx context.Context, key *host.Key) (err error) {
	defer host.Wrap(&err, "store.CreateKey(%q)", key.ID)
	key.Revision = 1
	return db.main.write(ctx, func(s *session) error {
		if err := db.change(s, host.ChangedKey, key.ID, nil, key); err != nil {
			return err
		}
		if err := addCredential(s, key.ID, nil); err != nil {
			return s.taken(err, keyTaken)
		}
		_, err := s.save(insertKey, keyRowOf(key))
		return s.taken(err, keyTaken)
	})
}

// Key implements host.KeyStore.
func (db *DB) Key(ctx context.Context, id string) (key *host.Key, err error) {
	defer host.Wrap(&err, "store.Key(%q)", id)
	return read(ctx, db.main, func(s *session) (*host.Key, error) { return oneKey(s, id, "") })
}

func oneKey(s *session, id, lock string) (*host.Key, error) {
	row, err := one[keyView](s, "Key", "SELECT "+keyColumns+usageColumns("key")+" FROM key WHERE id = $1"+lock, id)
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
		rows, total, err := paged[keyView](s, keyColumns+usageColumns("key"), "key", "key.id", page)
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
	return each(ctx, db.main, "SELECT "+keyColumns+" FROM key", func(row *keyView) { fn(row.key()) })
}

// UpdateKey implements host.KeyStore. The id, the usage and the time of
// creation keep their values.
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
		key.ID, key.Usage, key.CreatedAt = id, old.Usage, old.CreatedAt
		key.UpdatedAt, key.Revision = host.Now(), old.Revision+1
		if err := db.change(s, host.ChangedKey, id, &old, key); err != nil {
			return err
		}
		_, err = s.save(updateKey, keyRowOf(key))
		return s.taken(err, keyTaken)
	})
	if err != nil {
		return nil, err
	}
	return key, nil
}

// DeleteKey implements host.KeyStore.
func (db *DB) DeleteKey(ctx context.Context, id string, checks ...func(*host.Key) error) (err error) {
	defer host.Wrap(&err, "store.DeleteKey(%q)", id)
	return db.main.write(ctx, func(s *session) error {
		key, err := oneKey(s, id, s.dialect.rowLock)
		if err != nil {
			return err
		}
		if err := refused(key, checks); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedKey, id, key, nil); err != nil {
			return err
		}
		if _, err := s.exec("DELETE FROM key WHERE id = $1", id); err != nil {
			return err
		}
		return dropCredential(s, id)
	})
}
