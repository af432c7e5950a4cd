package store

import (
	"context"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
)

type secureRow struct {
	ID        string `db:"id"`
	AppID     string `db:"app_id"`
	Value     []byte `db:"value"` // sealed
	Bytes     int64  `db:"bytes"`
	ExpiresAt int64  `db:"expires_at"`
}

var (
	insertSecure  = insertInto[secureRow]("secure_value")
	secureColumns = columns[secureRow]("")
)

// SecureValue implements host.SecureReader.
func (r *records) SecureValue(ctx context.Context, id string) (v *host.SecureValue, err error) {
	defer host.Wrap(&err, "store.SecureValue(%q)", r.appID)
	row, err := one[secureRow](r.session(ctx), "Secure value", "SELECT "+secureColumns+" FROM secure_value WHERE id = $1 AND app_id = $2 AND expires_at > $3",
		id, r.appID, host.Now().Millis())
	if err != nil {
		return nil, r.fail(ctx, nil, err)
	}
	seal := sealing{r.db.sealer, row.ID, nil}
	v = &host.SecureValue{ID: row.ID, Value: string(seal.unseal(sealedSecure, row.Value)), ExpiresAt: host.FromMillis(row.ExpiresAt)}
	if seal.err != nil {
		return nil, seal.err
	}
	return v, nil
}

// SecureValue implements host.SecureReader.
func (t *recordTransaction) SecureValue(ctx context.Context, id string) (*host.SecureValue, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	return t.records.SecureValue(ctx, id)
}

// PutSecureValue implements host.SecureWriter. The value counts as a record of
// the app until it is purged.
func (t *recordTransaction) PutSecureValue(ctx context.Context, v *host.SecureValue) (err error) {
	defer host.Wrap(&err, "store.PutSecureValue(%q)", t.appID)
	if err := t.ready(ctx); err != nil {
		return err
	}
	size := int64(len(v.Value))
	if err := t.admit(1, size); err != nil {
		return err
	}
	seal := sealing{t.db.sealer, v.ID, nil}
	row := secureRow{ID: v.ID, AppID: t.appID, Value: seal.seal(sealedSecure, []byte(v.Value)), Bytes: size, ExpiresAt: v.ExpiresAt.Millis()}
	if seal.err != nil {
		return seal.err
	}
	s := t.session(ctx)
	if _, err = s.save(insertSecure, row); err != nil {
		if s.dialect.kind(err) == reference {
			t.broken = host.Caused(host.CodeNotFound, err, "App not found")
			return t.broken
		}
		return t.fail(ctx, nil, err)
	}
	t.growth = growth{t.growth.records + 1, t.growth.bytes + size}
	return nil
}

// purge deletes secure values that have expired, now and then. They are not
// found any more in any case.
type purge struct {
	end  context.CancelFunc
	task sync.WaitGroup
}

const purgeEvery = time.Minute

// startPurge begins with what expired while nobody was there.
func startPurge(db *DB) *purge {
	ctx, end := context.WithCancel(context.Background())
	p := &purge{end: end}
	p.task.Go(func() {
		ticker := time.NewTicker(purgeEvery)
		defer ticker.Stop()
		for ctx.Err() == nil {
			_ = db.purgeSecure(ctx) // the next one may have more luck; readers find nothing that has expired
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	})
	return p
}

// close ends a purge; nil is none.
func (p *purge) close() {
	if p != nil {
		p.end()
		p.task.Wait()
	}
}

// purgeSecure deletes what has expired, a little at a time, so that others need
// not wait for it. If there is nothing, nobody does.
func (db *DB) purgeSecure(ctx context.Context) error {
	for now := host.Now().Millis(); ; {
		ids, err := read(ctx, db.main, func(s *session) ([]string, error) {
			return list[string](s, "SELECT id FROM secure_value WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2", now, purgeChunk)
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		err = db.main.write(ctx, func(s *session) error {
			_, err := s.exec("DELETE FROM secure_value WHERE id IN (SELECT id FROM secure_value WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)", now, purgeChunk)
			return err
		})
		if err != nil {
			return err
		}
	}
}
