package store

import (
	"context"
	"encoding/json"

	"github.com/posternhq/postern/host"
)

type releaseRow struct {
	AppID     string                    `db:"app_id"`
	Number    int                       `db:"number"`
	Note      string                    `db:"note"`
	Endpoints document[[]host.Endpoint] `db:"endpoints"`
	CreatedAt int64                     `db:"created_at"`
}

// releaseView is a release as it is read: with whether the app points at it.
type releaseView struct {
	releaseRow
	Active bool `db:"active"`
}

var (
	insertRelease  = insertInto[releaseRow]("release")
	releaseColumns = columns[releaseRow]("release.") + ", release.number = app.active_release AS active"
)

const releaseTables = "release JOIN app ON app.id = release.app_id WHERE release.app_id = $1"

func (r *releaseView) release() *host.Release {
	out := &host.Release{
		AppID: r.AppID, Number: r.Number, Active: r.Active, Note: r.Note,
		Endpoints: filled(r.Endpoints.V), CreatedAt: host.FromMillis(r.CreatedAt),
	}
	for i := range out.Endpoints {
		tidy(&out.Endpoints[i])
	}
	return out
}

// tidy gives an endpoint that was read from JSON the form of a new one: lists
// and maps that are empty rather than absent, schemas that are absent rather
// than null.
func tidy(e *host.Endpoint) {
	e.KeyGroups, e.AllowedIPs = filled(e.KeyGroups), filled(e.AllowedIPs)
	e.RequiredVariables = filledMap(e.RequiredVariables)
	for _, raw := range []*json.RawMessage{&e.RequestSchema, &e.ResponseSchema} {
		if string(*raw) == "null" {
			*raw = nil
		}
	}
}

