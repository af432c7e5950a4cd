package client

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/posternhq/postern/host"
)

// Upload is a module to be uploaded.
type Upload struct {
	Name    string
	Content io.Reader
	Size    int64 // bytes that Content has
	// Progress, if there is one, is told after each part how many bytes have
	// been sent. It runs on another goroutine than UploadModule's.
	Progress func(sent int64)
}

// upload is the body of the request: Content, with every read reported.
type upload struct {
	io.Reader
	mediaType   string
	total, sent int64
	progress    func(int64)
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.sent += int64(n)
	if u.progress != nil && n > 0 {
		u.progress(u.sent)
	}
	return n, err
}

// UploadModule uploads a module, streaming it. created is false if the app has
// the same bytes under the same name already.
func (c *Client) UploadModule(ctx context.Context, app string, what Upload) (m *host.Module, created bool, err error) {
	var out struct {
		Module host.Module `json:"module"`
	}
	response, err := c.into(ctx, call{
		method: http.MethodPost, path: []string{"apps", app, "modules"}, query: url.Values{"name": {what.Name}},
		body: &upload{Reader: what.Content, mediaType: "application/wasm", total: what.Size, progress: what.Progress},
	}, &out)
	if err != nil {
		return nil, false, err
	}
	return &out.Module, response.StatusCode == http.StatusCreated, nil
}

// Module shows a module by its id.
func (c *Client) Module(ctx context.Context, app, id string) (*host.Module, error) {
	var out struct {
		Module host.Module `json:"module"`
	}
	if _, err := c.into(ctx, call{method: http.MethodGet, path: []string{"apps", app, "modules", id}}, &out); err != nil {
		return nil, err
	}
	return &out.Module, nil
}

// Modules lists an app's modules, newest first.
func (c *Client) Modules(ctx context.Context, app string, page host.Page) (List[*host.Module], error) {
	return list[*host.Module](ctx, c, "modules", []string{"apps", app, "modules"}, nil, page)
}

// DownloadModule writes the bytes of a module, as they were uploaded, to w.
func (c *Client) DownloadModule(ctx context.Context, app, id string, w io.Writer) error {
	return c.download(ctx, []string{"apps", app, "modules", id, "content"}, nil, w)
}

// DeleteModule deletes a module. It is a CodeConflict while a release that is
// kept uses it.
func (c *Client) DeleteModule(ctx context.Context, app, id string) error {
	return c.remove(ctx, []string{"apps", app, "modules", id}, nil)
}
