package store

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// Connections gives tests the pools behind an open database, those that write
// and those that read.
func (db *DB) Connections() (writers, readers []*sqlx.DB) {
	for _, p := range db.pools {
		writers, readers = append(writers, p.writer), append(readers, p.reader)
	}
	return writers, readers
}

// Unavailable tells whether an error of the driver means that the database is
// away.
func (db *DB) Unavailable(err error) bool { return db.main.dialect.kind(err) == unavailable }

// PurgeSecure deletes secure values that have expired, as the database does by
// itself now and then.
func (db *DB) PurgeSecure(ctx context.Context) error { return db.purgeSecure(ctx) }
