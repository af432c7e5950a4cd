package admin

import (
	"context"

	"github.com/posternhq/postern/host"
)

type diffOutput struct {
	Body struct {
		Success bool              `json:"success"`
		Diff    *host.ReleaseDiff `json:"diff"`
	}
}

func (a *API) diffReleases(ctx context.Context, in *struct {
	AppPath
	A int `path:"a" doc:"Number of the release before"`
	B int `path:"b" doc:"Number of the release after"`
}) (*diffOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	before, err := a.release(ctx, app.ID, in.A)
	if err != nil {
		return nil, err
	}
	after, err := a.release(ctx, app.ID, in.B)
	if err != nil {
		return nil, err
	}
	out := &diffOutput{}
	out.Body.Success, out.Body.Diff = true, host.DiffReleases(before, after)
	return out, nil
}
