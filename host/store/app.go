package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// CreateApp implements host.AppStore.
func (db *DB) CreateApp(ctx context.Context, app *host.App) (err error) {
	defer host.Wrap(&err, "store.CreateApp(%q)", app.Name)
	created := *app
	created.Revision = 1
	created.Domains = distinct(app.Domains)
	err = db.main.write(ctx, func(s *session) error {
		if err := db.change(s, host.ChangedApp, created.ID, nil, &created); err != nil {
			return err
		}
		if err := db.insertApp(s, &created); err != nil {
			return err
		}
		return insertDomains(s, &created)
	})
	if err == nil {
		*app = created
	}
	return err
}

// maxNamesakes is how many apps of one environment may have names that make
// the same slug.
const maxNamesakes = 1000

// insertApp adds app under the first slug that is free.
func (db *DB) insertApp(s *session, app *host.App) error {
	row, err := db.appRowOf(app)
	if err != nil {
		return err
	}
	base := host.Slug(app.Name)
	for n := 1; n <= maxNamesakes; n++ {
		row.Slug = numberedSlug(base, n)
		inserted, err := s.save(insertApp, row)
		if err != nil && s.dialect.kind(err) == reference {
			return host.Caused(host.CodeNotFound, err, "Organization not found")
		}
		if err != nil {
			return err
		}
		if inserted > 0 {
			app.Slug = row.Slug
			return nil
		}
		same, err := list[string](s, "SELECT id FROM app WHERE organization_id = $1 AND name = $2 AND environment = $3",
			app.OrganizationID, app.Name, app.Environment)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			return host.Errorf(host.CodeConflict, nameTaken)
		}
	}
	return host.Errorf(host.CodeConflict, "name is too much like those of %d other apps in this environment", maxNamesakes)
}

const nameTaken = "name is already taken in this environment"

// numberedSlug is base for the first app of a slug and base-2, base-3 … for
// the others, within the length of a slug.
func numberedSlug(base string, n int) string {
	if n == 1 {
		return base
	}
	suffix := fmt.Sprintf("-%d", n)
	return strings.TrimRight(base[:min(len(base), 63-len(suffix))], "-") + suffix
}

// insertDomains adds the domains of an app that has none.
func insertDomains(s *session, app *host.App) error {
	for i, name := range app.Domains {
		inserted, err := s.exec("INSERT INTO app_domain (name, app_id, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", name, app.ID, i)
		if err != nil {
			return err
		}
		if inserted == 0 {
			return host.Errorf(host.CodeConflict, "domains: %s already belongs to another app", name)
		}
	}
	return nil
}

// distinct returns list without repetitions, in its order.
func distinct(list []string) []string {
	out := []string{}
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// App implements host.AppStore.
func (db *DB) App(ctx context.Context, ref string) (app *host.App, err error) {
	defer host.Wrap(&err, "store.App(%q)", ref)
	return read(ctx, db.main, func(s *session) (*host.App, error) {
		if host.IsID(ref) {
			return db.oneApp(s, "app.id = $1", ref)
		}
		slug, environment, given := strings.Cut(ref, "@")
		if !given {
			environment = host.Production
		}
		return db.oneApp(s, "app.slug = $1 AND app.environment = $2", slug, environment)
	})
}

func (db *DB) oneApp(s *session, where string, args ...any) (*host.App, error) {
	row, err := one[appView](s, "App", "SELECT "+appColumns+" FROM app WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	return db.app(&row)
}

// lockApp makes other transactions that lock the app wait for this one. Only
// what is read after it, in a statement of its own, is up to date.
func lockApp(s *session, id string) error {
	_, err := one[string](s, "App", "SELECT id FROM app WHERE id = $1"+s.dialect.rowLock, id)
	return err
}

// Apps implements host.AppStore.
func (db *DB) Apps(ctx context.Context, environments []string, page host.Page) (apps []*host.App, total int, err error) {
	defer host.Wrap(&err, "store.Apps")
	apps = []*host.App{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		where, args := inEnvironments("app", environments)
		rows, total, err := paged[appView](s, appColumns, where, "app.id", page, args...)
		for i := 0; i < len(rows) && err == nil; i++ {
			var app *host.App
			app, err = db.app(&rows[i])
			apps = append(apps, app)
		}
		return total, err
	})
	return apps, total, err
}

// UpdateApp implements host.AppStore. Read-only are the id, organization,
// slug, environment, platform, times, revision and releases.
func (db *DB) UpdateApp(ctx context.Context, id string, change func(*host.App) error) (app *host.App, err error) {
	defer host.Wrap(&err, "store.UpdateApp(%q)", id)
	err = db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, id); err != nil {
			return err
		}
		app, err = db.oneApp(s, "app.id = $1", id)
		if err != nil {
			return err
		}
		old := *app
		old.Domains = slices.Clone(app.Domains)
		if err := change(app); err != nil {
			return err
		}
		keepReadOnly(app, &old)
		app.Domains = distinct(app.Domains)
		return db.replaceApp(s, app, &old)
	})
	if err != nil {
		return nil, err
	}
	return app, nil
}

// keepReadOnly undoes what a change may not do.
func keepReadOnly(app, old *host.App) {
	app.ID, app.OrganizationID, app.Slug, app.Environment = old.ID, old.OrganizationID, old.Slug, old.Environment
	app.Platform, app.CreatedAt, app.UpdatedAt = old.Platform, old.CreatedAt, host.Now()
	app.Revision, app.ActiveRelease = old.Revision+1, old.ActiveRelease
}

func (db *DB) replaceApp(s *session, app, old *host.App) error {
	if err := db.change(s, host.ChangedApp, app.ID, old, app); err != nil {
		return err
	}
	row, err := db.appRowOf(app)
	if err != nil {
		return err
	}
	if _, err := s.save(updateApp, row); err != nil {
		return s.taken(err, nameTaken)
	}
	if slices.Equal(app.Domains, old.Domains) {
		return nil
	}
	if _, err := s.exec("DELETE FROM app_domain WHERE app_id = $1", app.ID); err != nil {
		return err
	}
	return insertDomains(s, app)
}

// DeleteApp implements host.AppStore.
func (db *DB) DeleteApp(ctx context.Context, id string, checks ...func(*host.App) error) (err error) {
	defer host.Wrap(&err, "store.DeleteApp(%q)", id)
	err = db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, id); err != nil {
			return err
		}
		app, err := db.oneApp(s, "app.id = $1", id)
		if err != nil {
			return err
		}
		if err := refused(app, checks); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedApp, id, app, nil); err != nil {
			return err
		}
		digests, err := list[string](s, "SELECT DISTINCT digest FROM module WHERE app_id = $1", id)
		if err != nil {
			return err
		}
		if err := dropTables(s, id); err != nil {
			return err
		}
		if _, err := s.exec("DELETE FROM app WHERE id = $1", id); err != nil {
			return err
		}
		return dropContent(s, digests...)
	})
	if err != nil {
		return err
	}
	// The log may be another database, out of reach of the transaction.
	// Records that stay behind belong to no app that can be asked for, and
	// leave with the oldest.
	return db.log.write(ctx, func(s *session) error {
		_, err := s.exec("DELETE FROM invocation WHERE app_id = $1", id)
		return err
	})
}
