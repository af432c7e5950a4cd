package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/archive"
)

// MaxArchiveBytes bounds an archive to be imported: room for several modules of
// the largest size.
func MaxArchiveBytes(maxModuleBytes int64) int64 { return 8 * maxModuleBytes }

type importInput struct {
	App         string `query:"app" doc:"Makes a release of this app, by id or slug, instead of a new app; its settings stay"`
	Name        string `query:"name" doc:"Name of the new app; the one in the archive unless given"`
	Environment string `query:"environment" doc:"Environment of the new app; the one in the archive unless given"`
	body        io.Reader
}

// Resolve keeps the body as a stream: an archive is too large for memory.
func (in *importInput) Resolve(c huma.Context) []error {
	in.body = c.BodyReader()
	return nil
}

type importOutput struct {
	Body struct {
		Success bool          `json:"success"`
		App     *host.App     `json:"app"`
		Created bool          `json:"created" doc:"Whether the app is new"`
		Release *host.Release `json:"release"`
	}
}

// imported is an archive that was found in order, module by module.
type imported struct {
	*archive.Archive
	endpoints objects[desiredEndpoint]
	modules   []*host.Module
	objects   []*host.Object
	variables []*host.Variable
}

// importApp checks everything it can before it writes anything. What is written
// first, modules and empty key groups, changes no answer of any app; then come
// the definitions of objects. The release is last and one transaction. A new app goes with everything in
// it if its release fails.
func (a *API) importApp(ctx context.Context, in *importInput) (_ *importOutput, err error) {
	if in.App != "" && in.Name+in.Environment != "" {
		return nil, host.Errorf(host.CodeInvalid, "name and environment are for a new app: leave them out, or app")
	}
	file, size, err := a.spool(in.body)
	if err != nil {
		return nil, err
	}
	defer file.discard()
	content, err := a.readArchive(ctx, file, size)
	if err != nil {
		return nil, err
	}
	app, created, err := a.importTarget(ctx, in, content.Manifest.App)
	if err != nil {
		return nil, err
	}
	out := &importOutput{}
	if out.Body.Release, err = a.importInto(ctx, app, content); err != nil {
		if created {
			err = errors.Join(err, a.Store.DeleteApp(context.WithoutCancel(ctx), app.ID))
		}
		return nil, err
	}
	if app, err = a.Store.App(ctx, app.ID); err != nil {
		return nil, err
	}
	out.Body.Success, out.Body.App, out.Body.Created = true, app, created
	return out, a.live(ctx)
}

// spooled is a temporary file with a request's body.
type spooled struct{ *os.File }

func (f spooled) discard() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// spool keeps a body in a file, because zip files are read from their end.
func (a *API) spool(body io.Reader) (file spooled, size int64, err error) {
	if body == nil {
		return file, 0, host.Errorf(host.CodeInvalid, "The body must be an archive of an app")
	}
	created, err := os.CreateTemp("", "postern-import-*") // mode 0600
	if err != nil {
		return file, 0, host.Caused(host.CodeUnavailable, err, "There is no room for the archive on the server")
	}
	file = spooled{created}
	limit := MaxArchiveBytes(a.MaxModuleBytes)
	size, err = io.Copy(created, io.LimitReader(body, limit+1))
	if err == nil && size > limit {
		err = host.Errorf(host.CodeTooLarge, "The archive has more than %d bytes", limit)
	}
	if err != nil {
		file.discard()
		return file, 0, spoolError(err)
	}
	return file, size, nil
}

// spoolError tells what the client sent from what the disk did.
func spoolError(err error) error {
	var disk *os.PathError
	if errors.As(err, &disk) {
		return host.Caused(host.CodeUnavailable, err, "There is no room for the archive on the server")
	}
	return err
}

// readArchive opens an archive and looks at everything in it: each module must
// be one that an upload would take, and each endpoint must use one of them.
func (a *API) readArchive(ctx context.Context, file io.ReaderAt, size int64) (*imported, error) {
	opened, err := archive.Open(file, size, archive.Limits{ModuleBytes: a.uploadLimit(), TotalBytes: 2 * MaxArchiveBytes(a.MaxModuleBytes)})
	if err != nil {
		return nil, err
	}
	out := &imported{Archive: opened}
	if out.endpoints, err = decodeElements[desiredEndpoint]("endpoints", opened.Manifest.Endpoints); err != nil {
		return nil, err
	}
	used := func(e *desiredEndpoint) func(archive.Module) bool {
		return func(m archive.Module) bool { return m.Digest == e.Module.value }
	}
	for i := range out.endpoints {
		if !slices.ContainsFunc(opened.Manifest.Modules, used(&out.endpoints[i])) {
			return nil, host.Errorf(host.CodeInvalid, "endpoints[%d].module must be the digest of a module in the archive", i)
		}
	}
	if out.objects, err = archivedObjects(opened.Manifest.Objects); err != nil {
		return nil, err
	}
	if out.variables, err = archivedVariables(opened.Manifest.Variables); err != nil {
		return nil, err
	}
	return out, a.inspectModules(ctx, out)
}

