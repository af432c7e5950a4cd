package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// privateFile makes sure that path exists and that only its owner can read it,
// and returns it as the URL that the driver takes. Files that a database puts
// beside it inherit the mode.
func privateFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	return fileURL(path), f.Close()
}

// fileURL is an absolute path as the URL that the driver takes.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// lockRetry is how long one try for the lock waits before it looks at the
// context again.
const lockRetry = "200"

// lockDir locks the data directory until unlock is called or the process ends.
// The lock is an open transaction on an empty database, because that works
// between processes on every system the driver knows, and is gone with the
// process that held it.
func lockDir(ctx context.Context, d *dialect, c Config) (unlock func() error, options []goose.ProviderOption, err error) {
	file, err := privateFile(filepath.Join(c.Dir, "migrate.lock"))
	if err != nil {
		return nil, nil, err
	}
	db, err := sql.Open(d.driver, file+"?_pragma=busy_timeout("+lockRetry+")&_txlock=exclusive")
	if err != nil {
		return nil, nil, err
	}
	for {
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err == nil {
			return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil, nil
		}
		if d.kind(err) != unavailable || ctx.Err() != nil {
			return nil, nil, errors.Join(err, ctx.Err(), db.Close())
		}
		select { // a file that cannot be locked at all fails without waiting
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}
