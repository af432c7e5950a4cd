package store

import (
	"context"
	"crypto/ed25519"
	"slices"

	"github.com/posternhq/postern/host"
)

type signingKeyRow struct {
	ID         string `db:"id"`
	Position   int64  `db:"position"`
	Algorithm  string `db:"algorithm"`
	PublicKey  []byte `db:"public_key"`
	PrivateKey []byte `db:"private_key"` // sealed
	CreatedAt  int64  `db:"created_at"`
}

var (
	insertSigningKey  = insertInto[signingKeyRow]("signing_key")
	selectSigningKeys = "SELECT " + columns[signingKeyRow]("") + " FROM signing_key ORDER BY position DESC"
)

// AddSigningKey implements host.SigningKeyStore.
func (db *DB) AddSigningKey(ctx context.Context, key *host.SigningKey, onlyFirst bool) (added bool, err error) {
	defer host.Wrap(&err, "store.AddSigningKey(%q)", key.ID)
	seal := sealing{db.sealer, key.ID, nil}
	row := signingKeyRow{
		ID: key.ID, Algorithm: key.Algorithm, PublicKey: key.PublicKey,
		PrivateKey: seal.seal(sealedPrivate, key.Private), CreatedAt: key.CreatedAt.Millis(),
	}
	if seal.err != nil {
		return false, seal.err
	}
	err = db.main.write(ctx, func(s *session) error {
		if err := lockChanges(s); err != nil {
			return err
		}
		last, err := one[int64](s, "", "SELECT COALESCE(MAX(position), 0) FROM signing_key")
		if err != nil || onlyFirst && last > 0 {
			return err
		}
		signs := *key
		signs.Active = true
		if err := db.change(s, host.ChangedSigningKeys, key.ID, nil, &signs); err != nil {
			return err
		}
		added, row.Position = true, last+1
		_, err = s.save(insertSigningKey, row)
		return s.taken(err, "signing key: this key exists already")
	})
	if err != nil || !added {
		return false, err
	}
	key.Active = true
	return true, nil
}

// SigningKeys implements host.SigningKeyStore.
func (db *DB) SigningKeys(ctx context.Context) (keys []*host.SigningKey, err error) {
	defer host.Wrap(&err, "store.SigningKeys")
	return read(ctx, db.main, db.signingKeys)
}

func (db *DB) signingKeys(s *session) ([]*host.SigningKey, error) {
	rows, err := list[signingKeyRow](s, selectSigningKeys)
	if err != nil {
		return nil, err
	}
	keys := []*host.SigningKey{}
	for i, r := range rows {
		seal := sealing{db.sealer, r.ID, nil}
		keys = append(keys, &host.SigningKey{
			ID: r.ID, Algorithm: r.Algorithm, PublicKey: ed25519.PublicKey(r.PublicKey), Active: i == 0,
			CreatedAt: host.FromMillis(r.CreatedAt), Private: ed25519.PrivateKey(seal.unseal(sealedPrivate, r.PrivateKey)),
		})
		if seal.err != nil {
			return nil, seal.err
		}
	}
	return keys, nil
}

// DeleteSigningKey implements host.SigningKeyStore.
func (db *DB) DeleteSigningKey(ctx context.Context, id string) (err error) {
	defer host.Wrap(&err, "store.DeleteSigningKey(%q)", id)
	return db.main.write(ctx, func(s *session) error {
		// Neither a token nor another active key can come in between.
		if err := lockChanges(s); err != nil {
			return err
		}
		if err := signingKeyUnused(s, id); err != nil {
			return err
		}
		keys, err := db.signingKeys(s)
		if err != nil {
			return err
		}
		key := keys[slices.IndexFunc(keys, func(k *host.SigningKey) bool { return k.ID == id })]
		if err := db.change(s, host.ChangedSigningKeys, id, key, nil); err != nil {
			return err
		}
		_, err = s.exec("DELETE FROM signing_key WHERE id = $1", id)
		return err
	})
}

// signingKeyUnused refuses a key that is not there, that signs, or that
// verifies what is out.
func signingKeyUnused(s *session, id string) error {
	active, err := one[bool](s, "Signing key", "SELECT position = (SELECT MAX(position) FROM signing_key) FROM signing_key WHERE id = $1", id)
	if err != nil {
		return err
	}
	if active {
		return host.Errorf(host.CodeConflict, "the active signing key cannot be deleted: rotate it first")
	}
	tokens, err := one[int](s, "", "SELECT COUNT(*) FROM token WHERE key_id = $1", id)
	if err == nil && tokens > 0 {
		err = host.Errorf(host.CodeConflict, "the signing key verifies tokens that are not deleted: %d", tokens)
	}
	return err
}
