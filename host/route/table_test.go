package route_test

import (
	"fmt"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/route"
)

// newApp returns an app with a name and the domains given.
func newApp(slug, environment string, domains ...string) *host.App {
	app := host.NewApp("org")
	app.Name, app.Slug, app.Environment, app.Domains = slug, slug, environment, domains
	return app
}

// newRelease returns a release with an enabled endpoint for each method and
// path given in turn.
func newRelease(number int, methodsAndPaths ...string) *host.Release {
	r := &host.Release{Number: number}
	for i := 0; i < len(methodsAndPaths); i += 2 {
		e := host.NewEndpoint()
		e.Method, e.Path = methodsAndPaths[i], methodsAndPaths[i+1]
		e.Name = e.Method + " " + e.Path
		r.Endpoints = append(r.Endpoints, *e)
	}
	return r
}

func TestTable_Find(t *testing.T) {
	t.Parallel()
	shop := newApp("shop", host.Production, "shop.example.com", "www.shop.example.com")
	staging := newApp("shop", host.Staging)
	table := route.New().With(shop, newRelease(7, "GET", "/")).With(staging, nil)

	for _, test := range []struct {
		name, host, path string
		app              *host.App
		inside           string
		run              bool
		code             host.Code
	}{
		{"domain", "shop.example.com", "/a%2Fb/", shop, "/a%2Fb/", false, ""},
		{"domain in other spelling", "SHOP.Example.com.:8080", "/", shop, "/", false, ""},
		{"second domain", "www.shop.example.com", "/", shop, "/", false, ""},
		{"domain wins over run", "shop.example.com", "/run/other/x", shop, "/run/other/x", false, ""},
		{"slug", "localhost", "/run/shop/a/b", shop, "/a/b", true, ""},
		{"slug encoded", "localhost", "/run/%73hop/a", shop, "/a", true, ""},
		{"slug alone", "localhost", "/run/shop", shop, "/", true, ""},
		{"slug and slash", "localhost", "/run/shop/", shop, "/", true, ""},
		{"slug with environment", "localhost", "/run/shop@staging/a", staging, "/a", true, ""},
		{"slug with encoded at", "localhost", "/run/shop%40staging/a", staging, "/a", true, ""},
		{"slug with its default environment", "localhost", "/run/shop@production/a", shop, "/a", true, ""},
		{"slug in another environment", "localhost", "/run/shop@development/a", nil, "", false, host.CodeNotFound},
		{"slug with empty environment", "localhost", "/run/shop@/a", nil, "", false, host.CodeNotFound},
		{"slug in another case", "localhost", "/run/Shop/a", nil, "", false, host.CodeNotFound},
		{"id", "localhost", "/run/" + staging.ID + "/a", staging, "/a", true, ""},
		{"id with its environment", "localhost", "/run/" + staging.ID + "@staging/a", staging, "/a", true, ""},
		{"id with another environment", "localhost", "/run/" + staging.ID + "@production/a", nil, "", false, host.CodeNotFound},
		{"unknown id", "localhost", "/run/" + host.NewID() + "/a", nil, "", false, host.CodeNotFound},
		{"unknown app", "localhost", "/run/nothing/a", nil, "", false, host.CodeNotFound},
		{"empty app", "localhost", "/run//a", nil, "", false, host.CodeNotFound},
		{"only run", "localhost", "/run", nil, "", false, host.CodeNotFound},
		{"no run", "localhost", "/v1/apps", nil, "", false, host.CodeNotFound},
		{"bad encoding", "localhost", "/run/%zz/a", nil, "", false, host.CodeInvalid},
		{"dots for an app", "localhost", "/run/../a", nil, "", false, host.CodeInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			place, err := table.Find(test.host, test.path)
			if host.CodeOf(err) != test.code {
				t.Fatalf("code %q, want %q", host.CodeOf(err), test.code)
			}
			if place.App != test.app || place.Path != test.inside || place.Run != test.run {
				t.Errorf("got %+v", place)
			}
			if test.app == shop && place.Release != 7 {
				t.Errorf("release %d, want 7", place.Release)
			}
		})
	}
}

func TestTable_With(t *testing.T) {
	t.Parallel()
	app := newApp("shop", host.Production, "old.example.com")
	before := route.New().With(app, newRelease(1, "GET", "/old"))

	changed := *app
	changed.Domains, changed.Environment = []string{"new.example.com"}, host.Staging
	after := before.With(&changed, newRelease(2, "GET", "/new"))

	for _, test := range []struct {
		name  string
		table *route.Table
		host  string
		path  string
		owns  bool
		found bool
	}{
		{"before: old domain", before, "old.example.com", "/old", true, true},
		{"before: new domain", before, "new.example.com", "/new", false, false},
		{"before: slug", before, "x", "/run/shop/old", false, true},
		{"after: old domain", after, "old.example.com", "/old", false, false},
		{"after: new domain", after, "new.example.com", "/new", true, true},
		{"after: old environment", after, "x", "/run/shop/new", false, false},
		{"after: new environment", after, "x", "/run/shop@staging/new", false, true},
		{"after: old release", after, "new.example.com", "/old", true, false},
		{"after: removed", after.Without(app.ID), "new.example.com", "/new", false, false},
		{"after: removed by id", after.Without(app.ID), "x", "/run/" + app.ID + "/new", false, false},
		{"another removed", after.Without(host.NewID()), "new.example.com", "/new", true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.table.OwnsHost(test.host); got != test.owns {
				t.Errorf("OwnsHost(%q) = %t", test.host, got)
			}
			found := false
			if place, err := test.table.Find(test.host, test.path); err == nil {
				m, err := place.Match("GET")
				found = err == nil && m.Endpoint != nil
			}
			if found != test.found {
				t.Errorf("%s%s found: %t", test.host, test.path, found)
			}
		})
	}
}

// A domain can move from one app to another, and the host may learn that the
// new one has it before it learns that the old one lost it.
func TestTable_DomainMoves(t *testing.T) {
	t.Parallel()
	from, to := newApp("from", host.Production, "d.example.com"), newApp("to", host.Production, "d.example.com")
	emptied := *from
	emptied.Domains = nil
	table := route.New().With(from, nil).With(to, nil).With(&emptied, nil)
	if place, err := table.Find("d.example.com", "/"); err != nil || place.App != to {
		t.Errorf("got %+v, %v", place, err)
	}
}

func TestTable_ManyApps(t *testing.T) {
	t.Parallel()
	table := route.New()
	release := newRelease(1, "GET", "/x")
	for i := range 3000 {
		table = table.With(newApp(fmt.Sprintf("app-%d", i), host.Production, fmt.Sprintf("d%d.example.com", i)), release)
	}
	for i := range 3000 {
		byDomain, err1 := table.Find(fmt.Sprintf("d%d.example.com", i), "/x")
		bySlug, err2 := table.Find("x", fmt.Sprintf("/run/app-%d/x", i))
		if err1 != nil || err2 != nil || byDomain.App != bySlug.App {
			t.Fatalf("app %d: %v, %v", i, err1, err2)
		}
	}
}
