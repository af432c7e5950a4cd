package host

import (
	"context"
	"slices"
)

// Release is an immutable, numbered snapshot of an app's endpoints.
type Release struct {
	AppID     string     `json:"app_id"`
	Number    int        `json:"number"`
	Active    bool       `json:"active"`
	Note      string     `json:"note" doc:"What made the release"`
	Endpoints []Endpoint `json:"endpoints"`
	CreatedAt Time       `json:"created_at"`
	// Capabilities is filled in by who knows the modules.
	Capabilities []Grant `json:"capabilities,omitzero" doc:"Groups of data operations that its modules ask for, and whether the app grants them now"`
}

// Endpoint returns the endpoint with the id, or nil.
func (r *Release) Endpoint(id string) *Endpoint {
	i := slices.IndexFunc(r.Endpoints, func(e Endpoint) bool { return e.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Endpoints[i]
}

// Draft is a release being made. The maker edits Endpoints, which start as
// those of the active release, and sets Note.
type Draft struct {
	App *App
	// Active is the release the draft builds on; nil before the first.
	Active    *Release
	Endpoints []Endpoint
	Note      string
	// Number is the number the release will have.
	Number int
	// FindModule resolves a reference among the app's modules. Errors:
	// CodeInvalid for a module the app does not have.
	FindModule func(ref ModuleRef) (*Module, error)
}

// ReleaseStore keeps releases. Errors: CodeNotFound with the text "Release not
// found".
type ReleaseStore interface {
	// MakeRelease builds the next release of an app and activates it, in one
	// transaction: it locks the app, hands edit a Draft of the active
	// release and stores the result. An error of edit undoes everything.
	// Beyond MaxReleases the oldest releases that are not active are dropped.
	MakeRelease(ctx context.Context, appID string, edit func(*Draft) error) (*Release, error)
	// ActivateRelease points the app at an existing release. check sees the
	// app before the change and may refuse.
	ActivateRelease(ctx context.Context, appID string, number int, check func(*App) error) (*Release, error)
	// Release finds one by number; number 0 means the active one.
	Release(ctx context.Context, appID string, number int) (*Release, error)
	// Releases lists them, newest first, with their number.
	Releases(ctx context.Context, appID string, page Page) ([]*Release, int, error)
}
