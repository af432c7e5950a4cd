package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// fullApp sets every field that an app can be created with.
func fullApp(organizationID string) *host.App {
	text := func(s string) *string { return &s }
	app := host.NewApp(organizationID)
	app.Name, app.Environment = "Fünf Ärzte & Söhne", host.Staging
	app.Domains = []string{"z.example.com", "a.example.com"}
	app.Description, app.ContextInfo = text("It's \"quoted\"; DROP TABLE app; -- \\ %s"), text("")
	app.AppStoreURL, app.PlayStoreURL, app.WebsiteURL = text("https://a.example"), text("https://p.example"), text("https://w.example")
	app.BundleID, app.URLContext = text("com.example"), text("context")
	app.EngagementPlatform, app.EngagementCredentials = "wonderpush", json.RawMessage(`{ "token" : "<w&p>" }`)
	app.EmailPlatform, app.EmailCredentials = "brevo", json.RawMessage(`{"api":{"key":"brevo-secret"}}`)
	app.DataRetentionDays, app.Timezone = 30, "Europe/Berlin"
	app.Features = host.Features{Push: true, AIInsights: true}
	app.Status = host.AppInactive
	app.CachedUserCount, app.CachedEventCount = 1<<40, 7
	app.CachedLastEvent, app.StatsLastUpdated = host.FromMillis(1_700_000_000_123), host.FromMillis(1)
	app.WebhookURL, app.WebhookEnabled, app.WebhookUseQueryParams = text("https://hook.example/?a=b"), true, true
	app.RateLimit = &host.RateLimit{Limit: 1000, Window: "second"}
	app.AuthorizedDomains = []string{"*.example.com", "https://shop.example:8443"}
	return app
}

