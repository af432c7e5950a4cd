// Package store keeps the domain of package host in SQLite or PostgreSQL.
//
// It owns the SQL, the transactions and what a driver's errors mean. There is
// one implementation for both databases: every statement is written once, and
// what differs is in dialect.go. It must not know who calls it, what an HTTP
// request is, or whether a value is valid: callers validate, the store keeps.
//
// Reads see what is committed. A management write locks the row it changes,
// lets the caller's function decide, appends a change (see change.go) and then
// writes: taking the change's number admits one such write at a time, so
// nothing that several rows decide together can be decided twice.
package store

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/posternhq/postern/host"
)

// Defaults of Config.
const (
	DefaultInvocations = 100_000
	DefaultChanges     = 10_000
	DefaultAudit       = 365 * 24 * time.Hour
	DefaultRefusals    = 100_000
)

// Config says which database to open.
type Config struct {
	// Dir is the data directory. Without URL it holds the databases
	// postern.db and invocations.db and is made if it is not there.
	Dir string
	// URL of a PostgreSQL database, such as postgres://user:password@host/name.
	// It holds a password: never log it.
	URL string
	// Sealer encrypts the secrets of apps and signing keys. It is needed to
	// read and write those, not to migrate.
	Sealer host.Sealer
	// Invocations and Changes are how many records of each kind to keep, 0
	// for the defaults.
	Invocations int64
	Changes     int64
	// AppRecords and AppRecordBytes are how many records an app may have, and
	// how many bytes their documents together, 0 for the defaults.
	AppRecords     int64
	AppRecordBytes int64
	// Audit is how long to keep the audit log, 0 for the default.
	Audit time.Duration
	// Refusals is about how many refused calls of strangers to keep in the
	// audit log, and as many again of members; 0 for the default.
	Refusals int64
}

// DB is an open database. It implements every store interface of package host
// and may be used concurrently. From inside a function given to one of its
// methods, only reads are allowed: on SQLite there is a single writer, and it
// would wait for itself. Such a function must be quick, for the same reason.
type DB struct {
	main, log       *pool // the same one if the invocation log has no database of its own
	pools           []*pool
	sealer          host.Sealer
	keepInvocations int64
	keepChanges     int64
	keepAudit       time.Duration
	keepRefusals    int64
	refusals        atomic.Int64  // added by this process
	indexing        chan struct{} // bounds who builds indexes at once
	quota           *quota
	purge           *purge
	tables          recordTables
}

var (
	_ host.OrganizationStore = (*DB)(nil)
	_ host.AppStore          = (*DB)(nil)
	_ host.ModuleStore       = (*DB)(nil)
	_ host.ReleaseStore      = (*DB)(nil)
	_ host.KeyStore          = (*DB)(nil)
	_ host.TokenStore        = (*DB)(nil)
	_ host.SigningKeyStore   = (*DB)(nil)
	_ host.IssuerStore       = (*DB)(nil)
	_ host.KeyGroupStore     = (*DB)(nil)
	_ host.MemberStore       = (*DB)(nil)
	_ host.SecretStore       = (*DB)(nil)
	_ host.VariableStore     = (*DB)(nil)
	_ host.AuditStore        = (*DB)(nil)
	_ host.UsageStore        = (*DB)(nil)
	_ host.ObjectStore       = (*DB)(nil)
	_ host.RecordStore       = (*DB)(nil)
	_ host.ChangeStore       = (*DB)(nil)
	_ host.InvocationStore   = (*DB)(nil)
)

// database is one place to connect to.
type database struct {
	write   string // data source name of the pool that writes
	read    string // that of the pool that reads; "" shares the other
	writers int    // most connections that write
	// skip tells which migrations are not for this database; nil skips none.
	skip func(file string) bool
}

