package admin

import (
	"context"

	"github.com/posternhq/postern/host"
)

// judge fills in what the modules of a release ask for. The newest modules are
// looked at first, and no more of them than it takes: a release keeps its
// modules from being deleted.
func (a *API) judge(ctx context.Context, app *host.App, release *host.Release) error {
	missing := map[string]bool{}
	for i := range release.Endpoints {
		missing[release.Endpoints[i].Module.Digest] = true
	}
	var asks []string
	for page := (host.Page{Limit: host.MaxPageLimit}); len(missing) > 0; page.Offset += page.Limit {
		modules, _, err := a.Store.Modules(ctx, app.ID, page)
		if err != nil {
			return err
		}
		for _, m := range modules {
			if missing[m.Digest] {
				asks = append(asks, m.Asks()...)
				delete(missing, m.Digest)
			}
		}
		if len(modules) == 0 {
			break
		}
	}
	release.Capabilities = app.Judge(distinct(asks))
	return nil
}
