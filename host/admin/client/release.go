package client

import (
	"context"
	"net/http"
	"strconv"

	"github.com/posternhq/postern/host"
)

// State is the whole desired state of an app, of which a release is made.
type State struct {
	Endpoints []EndpointFields `json:"endpoints"`
	Note      string           `json:"note,omitempty"`
}

// ReleaseSummary is a release as lists show it.
type ReleaseSummary struct {
	AppID         string    `json:"app_id"`
	Number        int       `json:"number"`
	Active        bool      `json:"active"`
	Note          string    `json:"note"`
	EndpointCount int       `json:"endpoint_count"`
	CreatedAt     host.Time `json:"created_at"`
}

// MakeRelease makes a release of the desired state and activates it. Warnings
// are about what is allowed, but hardly meant.
func (c *Client) MakeRelease(ctx context.Context, app string, state State, options ...Option) (release *host.Release, warnings []string, err error) {
	if state.Endpoints == nil {
		state.Endpoints = []EndpointFields{}
	}
	return c.releaseWithWarnings(ctx, call{method: http.MethodPost, path: []string{"apps", app, "releases"}, body: state, options: options})
}

// Release shows one release.
func (c *Client) Release(ctx context.Context, app string, number int) (*host.Release, error) {
	return c.release(ctx, call{method: http.MethodGet, path: []string{"apps", app, "releases", strconv.Itoa(number)}})
}

// Releases lists an app's releases, newest first.
func (c *Client) Releases(ctx context.Context, app string, page host.Page) (List[ReleaseSummary], error) {
	return list[ReleaseSummary](ctx, c, "releases", []string{"apps", app, "releases"}, nil, page)
}

// ActivateRelease points the app at a release that is there, older or newer.
func (c *Client) ActivateRelease(ctx context.Context, app string, number int, options ...Option) (*host.Release, error) {
	return c.release(ctx, call{
		method: http.MethodPost, path: []string{"apps", app, "releases", strconv.Itoa(number), "activate"}, options: options,
	})
}

// DiffReleases shows what changes from one release of an app to another.
func (c *Client) DiffReleases(ctx context.Context, app string, from, to int) (*host.ReleaseDiff, error) {
	var out struct {
		Diff host.ReleaseDiff `json:"diff"`
	}
	path := []string{"apps", app, "releases", strconv.Itoa(from), "diff", strconv.Itoa(to)}
	if _, err := c.into(ctx, call{method: http.MethodGet, path: path}, &out); err != nil {
		return nil, err
	}
	return &out.Diff, nil
}

func (c *Client) release(ctx context.Context, what call) (*host.Release, error) {
	release, _, err := c.releaseWithWarnings(ctx, what)
	return release, err
}

func (c *Client) releaseWithWarnings(ctx context.Context, what call) (*host.Release, []string, error) {
	var out struct {
		Release  host.Release `json:"release"`
		Warnings []string     `json:"warnings"`
	}
	if _, err := c.into(ctx, what, &out); err != nil {
		return nil, nil, err
	}
	return &out.Release, out.Warnings, nil
}
