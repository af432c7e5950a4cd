package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/migrations"
)

// Files of a data directory that hold a database.
const (
	MainFile = "postern.db"
	LogFile  = "invocations.db"
)

// Copy copies a database of the data directory dir to a new file, as it is at
// one moment, while servers go on writing: what was committed before Copy was
// called is in the copy, and no transaction is in it in part. The database
// itself is opened for reading only. Only SQLite keeps its databases in files.
// Errors: CodeNotFound if dir has no such database.
func Copy(ctx context.Context, dir, name, to string) (err error) {
	defer host.Wrap(&err, "store.Copy(%q)", name)
	db, err := openFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	// SQLite makes the file, which must be nobody else's from the start.
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	}
	return errors.Join(err, db.Close())
}

// openFile opens a database that is there, for reading.
func openFile(path string) (*sql.DB, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, host.Errorf(host.CodeNotFound, "there is no %s in %s", filepath.Base(path), filepath.Dir(path))
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	files := dialectOf(Config{}) // the one that keeps its databases in files
	return sql.Open(files.driver, fileURL(absolute)+"?mode=ro&_pragma=busy_timeout(10000)")
}

// CheckFile looks whether a database file is whole and whether this version can
// read it, and returns the version of its schema. Errors: CodeInvalid with what
// is wrong with it.
func CheckFile(ctx context.Context, path string) (schema int64, err error) {
	defer host.Wrap(&err, "store.CheckFile(%q)", filepath.Base(path))
	db, err := openFile(path)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return 0, cmp.Or(ctx.Err(), error(host.Caused(host.CodeInvalid, err, "%s is no database, or is damaged", filepath.Base(path))))
	}
	if verdict != "ok" {
		return 0, host.Errorf(host.CodeInvalid, "%s is damaged: %s", filepath.Base(path), verdict)
	}
	if err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version").Scan(&schema); err != nil {
		return 0, cmp.Or(ctx.Err(), error(host.Caused(host.CodeInvalid, err, "%s is no database of Postern", filepath.Base(path))))
	}
	known, err := newestSchema()
	if err == nil && schema > known {
		err = host.Errorf(host.CodeInvalid, "%s was made by a newer version of Postern: its schema is %d, this version knows %d", filepath.Base(path), schema, known)
	}
	return schema, err
}

// newestSchema is the number of the newest migration.
func newestSchema() (newest int64, err error) { return newestOf(func(string) bool { return true }) }

// newestOf is the number of the newest of the migrations that count.
func newestOf(counts func(name string) bool) (newest int64, err error) {
	names, err := fs.Glob(migrations.Files, "*.sql")
	for _, name := range names {
		number, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		if counts(name) {
			newest = max(newest, number)
		}
	}
	return newest, err
}
