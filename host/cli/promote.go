package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// promotion is one run of promote, and what its JSON form shows.
type promotion struct {
	App     *host.App         `json:"app"`     // where the release goes; null before it is created
	Created bool              `json:"created"` // whether the app is new
	Diff    *host.ReleaseDiff `json:"diff"`
	Objects *host.ObjectDiff  `json:"objects"` // what the app's objects become
	Release *host.Release     `json:"release"` // null if there was nothing to promote

	source  *host.App
	active  *host.Release // of the source
	before  *host.Release // of the target; number 0 for none
	lacking []host.PinnedModule
	objects []*host.Object // of the source
}

func promoteCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	var from, to, note string
	var yes bool
	command := &cobra.Command{
		Use: "promote APP", Short: "Take an app's release to another environment", Args: cobra.ExactArgs(1),
		Long: `Make a release in one environment of what is active in another: the same
endpoints, the same modules and the same definitions of objects. What would
change is shown first. The app is created if the other environment lacks it.

Nothing else goes along. Settings, capabilities, keys, members of key groups,
issuers, domains and records of either environment stay as they are, and so do
objects that only the other environment has.`,
		Example: "  postern promote hello --from staging --to production",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			failed := func(err error) error {
				return fmt.Errorf("cannot promote %s from %s to %s: %w", args[0], from, to, err)
			}
			p, err := preparePromotion(ctx, api, args[0], from, to)
			if err != nil {
				return failed(err)
			}
			if p.App != nil && p.before.Number > 0 && p.Diff.Empty() && p.Objects.Empty() {
				return r.showPromotion(p, to)
			}
			r.announce(p, to)
			if !yes {
				question := fmt.Sprintf("Make this the active release of %s in %s?", p.source.Slug, to)
				if err := r.ask(question, "there is no terminal to ask on", "nothing was promoted"); err != nil {
					return err
				}
			}
			if err := r.promote(ctx, api, p, to, note); err != nil {
				return failed(err)
			}
			return r.showPromotion(p, to)
		}),
	}
	command.Flags().StringVar(&from, "from", host.Staging, "environment to take the active release of")
	command.Flags().StringVar(&to, "to", host.Production, "environment to make the release in")
	command.Flags().StringVar(&note, "note", "", "what the release is for")
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	r.addFlags(command)
	return command
}

