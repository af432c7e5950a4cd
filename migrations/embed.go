// Package migrations holds the schema of the database as numbered steps. The
// host carries them and applies those that are missing when it starts.
//
// Each file opens with its reason and is written once, in the SQL that SQLite
// and PostgreSQL share: columns are TEXT, BIGINT, BOOLEAN or BYTEA, JSON is
// TEXT, times are milliseconds since 1970 in a BIGINT (0 for none). A released
// file is never edited; a change is a new file with the next number. A name
// that ends in .log.sql belongs to the invocation log, which on SQLite is a
// file of its own.
package migrations

import "embed"

// Files holds every migration, NNNN_name.sql or NNNN_name.log.sql.
//
//go:embed *.sql
var Files embed.FS
