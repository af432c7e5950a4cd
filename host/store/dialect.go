package store

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strconv"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"

	"github.com/posternhq/postern/host"
)

// dialect is all that differs between the two databases, with recordDialect.
// Nothing else in this package may ask which of them it talks to.
type dialect struct {
	driver  string        // of database/sql
	goose   goose.Dialect // of the migrations
	rowLock string        // ends a SELECT of a row that the transaction then changes
	// databases says where to connect: the main database comes first, the one
	// of the invocation log last.
	databases func(Config) ([]database, error)
	// lock admits one process at a time to opening and migrating, by itself
	// or by an option of the migrations.
	lock    func(context.Context, *dialect, Config) (unlock func() error, options []goose.ProviderOption, err error)
	codes   func(error) []string // codes of a driver's error, the most special first
	kinds   map[string]kind      // what they mean
	records recordDialect
	alone   alone
}

// dialectOf chooses by the configuration; see Config.URL.
func dialectOf(c Config) *dialect {
	if c.URL == "" {
		return sqliteDialect
	}
	return postgresDialect
}

// sqlitePragmas hold for every connection. Full synchronisation makes a commit
// survive a power cut; transactions take the write lock when they begin,
// because taking it later can fail in ways that waiting does not cure.
const sqlitePragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)" +
	"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)&_txlock=immediate&_dqs=0"

// sqliteDialect has one writer: the database admits no more, and waiting in
// the pool honours contexts.
var sqliteDialect = &dialect{
	driver: "sqlite", goose: goose.DialectSQLite3, lock: lockDir, records: sqliteRecords, alone: sqliteAlone,
	databases: func(c Config) ([]database, error) {
		main, err := privateFile(filepath.Join(c.Dir, MainFile))
		log, logErr := privateFile(filepath.Join(c.Dir, LogFile))
		main, log = main+sqlitePragmas, log+sqlitePragmas
		return []database{
			{write: main, read: main + "&_pragma=query_only(1)", writers: 1, skip: isLog},
			{write: log, read: log + "&_pragma=query_only(1)", writers: 1, skip: isNoLog},
		}, errors.Join(err, logErr)
	},
	codes: func(err error) []string {
		if e, ok := errors.AsType[*sqlite.Error](err); ok {
			return []string{strconv.Itoa(e.Code()), strconv.Itoa(e.Code() & 0xff)}
		}
		return nil
	},
	kinds: map[string]kind{ // UNIQUE, PRIMARYKEY, FOREIGNKEY; then BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL
		"2067": conflict, "1555": conflict, "787": reference, "5": unavailable, "6": unavailable,
		"8": unavailable, "10": unavailable, "13": unavailable, "14": unavailable, "15": unavailable,
	},
}

var postgresDialect = &dialect{
	driver: "postgres", goose: goose.DialectPostgres, rowLock: " FOR UPDATE", records: postgresRecords, alone: postgresAlone,
	databases: func(c Config) ([]database, error) {
		// The driver's own error would repeat the URL, password and all.
		if u, err := url.Parse(c.URL); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return nil, host.Errorf(host.CodeInvalid, "the database URL must have the form postgres://user:password@host:port/name")
		}
		return []database{{write: c.URL, writers: 20}}, nil
	},
	lock: func(context.Context, *dialect, Config) (func() error, []goose.ProviderOption, error) {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		return func() error { return nil }, []goose.ProviderOption{goose.WithSessionLocker(locker)}, err
	},
	codes: func(err error) []string {
		if e := pq.As(err); e != nil {
			return []string{string(e.Code), string(e.Code[:2])}
		}
		return nil
	},
	kinds: map[string]kind{ // deadlock; then read-only, rollback, resources, locks, operator, system, connection
		"23505": conflict, "23503": reference, "40001": serialization, "40P01": serialization, "25": unavailable, "40": unavailable, "53": unavailable,
		"55": unavailable, "57": unavailable, "58": unavailable, "08": unavailable,
	},
}