// preparePromotion finds both sides and what would change.
func preparePromotion(ctx context.Context, api *client.Client, slug, from, to string) (p *promotion, err error) {
	p = &promotion{before: &host.Release{}}
	switch {
	case from == to:
		return nil, fmt.Errorf("it is there already")
	case strings.Contains(slug, "@") || host.IsID(slug):
		return nil, hint(fmt.Errorf("%q is no slug", slug), "name the app by its slug alone; --from and --to name the environments")
	}
	if p.source, err = api.App(ctx, slug+"@"+from); err != nil {
		return nil, err
	}
	if p.active, err = activeRelease(ctx, api, p.source.ID); err != nil {
		return nil, err
	}
	if p.active.Number == 0 {
		return nil, fmt.Errorf("it has no release in %s", from)
	}
	there := map[string]host.PinnedModule{}
	if p.App, err = api.App(ctx, slug+"@"+to); err == nil {
		if p.before, err = activeRelease(ctx, api, p.App.ID); err == nil {
			there, err = modulesByDigest(ctx, api, p.App.ID)
		}
	} else if host.CodeOf(err) == host.CodeNotFound {
		p.App, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.Diff = host.DiffReleases(p.before, p.planned(there))
	return p, p.compareObjects(ctx, api)
}

// activeRelease finds the active release of an app; it has number 0 if there
// is none.
func activeRelease(ctx context.Context, api *client.Client, app string) (*host.Release, error) {
	active := 0
	err := each(func(page host.Page) (client.List[client.ReleaseSummary], error) { return api.Releases(ctx, app, page) },
		func(release client.ReleaseSummary) {
			if release.Active {
				active = release.Number
			}
		})
	if err != nil || active == 0 {
		return &host.Release{}, err
	}
	return api.Release(ctx, app, active)
}

// modulesByDigest are an app's modules as a release would pin them.
func modulesByDigest(ctx context.Context, api *client.Client, app string) (map[string]host.PinnedModule, error) {
	found := map[string]host.PinnedModule{}
	err := each(func(page host.Page) (client.List[*host.Module], error) { return api.Modules(ctx, app, page) },
		func(m *host.Module) {
			if _, newer := found[m.Digest]; !newer {
				found[m.Digest] = host.PinnedModule{Name: m.Name, Version: m.Version, Digest: m.Digest}
			}
		})
	return found, err
}

// planned is the release that the target would have: the source's, with the ids
// of the endpoints it replaces there and the versions its modules have there.
// It notes the modules that the target lacks.
func (p *promotion) planned(there map[string]host.PinnedModule) *host.Release {
	ids := map[string]string{}
	for i := range p.before.Endpoints {
		ids[requests(&p.before.Endpoints[i])] = p.before.Endpoints[i].ID
	}
	out := &host.Release{}
	for _, e := range p.active.Endpoints {
		if id := ids[requests(&e)]; id != "" {
			e.ID = id
		}
		module, found := there[e.Module.Digest]
		if !found {
			module = host.PinnedModule{Name: e.Module.Name, Digest: e.Module.Digest}
			there[e.Module.Digest] = module
			p.lacking = append(p.lacking, module)
		}
		e.Module = module
		out.Endpoints = append(out.Endpoints, e)
	}
	return out
}

// requests says which requests an endpoint matches.
func requests(e *host.Endpoint) string {
	t, err := host.ParseTemplate(e.Path)
	if err != nil {
		return e.Method + " " + e.Path
	}
	return e.Method + " " + t.Shape()
}

// announce shows what would change, beside the result if that is JSON.
func (r *remote) announce(p *promotion, to string) {
	var out io.Writer = r.out
	if r.json {
		out = r.err
	}
	switch {
	case p.App == nil:
		fmt.Fprintf(out, "%s is not in %s yet and would be created there, with:\n", p.source.Slug, to)
	case p.before.Number == 0:
		fmt.Fprintf(out, "%s has no release in %s yet; its first would have:\n", p.source.Slug, to)
	default:
		fmt.Fprintf(out, "what would change in %s from release %d:\n", to, p.before.Number)
	}
	r.showDiff(out, p.Diff)
	r.showObjectDiff(out, p.Objects)
}

// promote does the work and fills in p.
func (r *remote) promote(ctx context.Context, api *client.Client, p *promotion, to, note string) (err error) {
	if p.App == nil {
		fields := client.AppFields{Name: client.Value(p.source.Name), Environment: client.Value(to)}
		if p.App, err = createApp(ctx, api, p.source.Slug, fields); err != nil {
			return err
		}
		p.Created = true
		if p.App.Slug != p.source.Slug {
			return fmt.Errorf("the server named the new app %s, because another in %s had the name once", p.App.Slug, to)
		}
	}
	if err := r.carryModules(ctx, api, p); err != nil {
		return err
	}
	if _, err := r.defineObjects(ctx, api, p.App.ID, p.objects); err != nil {
		return err
	}
	if p.before.Number > 0 && p.Diff.Empty() {
		return nil // objects alone differed
	}
	state := client.State{Note: first(note, fmt.Sprintf("Promote release %d of %s", p.active.Number, p.source.Environment))}
	for i := range p.active.Endpoints {
		state.Endpoints = append(state.Endpoints, client.FieldsOf(&p.active.Endpoints[i]))
	}
	// If somebody deployed meanwhile, what was shown is not what would change.
	var warnings []string
	if p.Release, warnings, err = api.MakeRelease(ctx, p.App.ID, state, client.IfMatch(p.before.Number)); err != nil {
		return err
	}
	for _, warning := range warnings {
		r.say("warning: %s", printable(warning))
	}
	r.warnUngranted(p.App, p.Release)
	p.Diff.To = p.Release.Number
	return nil
}

// carryModules uploads the modules that the target lacks.
func (r *remote) carryModules(ctx context.Context, api *client.Client, p *promotion) error {
	if len(p.lacking) == 0 {
		return nil
	}
	ids := map[string]string{}
	err := each(func(page host.Page) (client.List[*host.Module], error) { return api.Modules(ctx, p.source.ID, page) },
		func(m *host.Module) { ids[m.Digest] = m.ID })
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "postern-promote-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, m := range p.lacking {
		b := built{Name: m.Name, File: filepath.Join(dir, m.Digest), Digest: m.Digest}
		b.Size, err = writeWhole(b.File, func(f *os.File) error { return api.DownloadModule(ctx, p.source.ID, ids[m.Digest], f) })
		if err == nil {
			_, err = r.upload(ctx, api, p.App.ID, b)
		}
		if err != nil {
			return fmt.Errorf("module %s: %w", m.Name, err)
		}
	}
	return nil
}

func (r *remote) showPromotion(p *promotion, to string) error {
	if r.json {
		return r.document(p)
	}
	if p.Release == nil {
		fmt.Fprintf(r.out, "%s: release %d in %s has the same endpoints already\n", p.source.Slug, p.before.Number, to)
		return nil
	}
	if p.Created {
		r.say("created app %s in %s", p.App.Slug, p.App.Environment)
	}
	fmt.Fprintf(r.out, "%s: release %d is active in %s\n", p.App.Slug, p.Release.Number, to)
	return nil
}
