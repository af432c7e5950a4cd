package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/posternhq/postern/host"
)

// releaseBody is the desired state of an app.
type releaseBody struct {
	Endpoints list[desiredEndpoint] `json:"endpoints,omitempty" doc:"All endpoints that the release has"`
	Schedules list[schedule]        `json:"schedules,omitempty" doc:"Empty: schedules are not available in this version"`
	Settings  field[settings]       `json:"settings,omitempty" doc:"Empty: there are no settings in this version"`
	Note      field[string]         `json:"note,omitempty" doc:"What the release is for; at most 500 characters"`
}

// schedule of an app: there is none in this version.
type schedule struct{}

// settings of an app: none in this version.
type settings map[string]json.RawMessage

// desiredEndpoint is an endpoint of a desired state. Its id, if it names one of
// the active release, says which endpoint it goes on from; otherwise the method
// and the shape of the path do.
type desiredEndpoint struct {
	ID field[string] `json:"id,omitempty" doc:"Of the endpoint in the active release that this goes on from; the one of the same method and path unless given"`
	EndpointBody
}

// check refuses what this version cannot do, rather than to ignore it.
func (b *releaseBody) check() error {
	if len(b.Schedules.value) > 0 {
		return host.Errorf(host.CodeInvalid, "schedules are not available in this version, so the list must be empty")
	}
	if len(b.Settings.value) > 0 {
		return host.Errorf(host.CodeInvalid, "settings has no known fields in this version, so it must be empty")
	}
	if len(b.Note.value) > 500 {
		return host.Errorf(host.CodeInvalid, "note must be at most 500 characters")
	}
	if !b.Endpoints.set {
		return host.Errorf(host.CodeInvalid, "endpoints is required: the list of all endpoints the release has")
	}
	return nil
}

type releaseOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success  bool          `json:"success"`
		Release  *host.Release `json:"release"`
		Warnings []string      `json:"warnings,omitempty" doc:"What is allowed, but hardly meant"`
	}
}

func newReleaseOutput(r *host.Release) *releaseOutput {
	r.Endpoints = orEmpty(r.Endpoints)
	out := &releaseOutput{ETag: etag(r.Number)}
	out.Body.Success, out.Body.Release = true, r
	return out
}

// releaseSummary is a release as lists show it.
type releaseSummary struct {
	AppID         string    `json:"app_id"`
	Number        int       `json:"number"`
	Active        bool      `json:"active"`
	Note          string    `json:"note"`
	EndpointCount int       `json:"endpoint_count"`
	CreatedAt     host.Time `json:"created_at"`
}

type releasesOutput struct {
	Body struct {
		Success    bool             `json:"success"`
		Releases   []releaseSummary `json:"releases"`
		Pagination pagination       `json:"pagination"`
	}
}

// ReleasePath is part of the routes of one release.
type ReleasePath struct {
	AppPath
	Number int `path:"number" doc:"Number of the release"`
}

func (a *API) releaseRoutes() {
	register(a, operation{id: "make-release", method: post, path: "/v1/apps/{app}/releases", summary: "Make and activate a release from a whole desired state", tag: "releases", status: 201, maxBody: maxReleaseBytes}, a.makeRelease)
	register(a, operation{id: "list-releases", method: get, path: "/v1/apps/{app}/releases", summary: "List releases", tag: "releases"}, a.listReleases)
	register(a, operation{id: "get-release", method: get, path: "/v1/apps/{app}/releases/{number}", summary: "Show a release", tag: "releases"}, a.getRelease)
	register(a, operation{id: "activate-release", method: post, path: "/v1/apps/{app}/releases/{number}/activate", summary: "Activate a release, older or newer", tag: "releases"}, a.activate)
	register(a, operation{id: "diff-releases", method: get, path: "/v1/apps/{app}/releases/{a}/diff/{b}", summary: "Show what changes from one release to another", tag: "releases"}, a.diffReleases)
}

// maxReleaseBytes bounds a desired state: 500 endpoints with schemas.
const maxReleaseBytes = 8 << 20

