package admin

import (
	"context"
	"io"
	"mime"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/archive"
)

func (a *API) archiveRoutes() {
	register(a, operation{id: "export-app", method: get, path: "/v1/apps/{app}/export", summary: "Export an app as an archive", tag: "archives"}, a.exportApp)
	register(a, operation{id: "import-app", method: post, path: "/v1/apps/import", summary: "Import an archive, as a new app or as a release of one that is there", tag: "archives", status: 201}, a.importApp)
	paths := a.huma.OpenAPI().Paths
	archived := map[string]*huma.MediaType{archive.MediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	paths["/v1/apps/{app}/export"].Get.Responses["200"].Content = archived
	paths["/v1/apps/import"].Post.RequestBody = &huma.RequestBody{Required: true, Content: archived}
}

type exportOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        func(huma.Context)
}

// exportApp streams an archive of what is active now. Nothing of it is kept in
// memory but one module at a time.
func (a *API) exportApp(ctx context.Context, in *AppPath) (*exportOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	release := &host.Release{AppID: app.ID}
	if app.ActiveRelease != 0 {
		if release, err = a.Store.Release(ctx, app.ID, 0); err != nil {
			return nil, err
		}
	}
	var objects []*host.Object
	err = a.Store.EachObject(ctx, app.ID, func(o *host.Object) { objects = append(objects, o) })
	if err != nil {
		return nil, err
	}
	var variables []*host.Variable
	err = a.Store.EachVariable(ctx, app.ID, func(v *host.Variable) { variables = append(variables, v) })
	if err != nil {
		return nil, err
	}
	manifest, err := archive.Describe(app, release, objects, variables)
	if err != nil {
		return nil, err
	}
	// The request's context ends before the stream does.
	ctx = context.WithoutCancel(ctx)
	stream := &lazyPipe{write: func(w io.Writer) error {
		return archive.Write(w, manifest, func(digest string) ([]byte, error) { return a.Store.ModuleContent(ctx, digest) })
	}, failed: func(err error) { a.Log.ErrorContext(ctx, "exporting an app", "app", app.ID, "error", err) }}
	name := mime.FormatMediaType("attachment", map[string]string{"filename": app.Slug + ".zip"})
	return &exportOutput{ContentType: archive.MediaType, Disposition: name, Body: func(c huma.Context) {
		humafiber.Unwrap(c).Context().SetBodyStream(stream, -1)
	}}, nil
}

// lazyPipe reads what write writes. Writing begins with the first Read, so that
// nothing is left behind by an answer that is never sent. An error of write
// breaks the answer off, which a client sees.
type lazyPipe struct {
	write  func(io.Writer) error
	failed func(error)
	once   sync.Once
	reader *io.PipeReader
}

func (p *lazyPipe) Read(b []byte) (int, error) {
	p.once.Do(func() {
		reader, writer := io.Pipe()
		p.reader = reader
		go func() {
			err := p.write(writer)
			if err != nil && err != io.ErrClosedPipe {
				p.failed(err)
			}
			writer.CloseWithError(err)
		}()
	})
	return p.reader.Read(b)
}

// Close ends the writing, as when the client has left.
func (p *lazyPipe) Close() error {
	if p.reader == nil {
		return nil
	}
	return p.reader.Close()
}
