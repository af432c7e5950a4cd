package admin

import (
	"context"
	"errors"

	"github.com/posternhq/postern/host"
)

// errUnstarted takes a draft back whose modules are to be started first.
var errUnstarted = errors.New("modules of the draft were not started yet")

// change makes a release of an app from what edit makes of a draft. Modules
// must have shown that they start, which may take seconds, and nobody else can
// write while a release is being made. So a draft with modules that have not is
// taken back and made anew, by calling edit again, once they have.
func (a *API) change(ctx context.Context, appID string, edit func(*host.Draft) error) (*host.Release, error) {
	started := map[start]bool{}
	for {
		var app *host.App
		var waiting []host.Endpoint
		release, err := a.Store.MakeRelease(ctx, appID, func(d *host.Draft) error {
			app, waiting = d.App, nil
			if err := edit(d); err != nil {
				return err
			}
			if waiting = unstarted(d, started); len(waiting) > 0 {
				return errUnstarted
			}
			return nil
		})
		if len(waiting) == 0 {
			return release, err
		}
		for i := range waiting {
			if err := a.start(ctx, app, &waiting[i]); err != nil {
				return nil, err
			}
			started[startOf(&waiting[i])] = true
		}
	}
}

// start is what decides whether the module of an endpoint starts.
type start struct {
	digest, isolation   string
	repeats             bool
	memoryMB, timeoutMS int
}

func startOf(e *host.Endpoint) start {
	return start{e.Module.Digest, e.Isolation, e.RepeatRandom, e.MemoryMB, e.TimeoutMS}
}

// unstarted lists endpoints of a draft, one for each start that is neither
// among the started nor in the active release.
func unstarted(d *host.Draft, started map[start]bool) (out []host.Endpoint) {
	known := map[start]bool{}
	if d.Active != nil {
		for i := range d.Active.Endpoints {
			known[startOf(&d.Active.Endpoints[i])] = true
		}
	}
	for _, e := range d.Endpoints {
		if s := startOf(&e); !known[s] && !started[s] {
			known[s] = true
			out = append(out, e)
		}
	}
	return out
}

// start starts the module of an endpoint and says of which it does not.
func (a *API) start(ctx context.Context, app *host.App, e *host.Endpoint) error {
	err := a.Warm(ctx, app, e)
	if host.CodeOf(err) != host.CodeInvalid {
		return err
	}
	return host.Caused(host.CodeInvalid, err, "%s %s: %s", e.Method, e.Path, host.AsError(err).Message)
}