// Open connects to the database, migrates it and checks that it answers. Any
// number of processes may open one database at once. Errors: CodeUnavailable
// if it cannot be reached, CodeInvalid for a wrong URL or a schema that is
// newer than this program.
func Open(ctx context.Context, c Config) (db *DB, err error) {
	defer host.Wrap(&err, "store.Open")
	db, _, _, err = open(ctx, c)
	return db, err
}

// open does what Open says, and tells the version of the schema before and
// after.
func open(ctx context.Context, c Config) (db *DB, from, to int64, err error) {
	d := dialectOf(c)
	databases, err := d.databases(c)
	if err != nil {
		return nil, 0, 0, err
	}
	unlock, options, err := d.lock(ctx, d, c)
	if err != nil {
		return nil, 0, 0, d.fail(ctx, err)
	}
	db = &DB{
		sealer:          c.Sealer,
		keepInvocations: cmp.Or(max(c.Invocations, 0), DefaultInvocations),
		keepChanges:     cmp.Or(max(c.Changes, 0), DefaultChanges),
		keepAudit:       cmp.Or(max(c.Audit, 0), DefaultAudit),
		indexing:        make(chan struct{}, 2),
		keepRefusals:    cmp.Or(max(c.Refusals, 0), DefaultRefusals),
	}
	db.quota = newQuota(growth{
		cmp.Or(max(c.AppRecords, 0), DefaultAppRecords), cmp.Or(max(c.AppRecordBytes, 0), DefaultAppRecordBytes),
	}, db.countRecords)
	if err = db.connect(d, databases); err == nil {
		from, to, err = migrateAll(ctx, db.pools, databases, options)
	}
	if err = errors.Join(err, unlock()); err == nil {
		err = db.Ping(ctx)
	}
	if err == nil {
		err = db.sweep(ctx)
	}
	if err != nil {
		return nil, 0, 0, errors.Join(d.fail(ctx, err), db.Close())
	}
	db.purge = startPurge(db)
	return db, from, to, nil
}

// connect prepares a pool for each database.
func (db *DB) connect(d *dialect, databases []database) error {
	for _, where := range databases {
		p, err := newPool(d, where)
		if err != nil {
			return err
		}
		db.pools = append(db.pools, p)
	}
	db.main, db.log = db.pools[0], db.pools[len(db.pools)-1]
	return nil
}

// Close waits for running statements and closes the connections.
func (db *DB) Close() error {
	db.purge.close()
	db.quota.close()
	var errs []error
	for _, p := range db.pools {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers, with CodeUnavailable if not.
func (db *DB) Ping(ctx context.Context) (err error) {
	defer host.Wrap(&err, "store.Ping")
	for _, p := range db.pools {
		if _, err := read(ctx, p, func(s *session) (int, error) { return one[int](s, "", "SELECT 1") }); err != nil {
			return err
		}
	}
	return nil
}

// newPool prepares the connections to one database; the first use makes them.
func newPool(d *dialect, where database) (*pool, error) {
	writer, err := sqlx.Open(d.driver, where.write)
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(where.writers)
	writer.SetMaxIdleConns(where.writers)
	p := &pool{dialect: d, writer: writer, reader: writer}
	if where.read != "" {
		if p.reader, err = sqlx.Open(d.driver, where.read); err != nil {
			return nil, errors.Join(err, writer.Close())
		}
		p.reader.SetMaxOpenConns(maxReaders)
		p.reader.SetMaxIdleConns(maxReaders)
	}
	p.writes, p.writing = newPlans(p.writer), newTurns(where.writers)
	if p.reads, p.reading = p.writes, p.writing; p.reader != p.writer {
		p.reads, p.reading = newPlans(p.reader), newTurns(maxReaders)
	}
	// Proxies and firewalls cut idle connections without a word.
	p.reader.SetConnMaxIdleTime(5 * time.Minute)
	return p, nil
}

// maxReaders bounds the connections of a pool that only reads. Authentication
// and routing never read here, so that few are needed.
const maxReaders = 8
