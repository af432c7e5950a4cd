package client

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/posternhq/postern/host"
)

// ExportApp writes an archive of an app and its active release to w. An answer
// that breaks off is an error, and what was written then is no archive.
func (c *Client) ExportApp(ctx context.Context, app string, w io.Writer) error {
	return c.download(ctx, []string{"apps", app, "export"}, nil, w)
}

// Import is an archive to be imported.
type Import struct {
	Content io.Reader
	Size    int64 // bytes that Content has
	// App, if it is there, gets a release; otherwise an app is created.
	App string
	// Name and Environment are for the new app; those of the archive count
	// unless given.
	Name, Environment string
	// Progress is that of an Upload.
	Progress func(sent int64)
}

// Imported is what became of an archive.
type Imported struct {
	App     *host.App     `json:"app"`
	Created bool          `json:"created"` // whether the app is new
	Release *host.Release `json:"release"`
}

// ImportApp imports an archive, streaming it.
func (c *Client) ImportApp(ctx context.Context, what Import) (*Imported, error) {
	query := url.Values{}
	for name, value := range map[string]string{"app": what.App, "name": what.Name, "environment": what.Environment} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var out Imported
	_, err := c.into(ctx, call{
		method: http.MethodPost, path: []string{"apps", "import"}, query: query,
		body: &upload{Reader: what.Content, mediaType: "application/zip", total: what.Size, progress: what.Progress},
	}, &out)
	if err != nil {
		return nil, err
	}
	return &out, nil
}