func (a *API) makeRelease(ctx context.Context, in *struct {
	AppPath
	IfMatch string `header:"If-Match" doc:"The number of the active release, as an ETag"`
	Body    releaseBody
}) (*releaseOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, e := range in.Body.Endpoints.value {
		groups = append(groups, e.KeyGroups.value...)
	}
	warnings, err := a.missingGroups(ctx, app.ID, groups)
	if err != nil {
		return nil, err
	}
	release, err := a.change(ctx, app.ID, func(d *host.Draft) error {
		if err := matchRevision(in.IfMatch, d.App.ActiveRelease); err != nil {
			return err
		}
		d.Note = in.Body.Note.or("Deploy")
		return a.desire(d, in.Body.Endpoints.value)
	})
	if err != nil {
		return nil, err
	}
	err = cmp.Or(a.live(ctx), a.judge(ctx, app, release))
	out := newReleaseOutput(release)
	out.Body.Warnings = warnings
	return out, err
}

// desire replaces the endpoints of a draft by the desired ones. Each goes on
// from the endpoint it matches, so that ids outlive deployments, and keeps its
// revision if nothing of it changed.
func (a *API) desire(d *host.Draft, desired []desiredEndpoint) error {
	before := d.Endpoints
	d.Endpoints = make([]host.Endpoint, 0, len(desired))
	for i, want := range desired {
		e := host.NewEndpoint()
		if err := a.fillEndpoint(d, e, &want.EndpointBody); err != nil {
			return at(i, err)
		}
		if old := predecessor(before, e, want.ID.value); old != nil {
			e.ID, e.CreatedAt, e.UpdatedAt, e.Revision = old.ID, old.CreatedAt, old.UpdatedAt, old.Revision
			if same(old, e) {
				d.Endpoints = append(d.Endpoints, *e)
				continue
			}
		}
		e.Revision, e.UpdatedAt = d.Number, host.Now()
		d.Endpoints = append(d.Endpoints, *e)
	}
	return host.CheckEndpoints(d.Endpoints)
}

// at puts the place of a desired endpoint before the sentence about it.
func at(i int, err error) error {
	e := host.AsError(err)
	return &host.Error{Code: e.Code, Message: fmt.Sprintf("endpoints[%d].%s", i, e.Message), Details: e.Details, Err: e.Err}
}

// predecessor finds the endpoint that e goes on from, or nil.
func predecessor(before []host.Endpoint, e *host.Endpoint, id string) *host.Endpoint {
	if id != "" {
		if i := find(before, id); i >= 0 {
			return &before[i]
		}
	}
	shape := shapeOf(e.Path)
	i := slices.IndexFunc(before, func(old host.Endpoint) bool { return old.Method == e.Method && shapeOf(old.Path) == shape })
	if i < 0 {
		return nil
	}
	return &before[i]
}

func shapeOf(path string) string {
	t, err := host.ParseTemplate(path)
	if err != nil {
		return path
	}
	return t.Shape()
}

// same compares two endpoints as they are stored.
func same(x, y *host.Endpoint) bool {
	a, errA := json.Marshal(x)
	b, errB := json.Marshal(y)
	return errA == nil && errB == nil && string(a) == string(b)
}

func (a *API) listReleases(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*releasesOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	releases, total, err := a.Store.Releases(ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	out := &releasesOutput{}
	out.Body.Success, out.Body.Releases = true, []releaseSummary{}
	for _, r := range releases {
		out.Body.Releases = append(out.Body.Releases, releaseSummary{r.AppID, r.Number, r.Active, r.Note, len(r.Endpoints), r.CreatedAt})
	}
	out.Body.Pagination = paginate(in.page(), len(releases), total)
	return out, nil
}

func (a *API) getRelease(ctx context.Context, in *ReleasePath) (*releaseOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	release, err := a.release(ctx, app.ID, in.Number)
	if err == nil {
		err = a.judge(ctx, app, release)
	}
	if err != nil {
		return nil, err
	}
	return newReleaseOutput(release), nil
}

// release finds a release by its number; 0 would mean the active one to the
// store, and is none here.
func (a *API) release(ctx context.Context, appID string, number int) (*host.Release, error) {
	if number < 1 {
		return nil, host.Errorf(host.CodeNotFound, "Release not found")
	}
	return a.Store.Release(ctx, appID, number)
}

func (a *API) activate(ctx context.Context, in *struct {
	ReleasePath
	IfMatch string `header:"If-Match" doc:"The number of the active release, as an ETag"`
}) (*releaseOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	if in.Number < 1 {
		return nil, host.Errorf(host.CodeNotFound, "Release not found")
	}
	release, err := a.Store.ActivateRelease(ctx, app.ID, in.Number, func(app *host.App) error {
		return matchRevision(in.IfMatch, app.ActiveRelease)
	})
	if err != nil {
		return nil, err
	}
	err = cmp.Or(a.live(ctx), a.judge(ctx, app, release))
	return newReleaseOutput(release), err
}