// MakeRelease implements host.ReleaseStore.
func (db *DB) MakeRelease(ctx context.Context, appID string, edit func(*host.Draft) error) (made *host.Release, err error) {
	defer host.Wrap(&err, "store.MakeRelease(%q)", appID)
	err = db.main.write(ctx, func(s *session) error {
		draft, err := db.draft(s, appID)
		if err != nil {
			return err
		}
		if err := edit(draft); err != nil {
			return err
		}
		row := releaseRow{
			AppID: appID, Number: draft.Number, Note: draft.Note,
			Endpoints: document[[]host.Endpoint]{draft.Endpoints}, CreatedAt: host.Now().Millis(),
		}
		if err := db.change(s, host.ChangedApp, appID, orNone(draft.Active), (&releaseView{row, true}).release()); err != nil {
			return err
		}
		if err := insertReleaseRow(s, row); err != nil {
			return err
		}
		if _, err := s.exec("UPDATE app SET active_release = $1, last_release = $1 WHERE id = $2", row.Number, appID); err != nil {
			return err
		}
		if err := pruneReleases(s, appID); err != nil {
			return err
		}
		made, err = oneRelease(s, appID, row.Number)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// draft locks the app and lays out its next release.
func (db *DB) draft(s *session, appID string) (*host.Draft, error) {
	if err := lockApp(s, appID); err != nil {
		return nil, err
	}
	app, err := db.oneApp(s, "app.id = $1", appID)
	if err != nil {
		return nil, err
	}
	last, err := one[int](s, "App", "SELECT last_release FROM app WHERE id = $1", appID)
	if err != nil {
		return nil, err
	}
	draft := &host.Draft{
		App: app, Number: last + 1, Endpoints: []host.Endpoint{},
		FindModule: func(ref host.ModuleRef) (*host.Module, error) { return findModule(s, appID, ref) },
	}
	if draft.Active, err = activeRelease(s, app); err != nil || draft.Active == nil {
		return draft, err
	}
	// Read twice, so that editing the draft cannot reach the active release.
	again, err := oneRelease(s, appID, app.ActiveRelease)
	if err != nil {
		return nil, err
	}
	draft.Endpoints = again.Endpoints
	return draft, nil
}

// activeRelease is nil before the first.
func activeRelease(s *session, app *host.App) (*host.Release, error) {
	if app.ActiveRelease == 0 {
		return nil, nil
	}
	return oneRelease(s, app.ID, app.ActiveRelease)
}

// orNone keeps a nil release from looking like a release.
func orNone(r *host.Release) any {
	if r == nil {
		return nil
	}
	return r
}

// insertReleaseRow stores a release and lists the modules it pins and the key
// groups it names.
func insertReleaseRow(s *session, row releaseRow) error {
	if _, err := s.save(insertRelease, row); err != nil {
		return err
	}
	for _, e := range row.Endpoints.V {
		_, err := s.exec(`INSERT INTO release_module (app_id, number, name, version, digest)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, row.AppID, row.Number, e.Module.Name, e.Module.Version, e.Module.Digest)
		if err != nil {
			return err
		}
		if err := listGroups(s, row, e.KeyGroups); err != nil {
			return err
		}
	}
	return nil
}

func listGroups(s *session, row releaseRow, names []string) error {
	for _, name := range names {
		_, err := s.exec("INSERT INTO release_key_group (app_id, number, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", row.AppID, row.Number, name)
		if err != nil {
			return err
		}
	}
	return nil
}

// pruneReleases drops the oldest releases but host.MaxReleases. It is called
// for an app whose active release is its newest, which therefore stays.
func pruneReleases(s *session, appID string) error {
	_, err := s.exec(`DELETE FROM release WHERE app_id = $1 AND number <=
		(SELECT number FROM release WHERE app_id = $1 ORDER BY number DESC LIMIT 1 OFFSET $2)`, appID, host.MaxReleases)
	return err
}

// ActivateRelease implements host.ReleaseStore.
func (db *DB) ActivateRelease(ctx context.Context, appID string, number int, check func(*host.App) error) (active *host.Release, err error) {
	defer host.Wrap(&err, "store.ActivateRelease(%q, %d)", appID, number)
	err = db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, appID); err != nil {
			return err
		}
		app, err := db.oneApp(s, "app.id = $1", appID)
		if err != nil {
			return err
		}
		if active, err = oneRelease(s, appID, number); err != nil {
			return err
		}
		if err := check(app); err != nil {
			return err
		}
		before, err := activeRelease(s, app)
		if err != nil {
			return err
		}
		active.Active = true
		if err := db.change(s, host.ChangedApp, appID, orNone(before), active); err != nil {
			return err
		}
		_, err = s.exec("UPDATE app SET active_release = $1 WHERE id = $2", number, appID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return active, nil
}

// Release implements host.ReleaseStore.
func (db *DB) Release(ctx context.Context, appID string, number int) (release *host.Release, err error) {
	defer host.Wrap(&err, "store.Release(%q, %d)", appID, number)
	return read(ctx, db.main, func(s *session) (*host.Release, error) { return oneRelease(s, appID, number) })
}

// oneRelease finds a release; number 0 is the active one.
func oneRelease(s *session, appID string, number int) (*host.Release, error) {
	which, args := "app.active_release", []any{appID}
	if number != 0 {
		which, args = "$2", append(args, number)
	}
	row, err := one[releaseView](s, "Release", "SELECT "+releaseColumns+" FROM "+releaseTables+" AND release.number = "+which, args...)
	if err != nil {
		return nil, err
	}
	return row.release(), nil
}

// Releases implements host.ReleaseStore.
func (db *DB) Releases(ctx context.Context, appID string, page host.Page) (releases []*host.Release, total int, err error) {
	defer host.Wrap(&err, "store.Releases(%q)", appID)
	releases = []*host.Release{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[releaseView](s, releaseColumns, releaseTables, "release.number", page, appID)
		for i := range rows {
			releases = append(releases, rows[i].release())
		}
		return total, err
	})
	return releases, total, err
}
