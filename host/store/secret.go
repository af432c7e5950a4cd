package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

var secrets = settings{
	table: "secret", what: "Secret", changed: host.ChangedSecrets,
	shown: func(r *settingRow) any { return r.secret() },
}

// secret is what is shown of a row.
func (r *settingRow) secret() *host.Secret {
	return &host.Secret{
		ID: r.ID, AppID: r.AppID, Name: r.Name,
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt),
	}
}

// PutSecret implements host.SecretStore.
func (db *DB) PutSecret(ctx context.Context, secret *host.Secret) (created bool, err error) {
	defer host.Wrap(&err, "store.PutSecret(%q, %q)", secret.AppID, secret.Name)
	row := &settingRow{ID: secret.ID, AppID: secret.AppID, Name: secret.Name, CreatedAt: secret.CreatedAt.Millis(), UpdatedAt: secret.UpdatedAt.Millis()}
	created, err = secrets.put(ctx, db, row, func(row *settingRow) error {
		seal := sealing{db.sealer, row.ID, nil}
		row.Value = seal.seal(sealedSecret, []byte(secret.Value))
		return seal.err
	})
	if err == nil {
		secret.ID, secret.CreatedAt = row.ID, host.FromMillis(row.CreatedAt)
	}
	return created, err
}

// Secret implements host.SecretStore.
func (db *DB) Secret(ctx context.Context, appID, name string) (secret *host.Secret, err error) {
	defer host.Wrap(&err, "store.Secret(%q, %q)", appID, name)
	row, err := read(ctx, db.main, func(s *session) (*settingRow, error) { return secrets.one(s, appID, name) })
	if err != nil {
		return nil, err
	}
	return row.secret(), nil
}

// SecretValue implements host.SecretStore.
func (db *DB) SecretValue(ctx context.Context, appID, name string) (value string, err error) {
	defer host.Wrap(&err, "store.SecretValue(%q, %q)", appID, name)
	row, err := read(ctx, db.main, func(s *session) (*settingRow, error) { return secrets.one(s, appID, name) })
	if err != nil {
		return "", err
	}
	seal := sealing{db.sealer, row.ID, nil}
	return string(seal.unseal(sealedSecret, row.Value)), seal.err
}

// Secrets implements host.SecretStore.
func (db *DB) Secrets(ctx context.Context, appID string, page host.Page) (list []*host.Secret, total int, err error) {
	defer host.Wrap(&err, "store.Secrets(%q)", appID)
	list = []*host.Secret{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := secrets.page(s, appID, page)
		for i := range rows {
			list = append(list, rows[i].secret())
		}
		return total, err
	})
	return list, total, err
}

// DeleteSecret implements host.SecretStore.
func (db *DB) DeleteSecret(ctx context.Context, appID, name string) (err error) {
	defer host.Wrap(&err, "store.DeleteSecret(%q, %q)", appID, name)
	return secrets.remove(ctx, db, appID, name)
}