// inspectModules looks at the modules of an archive, at each once however many
// names it has.
func (a *API) inspectModules(ctx context.Context, in *imported) error {
	seen := map[string]*host.Module{}
	for _, m := range in.Manifest.Modules {
		if seen[m.Digest] == nil {
			content, err := in.Module(m.Digest)
			if err != nil {
				return err
			}
			if seen[m.Digest], err = a.inspect(ctx, content); err != nil {
				return host.Caused(host.CodeOf(err), err, "module %s: %s", m.Name, host.AsError(err).Message)
			}
		}
		module := *seen[m.Digest]
		module.Name = m.Name
		in.modules = append(in.modules, &module)
	}
	return nil
}

// importTarget finds the app an archive goes to, or creates it.
func (a *API) importTarget(ctx context.Context, in *importInput, settings archive.App) (app *host.App, created bool, err error) {
	if in.App != "" {
		app, err = a.Store.App(ctx, in.App)
		if err == nil && !actor(ctx).Sees(app.Environment) {
			err = hide("App")
		}
		return app, false, err
	}
	org, err := a.Store.Organization(ctx)
	if err != nil {
		return nil, false, err
	}
	app = host.NewApp(org.ID)
	app.Name, app.Environment = settings.Name, settings.Environment
	if in.Name != "" {
		app.Name = in.Name
	}
	if in.Environment != "" {
		app.Environment = in.Environment
	}
	app.Description, app.WebsiteURL, app.ContextInfo = settings.Description, settings.WebsiteURL, settings.ContextInfo
	app.AuthorizedDomains = orEmpty(settings.AuthorizedDomains)
	app.DataRetentionDays, app.Timezone, app.RateLimit = settings.DataRetentionDays, settings.Timezone, settings.RateLimit
	app.Capabilities = distinct(settings.Capabilities)
	app.AllowedHosts = distinct(lower(settings.AllowedHosts))
	if err := a.check(app); err != nil {
		return nil, false, err
	}
	if err := permitEnvironment(ctx, app.Environment); err != nil {
		return nil, false, err
	}
	return app, true, a.Store.CreateApp(ctx, app)
}

// importInto puts the modules, the key groups, the definitions of objects,
// the variables and the release into an app.
func (a *API) importInto(ctx context.Context, app *host.App, from *imported) (*host.Release, error) {
	for _, m := range from.modules {
		content, err := from.Module(m.Digest)
		if err != nil {
			return nil, err
		}
		m.ID, m.AppID, m.CreatedAt = host.NewID(), app.ID, host.Now()
		if _, err := a.Store.AddModule(ctx, m, content); err != nil {
			return nil, err
		}
	}
	for _, name := range from.Manifest.KeyGroups {
		if err := a.ensureGroup(ctx, app.ID, name); err != nil {
			return nil, err
		}
	}
	for _, o := range from.objects {
		if err := a.ensureObject(ctx, app.ID, o); err != nil {
			return nil, err
		}
	}
	if err := a.addVariables(ctx, app.ID, from.variables); err != nil {
		return nil, err
	}
	return a.change(ctx, app.ID, func(d *host.Draft) error {
		d.Note = fmt.Sprintf("Import release %d of %s", from.Manifest.Release, from.Manifest.App.Name)
		return a.desire(d, from.endpoints)
	})
}

// ensureGroup makes a key group that admits nobody yet, unless the app has it.
// Endpoints may name groups that no app can have; those admit nobody either.
func (a *API) ensureGroup(ctx context.Context, appID, name string) error {
	group := host.NewKeyGroup(appID)
	group.Name = name
	if group.Validate() != nil {
		return nil
	}
	if err := a.Store.CreateKeyGroup(ctx, group); host.CodeOf(err) != host.CodeConflict {
		return err
	}
	return nil
}
