package store

import (
	"context"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/migrations"
)

// isLog tells the migrations of the invocation log from the others.
func isLog(name string) bool   { return strings.HasSuffix(name, ".log.sql") }
func isNoLog(name string) bool { return !isLog(name) }

// Migrate brings the database up to date and closes it. from and to are the
// numbers of the newest migration before and after; they are equal if there
// was nothing to do.
func Migrate(ctx context.Context, c Config) (from, to int64, err error) {
	defer host.Wrap(&err, "store.Migrate")
	db, from, to, err := open(ctx, c)
	if err != nil {
		return 0, 0, err
	}
	return from, to, db.Close()
}

// migrate applies to one database the migrations that are its own.
func (p *pool) migrate(ctx context.Context, skip func(string) bool, options []goose.ProviderOption) (from, to int64, err error) {
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return 0, 0, err
	}
	var skipped []string
	for _, name := range names {
		if skip != nil && skip(name) {
			skipped = append(skipped, name)
		}
	}
	provider, err := goose.NewProvider(p.dialect.goose, p.writer.DB, migrations.Files,
		append(options, goose.WithExcludeNames(skipped), goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return 0, 0, err
	}
	from, to, err = provider.GetVersions(ctx)
	if err != nil {
		return 0, 0, err
	}
	if from > to {
		return 0, 0, host.Errorf(host.CodeInvalid, "the database was made by a newer version of Postern: its schema is %d, this version knows %d", from, to)
	}
	if from < to {
		_, err = provider.Up(ctx)
	}
	return from, to, err
}

// migrateAll migrates the databases one after the other. Their migrations are
// numbered together, so the newest of all is the version of the whole.
func migrateAll(ctx context.Context, pools []*pool, databases []database, options []goose.ProviderOption) (from, to int64, err error) {
	for i, p := range pools {
		before, after, err := p.migrate(ctx, databases[i].skip, options)
		if err != nil {
			return 0, 0, err
		}
		from, to = max(from, before), max(to, after)
	}
	return from, to, nil
}