var appTests = []test{
	{"CreateMinimal", func(t *testing.T, b bundle) {
		app := b.app("Hello, World!")
		if app.Slug != "hello-world" || app.Revision != 1 {
			t.Errorf("slug %q, revision %d", app.Slug, app.Revision)
		}
		wantApp(t, b, app.ID, app)
	}},
	{"CreateFull", func(t *testing.T, b bundle) {
		app := fullApp(b.organization().ID)
		if err := b.CreateApp(t.Context(), app); err != nil {
			t.Fatal(err)
		}
		wantApp(t, b, app.ID, app)
		wantApp(t, b, app.Slug+"@staging", app)
	}},
	{"CreateSlugs", func(t *testing.T, b bundle) {
		long := strings.Repeat("long ", 20)
		for _, c := range []struct{ name, want string }{
			{"My App", "my-app"},
			{"my app", "my-app-2"},
			{"MY+APP", "my-app-3"},
			{"日本", "app"},
			{"中国", "app-2"},
			{long, strings.Repeat("long-", 12) + "lon"},
			{long + "!", strings.Repeat("long-", 12) + "l-2"},
		} {
			if app := b.app(c.name); app.Slug != c.want {
				t.Errorf("slug of %q is %q, want %q", c.name, app.Slug, c.want)
			}
		}
	}},
	{"CreateSlugOfEachEnvironment", func(t *testing.T, b bundle) {
		production := b.app("Same")
		staging := host.NewApp(production.OrganizationID)
		staging.Name, staging.Environment = "Same", host.Staging
		if err := b.CreateApp(t.Context(), staging); err != nil {
			t.Fatal(err)
		}
		wantApp(t, b, "same", production)
		wantApp(t, b, "same@production", production)
		wantApp(t, b, "same@staging", staging)
	}},
	{"CreateErrNameTaken", func(t *testing.T, b bundle) {
		first := b.app("Taken")
		second := host.NewApp(first.OrganizationID)
		second.Name, second.Domains = "Taken", []string{"free.example.com"}
		wantError(t, b.CreateApp(t.Context(), second), host.CodeConflict, "name is already taken in this environment")
		_, err := b.App(t.Context(), second.ID)
		wantError(t, err, host.CodeNotFound, "App not found")
	}},
	{"CreateErrDomainTaken", func(t *testing.T, b bundle) {
		first := fullApp(b.organization().ID)
		if err := b.CreateApp(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		second := host.NewApp(first.OrganizationID)
		second.Name, second.Domains = "Other", []string{"new.example.com", "a.example.com"}
		wantError(t, b.CreateApp(t.Context(), second), host.CodeConflict, "domains: a.example.com already belongs to another app")
		// Nothing of the failed one stays: its first domain is free.
		second.Domains = []string{"new.example.com", "new.example.com"}
		if err := b.CreateApp(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(second.Domains, []string{"new.example.com"}) {
			t.Errorf("domains %q", second.Domains)
		}
	}},
	{"CreateErrNoOrganization", func(t *testing.T, b bundle) {
		app := host.NewApp(host.NewID())
		app.Name = "Orphan"
		wantError(t, b.CreateApp(t.Context(), app), host.CodeNotFound, "Organization not found")
	}},
	{"CreateConcurrently", func(t *testing.T, b bundle) {
		org := b.organization()
		var wg sync.WaitGroup
		errs := make([]error, 8)
		slugs := make([]string, 8)
		for i := range errs {
			wg.Go(func() {
				app := host.NewApp(org.ID)
				app.Name = "Race" + strings.Repeat("!", i/2) // pairs of one name, all of one slug
				errs[i] = b.CreateApp(t.Context(), app)
				slugs[i] = app.Slug
			})
		}
		wg.Wait()
		for i := 0; i < len(errs); i += 2 {
			if (errs[i] == nil) == (errs[i+1] == nil) {
				t.Errorf("of two creations with one name: %v, %v", errs[i], errs[i+1])
			}
			wantError(t, errors.Join(errs[i], errs[i+1]), host.CodeConflict, "name is already taken in this environment")
		}
		slices.Sort(slugs)
		if got := slices.DeleteFunc(slugs, func(s string) bool { return s == "" }); !slices.Equal(got, []string{"race", "race-2", "race-3", "race-4"}) {
			t.Errorf("slugs %q", got)
		}
	}},
	{"ErrNotFound", func(t *testing.T, b bundle) {
		b.app("There")
		for _, ref := range []string{"", "@", "nowhere", "there@staging", "there@mars", "there@", host.NewID(), "There", "' OR ''='", "\x00", "\xff"} {
			_, err := b.App(t.Context(), ref)
			wantError(t, err, host.CodeNotFound, "App not found")
		}
	}},
	{"List", func(t *testing.T, b bundle) {
		b.organization()
		if apps, total, err := b.Apps(t.Context(), nil, host.Page{}); err != nil || total != 0 || apps == nil || len(apps) != 0 {
			t.Errorf("no apps: %v, %d, %v", apps, total, err)
		}
		var want []string
		for i := range 7 {
			want = append(want, b.app(fmt.Sprint("App ", i)).ID)
		}
		slices.Sort(want)
		slices.Reverse(want)
		var got []string
		for _, app := range pages(t, 3, func(p host.Page) ([]*host.App, int, error) { return b.Apps(t.Context(), nil, p) }) {
			got = append(got, app.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("not newest first:", diff)
		}
		if beyond, total, err := b.Apps(t.Context(), nil, host.Page{Offset: 100}); err != nil || total != 7 || len(beyond) != 0 {
			t.Errorf("beyond the end: %d of %d, %v", len(beyond), total, err)
		}
		org, err := b.Organization(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		staging := host.NewApp(org.ID)
		staging.Name, staging.Environment = "Staging", host.Staging
		if err := b.CreateApp(t.Context(), staging); err != nil {
			t.Fatal(err)
		}
		of := func(environments ...string) int {
			apps, total, err := b.Apps(t.Context(), append([]string{}, environments...), host.Page{})
			if err != nil || len(apps) != total {
				t.Errorf("of %v: %d of %d, %v", environments, len(apps), total, err)
			}
			return total
		}
		if got := []int{of(), of(host.Staging), of(host.Development), of(host.Production, host.Staging)}; !slices.Equal(got, []int{0, 1, 0, 8}) {
			t.Errorf("by environment: %v", got)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		old := fullApp(b.organization().ID)
		if err := b.CreateApp(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		updated, err := b.UpdateApp(t.Context(), old.ID, func(a *host.App) error {
			a.ID, a.OrganizationID, a.Slug, a.Environment, a.Platform = "x", "x", "x", "x", "x" // read-only
			a.CreatedAt, a.ActiveRelease, a.Revision = host.Time{}, 9, 9
			a.Name, a.Description, a.EngagementCredentials, a.Status = "Renamed", nil, nil, host.AppActive
			a.Domains = []string{"b.example.com", "a.example.com"}
			a.AuthorizedDomains = []string{}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := *old
		want.Name, want.Description, want.EngagementCredentials, want.Status = "Renamed", nil, nil, host.AppActive
		want.Domains, want.AuthorizedDomains = []string{"b.example.com", "a.example.com"}, []string{}
		want.Revision, want.UpdatedAt = 2, updated.UpdatedAt
		wantApp(t, b, old.ID, &want)
		if diff := cmp.Diff(&want, updated, equalTimes); diff != "" {
			t.Error("answer:", diff)
		}
	}},
	{"UpdateErrors", func(t *testing.T, b bundle) {
		_, err := b.UpdateApp(t.Context(), host.NewID(), func(*host.App) error { return nil })
		wantError(t, err, host.CodeNotFound, "App not found")
		one, two := b.app("One"), b.app("Two")
		if _, err := b.UpdateApp(t.Context(), two.ID, func(a *host.App) error { a.Domains = []string{"two.example.com"}; return nil }); err != nil {
			t.Fatal(err)
		}
		_, err = b.UpdateApp(t.Context(), one.ID, func(a *host.App) error { a.Name = "Two"; return nil })
		wantError(t, err, host.CodeConflict, "name is already taken in this environment")
		_, err = b.UpdateApp(t.Context(), one.ID, func(a *host.App) error {
			a.Name, a.Domains = "Changed", []string{"two.example.com"}
			return nil
		})
		wantError(t, err, host.CodeConflict, "domains: two.example.com already belongs to another app")
		_, err = b.UpdateApp(t.Context(), one.ID, func(a *host.App) error { a.Name = "Changed"; return errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the closure", err)
		}
		wantApp(t, b, one.ID, one)
	}},
	{"UpdateMovesDomains", func(t *testing.T, b bundle) {
		one, two := b.app("One"), b.app("Two")
		set := func(app *host.App, domains ...string) {
			t.Helper()
			if _, err := b.UpdateApp(t.Context(), app.ID, func(a *host.App) error { a.Domains = domains; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		set(one, "moving.example.com")
		set(one)
		set(two, "moving.example.com", "moving.example.com")
	}},
	{"UpdateConcurrently", func(t *testing.T, b bundle) {
		app := b.app("Busy")
		var wg sync.WaitGroup
		var want []string
		for i := range 8 {
			domain := fmt.Sprintf("d%d.example.com", i)
			want = append(want, domain)
			wg.Go(func() {
				_, err := b.UpdateApp(t.Context(), app.ID, func(a *host.App) error {
					a.Domains = append(a.Domains, domain)
					a.CachedUserCount++
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got, err := b.App(t.Context(), app.ID)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got.Domains)
		if !slices.Equal(got.Domains, want) || got.CachedUserCount != 8 || got.Revision != 9 {
			t.Errorf("an update was lost: domains %q, count %d, revision %d", got.Domains, got.CachedUserCount, got.Revision)
		}
	}},
	{"DeleteCascades", func(t *testing.T, b bundle) {
		app, other := b.app("Doomed"), b.app("Stays")
		if _, err := b.UpdateApp(t.Context(), app.ID, func(a *host.App) error { a.Domains = []string{"doomed.example.com"}; return nil }); err != nil {
			t.Fatal(err)
		}
		own, shared := b.module(app, "own", "own bytes"), b.module(app, "shared", "shared bytes")
		kept := b.module(other, "shared", "shared bytes")
		b.release(app, endpoint("/own", own), endpoint("/shared", shared))
		b.release(other, endpoint("/shared", kept))
		record := host.Invocation{RequestID: "r1", AppID: app.ID}
		if err := b.AddInvocations(t.Context(), []host.Invocation{record, {RequestID: "r2", AppID: other.ID}}); err != nil {
			t.Fatal(err)
		}
		if err := b.DeleteApp(t.Context(), app.ID); err != nil {
			t.Fatal(err)
		}
		_, err := b.App(t.Context(), app.ID)
		wantError(t, err, host.CodeNotFound, "App not found")
		wantError(t, b.DeleteApp(t.Context(), app.ID), host.CodeNotFound, "App not found")
		_, err = b.Module(t.Context(), app.ID, own.ID)
		wantError(t, err, host.CodeNotFound, "Module not found")
		_, err = b.ModuleContent(t.Context(), own.Digest)
		wantError(t, err, host.CodeNotFound, "Module not found")
		_, err = b.Release(t.Context(), app.ID, 1)
		wantError(t, err, host.CodeNotFound, "Release not found")
		_, err = b.Invocation(t.Context(), app.ID, "r1")
		wantError(t, err, host.CodeNotFound, "Invocation not found")
		// The other app has lost nothing.
		if content, err := b.ModuleContent(t.Context(), kept.Digest); err != nil || string(content) != "shared bytes" {
			t.Errorf("shared content: %q, %v", content, err)
		}
		if _, err := b.Invocation(t.Context(), other.ID, "r2"); err != nil {
			t.Error(err)
		}
		// What the app had is free again.
		again := host.NewApp(other.OrganizationID)
		again.Name, again.Domains = "Doomed", []string{"doomed.example.com"}
		if err := b.CreateApp(t.Context(), again); err != nil {
			t.Error(err)
		}
		if again.Slug != "doomed" {
			t.Errorf("slug %q", again.Slug)
		}
	}},
}

// wantApp reads the app by ref and compares it with want.
func wantApp(t *testing.T, b bundle, ref string, want *host.App) {
	t.Helper()
	got, err := b.App(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Errorf("App(%q): %s", ref, diff)
	}
}
