package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
)

// recordDialect is the part of dialect that the tables of records need.
type recordDialect struct {
	collate    string // of texts that are ordered by their bytes
	indexNulls string // puts NULL before everything else in an index
	find       string // function of the place of a text in another, 0 for none
	terms      string // makes what the column terms holds of JSON text
	// field is the member of the column terms that a path of escaped names
	// leads to: NULL for none.
	field func(path []string) string
	// brief is the context of a statement on one record within a transaction that
	// writes.
	brief func(context.Context) context.Context
	// concurrent is how to build an index of a table that others write to
	// meanwhile, outside a transaction; "" for databases that have one writer.
	concurrent string
	indexes    string // lists those of the tables of records: table_name, name, valid
	tables     string // lists those tables
	// guard admits one connection at a time to the indexes of an object, and
	// unguard the next. A guard that is held elsewhere is false at once.
	guard   func(ctx context.Context, conn *sqlx.Conn, id string) (bool, error)
	unguard func(ctx context.Context, conn *sqlx.Conn, id string) error
}

// sqliteRecords does not let contexts interrupt statements on one record: a
// transaction that writes waits for nobody, and to be ready for an interruption
// takes the driver a fifth of the time of an insert.
var sqliteRecords = recordDialect{
	find: "instr", terms: "jsonb(%s)", brief: context.WithoutCancel,
	field: func(path []string) string { return `terms->>'$."` + strings.Join(path, `"."`) + `"'` },
	indexes: `SELECT tbl_name AS table_name, name, TRUE AS valid FROM sqlite_master
		WHERE type = 'index' AND sql IS NOT NULL AND tbl_name LIKE 'record\_%' ESCAPE '\'`,
	tables:  `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'record\_%' ESCAPE '\'`,
	guard:   func(context.Context, *sqlx.Conn, string) (bool, error) { return true, nil },
	unguard: func(context.Context, *sqlx.Conn, string) error { return nil },
}

var postgresRecords = recordDialect{
	collate: ` COLLATE "C"`, indexNulls: " NULLS FIRST", find: "strpos", terms: "%s",
	brief: func(ctx context.Context) context.Context { return ctx },
	field: func(path []string) string {
		last := len(path) - 1
		inner := ""
		for _, name := range path[:last] {
			inner += "->'" + name + "'"
		}
		return "(terms" + inner + "->>'" + path[last] + `') COLLATE "C"`
	},
	concurrent: "CONCURRENTLY",
	indexes: `SELECT t.relname AS table_name, c.relname AS name, i.indisvalid AS valid
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
		WHERE t.relnamespace = current_schema()::regnamespace AND t.relname LIKE 'record\_%' AND NOT i.indisprimary`,
	tables: `SELECT relname AS name FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname LIKE 'record\_%'`,
	guard: func(ctx context.Context, conn *sqlx.Conn, id string) (held bool, err error) {
		err = conn.GetContext(ctx, &held, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", id)
		return held, err
	},
	unguard: func(ctx context.Context, conn *sqlx.Conn, id string) error {
		_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", id)
		return err
	},
}
