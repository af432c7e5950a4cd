// Package route finds the app a request is for and the endpoint that answers
// it.
//
// It owns an immutable Table of apps and, for each, a tree of path templates.
// A change makes a new Table that shares all it can with the old one, so that
// a reader takes one pointer and never waits. The package must not know where
// apps come from, who may call them, or HTTP beyond hosts, paths and methods.
package route

import (
	"strings"

	"github.com/posternhq/postern/host"
)

// RunPrefix begins the paths that name their app; the app's own path follows
// its name.
const RunPrefix = "/run/"

// Table holds the routes of every app. It never changes and is safe for
// concurrent use; the zero Table has no apps.
type Table struct {
	byID     Index[*routes]
	bySlug   Index[*routes] // "slug@environment"
	byDomain Index[*routes]
}

// routes is one app with the endpoints of its active release.
type routes struct {
	app     *host.App
	release int
	root    *node
}

// New returns a table without apps.
func New() *Table { return &Table{} }

// With returns a table in which app has the endpoints of release, its active
// one; nil stands for no release yet. The work depends on that app alone, not
// on how many others there are. Neither argument may change afterwards.
func (t *Table) With(app *host.App, release *host.Release) *Table {
	r := &routes{app: app, root: newTree(release)}
	if release != nil {
		r.release = release.Number
	}
	next := t.Without(app.ID)
	next.byID = next.byID.Set(app.ID, r)
	next.bySlug = next.bySlug.Set(slugKey(app.Slug, app.Environment), r)
	for _, domain := range app.Domains {
		next.byDomain = next.byDomain.Set(domain, r)
	}
	return next
}

// Without returns a table that lacks the app.
func (t *Table) Without(appID string) *Table {
	next := *t
	old, ok := t.byID.Get(appID)
	if !ok {
		return &next
	}
	next.byID = next.byID.Remove(appID, old)
	next.bySlug = next.bySlug.Remove(slugKey(old.app.Slug, old.app.Environment), old)
	for _, domain := range old.app.Domains {
		next.byDomain = next.byDomain.Remove(domain, old)
	}
	return &next
}

func slugKey(slug, environment string) string { return slug + "@" + environment }

// OwnsHost reports whether the Host header is one of an app's domains.
func (t *Table) OwnsHost(hostHeader string) bool {
	_, ok := t.byDomain.Get(host.HostName(hostHeader))
	return ok
}

// Place is where an address leads: an app and a path inside it.
type Place struct {
	App *host.App
	// Release is the number of the app's active release, 0 before the first.
	Release int
	// Path is the path inside the app, raw: as sent, still encoded.
	Path string
	// Run tells that the app was named by a path under /run/, not by one of
	// its domains.
	Run bool

	root *node
}

// Find finds the app of a request: by the Host header if that is an app's
// domain, else by a path /run/{app}[@{environment}]/…, in which {app} is a
// slug, in production unless an environment is given, or an id. Errors:
// CodeNotFound, CodeInvalid for a badly encoded name.
func (t *Table) Find(hostHeader, rawPath string) (Place, error) {
	if r, ok := t.byDomain.Get(host.HostName(hostHeader)); ok {
		return r.at(rawPath, false), nil
	}
	rest, ok := strings.CutPrefix(rawPath, RunPrefix)
	if !ok {
		return Place{}, notFound()
	}
	rawName, inside := rest, "/"
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		rawName, inside = rest[:slash], rest[slash:]
	}
	name, err := host.DecodeSegment(rawName)
	if err != nil {
		return Place{}, err
	}
	r, ok := t.named(name)
	if !ok {
		return Place{}, notFound()
	}
	return r.at(inside, true), nil
}

func notFound() error { return host.Errorf(host.CodeNotFound, "Not found") }

// named finds an app by slug, id, slug@environment or id@environment. An id
// needs no environment, but one that is given must be the app's.
func (t *Table) named(name string) (*routes, bool) {
	name, environment, given := strings.Cut(name, "@")
	if host.IsID(name) {
		r, ok := t.byID.Get(name)
		return r, ok && (!given || r.app.Environment == environment)
	}
	if !given {
		environment = host.Production
	}
	return t.bySlug.Get(slugKey(name, environment))
}

func (r *routes) at(path string, run bool) Place {
	return Place{App: r.app, Release: r.release, Path: path, Run: run, root: r.root}
}
