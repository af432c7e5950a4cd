package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// deployment is one run of deploy, and what its JSON form shows.
type deployment struct {
	App     *host.App      `json:"app"`
	Created bool           `json:"created"` // whether the app is new
	Modules []*host.Module `json:"modules"`
	Objects []*host.Object `json:"objects"` // those of the manifest
	Release *host.Release  `json:"release"`
	URLs    []address      `json:"urls"`
}

// address is where an endpoint answers.
type address struct {
	Endpoint string `json:"endpoint"`
	Method   string `json:"method"`
	URL      string `json:"url"`
	Access   string `json:"access"` // public or key
}

func deployCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	var note string
	command := &cobra.Command{
		Use: "deploy [DIR]", Short: "Build a project and put it into force", Args: cobra.MaximumNArgs(1),
		Long: `Build the project in DIR, upload its modules, define its objects and make one
release of exactly the endpoints in DIR/postern.yaml. The app is created if it
is not there. Requests go to the new release from one moment to the next; if
anything fails before, no endpoint changes. “postern rollback” goes back, but
leaves objects as they are. Objects that the manifest does not name stay, too.`,
		Example: "  postern deploy\n  postern deploy ./hello --note 'Greet in French'\n  postern deploy --server https://postern.example.com",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			m, err := readManifest(directory(args))
			if err != nil {
				return err
			}
			modules, err := r.build(ctx, m)
			if err != nil {
				return err
			}
			d := &deployment{}
			if err := r.deploy(ctx, api, d, m, modules, note); err != nil {
				return err
			}
			if r.json {
				return r.document(d)
			}
			return r.showDeployment(d)
		}),
	}
	command.Flags().StringVar(&note, "note", "", "what the release is for")
	r.addFlags(command)
	return command
}

// deploy does the work and fills in d.
func (r *remote) deploy(ctx context.Context, api *client.Client, d *deployment, m *manifest, modules []built, note string) (err error) {
	if d.App, d.Created, err = ensureApp(ctx, api, m); err != nil {
		return fmt.Errorf("cannot deploy to app %s: %w", m.ref(), err)
	}
	if d.Created && !r.json {
		r.say("created app %s in %s", d.App.Slug, d.App.Environment)
	}
	digests := map[string]string{}
	for _, b := range modules {
		uploaded, err := r.upload(ctx, api, d.App.ID, b)
		if err != nil {
			return fmt.Errorf("cannot upload module %s: %w", b.Name, err)
		}
		for _, warning := range uploaded.Warnings {
			r.say("warning: module %s: %s", b.Name, printable(warning))
		}
		digests[b.Name] = uploaded.Digest
		d.Modules = append(d.Modules, uploaded)
	}
	if d.Objects, err = r.defineObjects(ctx, api, d.App.ID, m.objects); err != nil {
		return fmt.Errorf("cannot deploy to app %s: %w", m.ref(), err)
	}
	state := client.State{Note: note}
	for _, fields := range m.Endpoints {
		// Pinned by digest, the release holds what was built here even if
		// somebody else uploads under the same name at this moment.
		name, _ := fields.Module.Get()
		fields.Module = client.Value(digests[name])
		state.Endpoints = append(state.Endpoints, fields)
	}
	var warnings []string
	if d.Release, warnings, err = api.MakeRelease(ctx, d.App.ID, state); err != nil {
		return fmt.Errorf("cannot make a release of %s: %w", m.ref(), err)
	}
	for _, warning := range warnings {
		r.say("warning: %s", printable(warning))
	}
	r.warnUngranted(d.App, d.Release)
	d.URLs = addresses(r.address(), d.App, d.Release)
	return nil
}

// ensureApp finds the manifest's app or creates it.
func ensureApp(ctx context.Context, api *client.Client, m *manifest) (app *host.App, created bool, err error) {
	app, err = api.App(ctx, m.ref())
	if host.CodeOf(err) != host.CodeNotFound {
		return app, false, err
	}
	app, err = createApp(ctx, api, m.App, client.AppFields{
		Name: client.Value(m.Name), Environment: client.Value(m.Environment), Capabilities: client.Value(append([]string{}, m.Capabilities...)),
		AllowedHosts: client.Value(append([]string{}, m.AllowedHosts...)),
	})
	if err == nil && app.Slug != m.App {
		return nil, false, hint(fmt.Errorf("the server named the new app %s", app.Slug), "write “app: %s” in %s", app.Slug, manifestName)
	}
	return app, true, err
}

// createApp creates an app for a slug, unless the server makes another of it;
// the name in fields is for people, and may be empty.
func createApp(ctx context.Context, api *client.Client, slug string, fields client.AppFields) (*host.App, error) {
	name, _ := fields.Name.Get()
	// The slug comes from the first name and stays: an app whose name for
	// people would make another slug is named twice.
	begin := slug
	if host.Slug(name) == slug {
		begin = name
	}
	fields.Name = client.Value(begin)
	app, err := api.CreateApp(ctx, fields)
	if err == nil && app.Slug == slug && name != "" && name != begin {
		app, err = api.UpdateApp(ctx, app.ID, client.AppFields{Name: client.Value(name)})
	}
	return app, err
}

// upload sends one module, with a progress bar if somebody watches.
func (r *remote) upload(ctx context.Context, api *client.Client, app string, b built) (*host.Module, error) {
	f, err := os.Open(b.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	bar := newBar(r.err, "uploading "+b.Name, b.Size)
	m, _, err := api.UploadModule(ctx, app, client.Upload{Name: b.Name, Content: f, Size: b.Size, Progress: bar.set})
	bar.done()
	if err != nil {
		return nil, err
	}
	if m.Digest != b.Digest {
		return nil, errors.New("the server received other bytes than were sent: the file changed meanwhile, or something in between altered it")
	}
	return m, nil
}

// addresses lists where the endpoints of a release answer: below /run/ of the
// server that was asked, and on each domain of the app.
func addresses(server string, app *host.App, release *host.Release) []address {
	bases := []string{server + "/run/" + refOf(app)}
	for _, domain := range app.Domains {
		if u, err := url.Parse(server); err == nil {
			u.Host = domain
			if port := serverPort(server); port != "" {
				u.Host += ":" + port
			}
			u.Path = ""
			bases = append(bases, u.String())
		}
	}
	var out []address
	for _, base := range bases {
		for _, e := range release.Endpoints {
			if !e.Enabled {
				continue
			}
			access := "public"
			if e.RequiresAuthentication {
				access = "key"
			}
			out = append(out, address{e.Name, e.Method, base + strings.TrimSuffix(e.Path, "/"), access})
		}
	}
	return out
}

func serverPort(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return u.Port()
}

func (c *console) showDeployment(d *deployment) error {
	modules := []string{}
	for _, m := range d.Modules {
		modules = append(modules, fmt.Sprintf("%s@%d", m.Name, m.Version))
	}
	fmt.Fprintf(c.out, "%s: release %d is active, with %s\n\n", d.App.Slug, d.Release.Number, strings.Join(modules, ", "))
	rows, keyed := [][]string{}, false
	for _, a := range d.URLs {
		rows = append(rows, []string{a.Method, a.URL, a.Access, a.Endpoint})
		keyed = keyed || a.Access == "key"
	}
	if len(rows) == 0 {
		c.say("the release has no enabled endpoint")
		return nil
	}
	if keyed {
		defer c.say("endpoints marked “key” need one: “postern keys create NAME” makes it, the header X-API-Key carries it")
	}
	return c.table([]string{"METHOD", "URL", "ACCESS", "ENDPOINT"}, rows)
}
