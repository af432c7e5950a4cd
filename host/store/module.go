package store

import (
	"context"
	"fmt"

	"github.com/posternhq/postern/host"
)

type moduleRow struct {
	ID          string                  `db:"id"`
	AppID       string                  `db:"app_id"`
	Name        string                  `db:"name"`
	Version     int                     `db:"version"`
	Digest      string                  `db:"digest"`
	Size        int64                   `db:"size"`
	MemoryPages uint32                  `db:"memory_pages"`
	Imports     document[[]host.Import] `db:"imports"`
	Exports     document[[]host.Export] `db:"exports"`
	Language    string                  `db:"language"`
	Features    document[[]string]      `db:"features"`
	Warnings    document[[]string]      `db:"warnings"`
	CreatedAt   int64                   `db:"created_at"`
}

var (
	insertModule  = insertInto[moduleRow]("module")
	moduleColumns = columns[moduleRow]("")
)

func moduleRowOf(m *host.Module) moduleRow {
	return moduleRow{
		ID: m.ID, AppID: m.AppID, Name: m.Name, Version: m.Version, Digest: m.Digest, Size: m.Size, MemoryPages: m.MemoryPages,
		Imports: document[[]host.Import]{m.Imports}, Exports: document[[]host.Export]{m.Exports},
		Language: m.Language, Features: document[[]string]{m.Features}, Warnings: document[[]string]{m.Warnings},
		CreatedAt: m.CreatedAt.Millis(),
	}
}

func (r *moduleRow) module() *host.Module {
	return &host.Module{
		ID: r.ID, AppID: r.AppID, Name: r.Name, Version: r.Version, Digest: r.Digest, Size: r.Size, MemoryPages: r.MemoryPages,
		Imports: filled(r.Imports.V), Exports: filled(r.Exports.V), Language: r.Language, Features: filled(r.Features.V),
		Warnings: filled(r.Warnings.V), CreatedAt: host.FromMillis(r.CreatedAt),
	}
}

// AddModule implements host.ModuleStore.
func (db *DB) AddModule(ctx context.Context, m *host.Module, content []byte) (created bool, err error) {
	defer host.Wrap(&err, "store.AddModule(%q)", m.Name)
	added := *m
	err = db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, m.AppID); err != nil {
			return err
		}
		same, err := list[moduleRow](s, "SELECT "+moduleColumns+" FROM module WHERE app_id = $1 AND name = $2 AND digest = $3", m.AppID, m.Name, m.Digest)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			added = *same[0].module()
			return nil
		}
		created = true
		return db.insertModule(s, &added, content)
	})
	if err != nil {
		return false, err
	}
	*m = added
	return created, nil
}

// insertModule gives m the next version of its name and stores it.
func (db *DB) insertModule(s *session, m *host.Module, content []byte) (err error) {
	if err := db.change(s, host.ChangedApp, m.AppID, nil, m); err != nil {
		return err
	}
	m.Version, err = returning[int](s, `INSERT INTO module_name (app_id, name, last_version) VALUES ($1, $2, 1)
		ON CONFLICT (app_id, name) DO UPDATE SET last_version = module_name.last_version + 1
		RETURNING last_version`, m.AppID, m.Name)
	if err != nil {
		return err
	}
	if _, err := s.exec("INSERT INTO module_content (digest, content) VALUES ($1, $2) ON CONFLICT DO NOTHING", m.Digest, content); err != nil {
		return err
	}
	_, err = s.save(insertModule, moduleRowOf(m))
	return err
}

// Module implements host.ModuleStore.
func (db *DB) Module(ctx context.Context, appID, id string) (m *host.Module, err error) {
	defer host.Wrap(&err, "store.Module(%q, %q)", appID, id)
	return read(ctx, db.main, func(s *session) (*host.Module, error) {
		return oneModule(s, "id = $2", appID, id)
	})
}

// oneModule finds a module of an app; where may order several and the first is
// taken.
func oneModule(s *session, where string, appID string, args ...any) (*host.Module, error) {
	row, err := one[moduleRow](s, "Module", "SELECT "+moduleColumns+" FROM module WHERE app_id = $1 AND "+where, append([]any{appID}, args...)...)
	if err != nil {
		return nil, err
	}
	return row.module(), nil
}

// findModule resolves a reference among the modules of an app.
func findModule(s *session, appID string, ref host.ModuleRef) (m *host.Module, err error) {
	shown := ref.Name
	switch {
	case ref.Digest != "":
		shown = ref.Digest
		m, err = oneModule(s, "digest = $2 ORDER BY id DESC LIMIT 1", appID, ref.Digest)
	case ref.Version > 0:
		shown = fmt.Sprintf("%s@%d", ref.Name, ref.Version)
		m, err = oneModule(s, "name = $2 AND version = $3", appID, ref.Name, ref.Version)
	default:
		m, err = oneModule(s, "name = $2 ORDER BY version DESC LIMIT 1", appID, ref.Name)
	}
	if host.CodeOf(err) == host.CodeNotFound {
		return nil, host.Errorf(host.CodeInvalid, "module: the app has no module %s", shown)
	}
	return m, err
}

// Modules implements host.ModuleStore.
func (db *DB) Modules(ctx context.Context, appID string, page host.Page) (modules []*host.Module, total int, err error) {
	defer host.Wrap(&err, "store.Modules(%q)", appID)
	modules = []*host.Module{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[moduleRow](s, moduleColumns, "module WHERE app_id = $1", "id", page, appID)
		for i := range rows {
			modules = append(modules, rows[i].module())
		}
		return total, err
	})
	return modules, total, err
}

// ModuleContent implements host.ModuleStore.
func (db *DB) ModuleContent(ctx context.Context, digest string) (content []byte, err error) {
	defer host.Wrap(&err, "store.ModuleContent(%q)", digest)
	return read(ctx, db.main, func(s *session) ([]byte, error) {
		return one[[]byte](s, "Module", "SELECT content FROM module_content WHERE digest = $1", digest)
	})
}

// DeleteModule implements host.ModuleStore.
func (db *DB) DeleteModule(ctx context.Context, appID, id string) (err error) {
	defer host.Wrap(&err, "store.DeleteModule(%q, %q)", appID, id)
	return db.main.write(ctx, func(s *session) error {
		err := lockApp(s, appID)
		if host.CodeOf(err) == host.CodeNotFound {
			return host.Errorf(host.CodeNotFound, "Module not found")
		}
		if err != nil {
			return err
		}
		m, err := oneModule(s, "id = $2", appID, id)
		if err != nil {
			return err
		}
		users, err := list[int](s, `SELECT number FROM release_module WHERE app_id = $1 AND (digest = $2 OR name = $3 AND version = $4)
			ORDER BY number DESC LIMIT 1`, appID, m.Digest, m.Name, m.Version)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return host.Errorf(host.CodeConflict, "module %s@%d is used by release %d", m.Name, m.Version, users[0])
		}
		if err := db.change(s, host.ChangedApp, appID, m, nil); err != nil {
			return err
		}
		if _, err := s.exec("DELETE FROM module WHERE id = $1", id); err != nil {
			return err
		}
		return dropContent(s, m.Digest)
	})
}

// dropContent deletes the bytes that no module has any more.
func dropContent(s *session, digests ...string) error {
	for _, digest := range digests {
		_, err := s.exec("DELETE FROM module_content WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM module WHERE digest = $1)", digest)
		if err != nil {
			return err
		}
	}
	return nil
}
