package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/instrument"
)

// Media types of an upload: a module, or an Extism manifest with one inside.
const (
	wasmType = "application/wasm"
	jsonType = "application/json"
)

type moduleOutput struct {
	Status int
	Body   struct {
		Success bool         `json:"success"`
		Module  *host.Module `json:"module"`
	}
}

func newModuleOutput(status int, app *host.App, m *host.Module) *moduleOutput {
	m.Capabilities = app.Judge(m.Asks())
	out := &moduleOutput{Status: status}
	out.Body.Success, out.Body.Module = true, m
	return out
}

type modulesOutput struct {
	Body struct {
		Success    bool           `json:"success"`
		Modules    []*host.Module `json:"modules"`
		Pagination pagination     `json:"pagination"`
	}
}

// ModulePath is part of the routes of one module.
type ModulePath struct {
	AppPath
	Module string `path:"module" doc:"Id of the module"`
}

type uploadInput struct {
	AppPath
	Name        string `query:"name" doc:"Name of the module inside its app"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"application/wasm"`
}

type contentOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// UploadPath is the one route whose body may be as large as a module.
const UploadPath = "/v1/apps/:app/modules"

func (a *API) moduleRoutes() {
	register(a, operation{id: "upload-module", method: post, path: "/v1/apps/{app}/modules", summary: "Upload a module: 200 if the name has these bytes already", tag: "modules", status: 201, maxBody: a.uploadLimit()}, a.upload)
	register(a, operation{id: "list-modules", method: get, path: "/v1/apps/{app}/modules", summary: "List modules", tag: "modules"}, a.listModules)
	register(a, operation{id: "get-module", method: get, path: "/v1/apps/{app}/modules/{module}", summary: "Show a module", tag: "modules"}, a.getModule)
	register(a, operation{id: "download-module", method: get, path: "/v1/apps/{app}/modules/{module}/content", summary: "Download a module's bytes", tag: "modules"}, a.download)
	register(a, operation{id: "delete-module", method: remove, path: "/v1/apps/{app}/modules/{module}", summary: "Delete a module", tag: "modules"}, a.deleteModule)
	upload := a.huma.OpenAPI().Paths["/v1/apps/{app}/modules"].Post
	documentForms(upload)
	documentBoth(upload)
}

// uploadLimit is the module limit with room for base64 and the rest of a
// manifest, or the framing of multipart.
func (a *API) uploadLimit() int64 { return a.MaxModuleBytes*4/3 + 64<<10 }

// documentForms adds the other forms of an upload to the OpenAPI document.
func documentForms(op *huma.Operation) {
	op.RequestBody.Content["multipart/form-data"] = &huma.MediaType{Schema: &huma.Schema{
		Type:       huma.TypeObject,
		Properties: map[string]*huma.Schema{"module": {Type: huma.TypeString, ContentEncoding: "binary"}},
		Required:   []string{"module"},
	}}
	op.RequestBody.Content[jsonType] = &huma.MediaType{Schema: &huma.Schema{
		Type: huma.TypeObject, Description: "An Extism manifest with one module as inline data",
	}}
}

func (a *API) upload(ctx context.Context, in *uploadInput) (*moduleOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	if err := host.ValidateModuleName(in.Name); err != nil {
		return nil, err
	}
	content, err := moduleBytes(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	m, err := a.inspect(ctx, content)
	if err != nil {
		return nil, err
	}
	m.ID, m.AppID, m.Name, m.CreatedAt = host.NewID(), app.ID, in.Name, host.Now()
	created, err := a.Store.AddModule(ctx, m, content)
	if err != nil {
		return nil, err
	}
	if !created {
		return newModuleOutput(200, app, m), nil
	}
	return newModuleOutput(201, app, m), nil
}

// inspect says what an upload is and does, or refuses it. Digest and size are
// those of the uploaded bytes, be they a module or a manifest with one inside.
func (a *API) inspect(ctx context.Context, upload []byte) (*host.Module, error) {
	wasm, err := a.Unwrap(upload)
	if err != nil {
		return nil, err
	}
	if int64(len(wasm)) > a.MaxModuleBytes {
		return nil, host.Errorf(host.CodeTooLarge, "The module has %d bytes; at most %d are allowed", len(wasm), a.MaxModuleBytes)
	}
	m, err := instrument.Inspect(wasm, host.MaxMemoryMB*host.PagesPerMB)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(upload)
	m.Digest, m.Size = hex.EncodeToString(sum[:]), int64(len(upload))
	return m, a.Check(ctx, upload)
}

// moduleBytes takes the module out of a raw or multipart body. The result
// shares no memory with body, which the server uses again.
func moduleBytes(contentType string, body []byte) ([]byte, error) {
	if bytes.HasPrefix(body, []byte("\x00asm")) {
		return bytes.Clone(body), nil // whatever the client calls it
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		return nil, host.Errorf(host.CodeInvalid, "Content-Type is malformed")
	}
	switch mediaType {
	case wasmType, jsonType, "application/octet-stream":
		return bytes.Clone(body), nil
	case "multipart/form-data":
		return modulePart(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	}
	return nil, host.Errorf(host.CodeInvalid, "Content-Type must be application/wasm, application/json for an Extism manifest, or multipart/form-data with a part called module")
}

func modulePart(form *multipart.Reader) ([]byte, error) {
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, host.Errorf(host.CodeInvalid, "The form has no part called module")
		}
		if err != nil {
			return nil, host.Errorf(host.CodeInvalid, "The multipart form is malformed")
		}
		if part.FormName() != "module" {
			continue
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, host.Errorf(host.CodeInvalid, "The multipart form is malformed")
		}
		return content, nil
	}
}

func (a *API) listModules(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*modulesOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	modules, total, err := a.Store.Modules(ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		m.Capabilities = app.Judge(m.Asks())
	}
	out := &modulesOutput{}
	out.Body.Success, out.Body.Modules = true, orEmpty(modules)
	out.Body.Pagination = paginate(in.page(), len(modules), total)
	return out, nil
}

// module finds the module a path names, and its app.
func (a *API) module(ctx context.Context, in *ModulePath) (*host.App, *host.Module, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, nil, err
	}
	m, err := a.Store.Module(ctx, app.ID, in.Module)
	return app, m, err
}

func (a *API) getModule(ctx context.Context, in *ModulePath) (*moduleOutput, error) {
	app, m, err := a.module(ctx, in)
	if err != nil {
		return nil, err
	}
	return newModuleOutput(200, app, m), nil
}

func (a *API) download(ctx context.Context, in *ModulePath) (*contentOutput, error) {
	_, m, err := a.module(ctx, in)
	if err != nil {
		return nil, err
	}
	content, err := a.Store.ModuleContent(ctx, m.Digest)
	if err != nil {
		return nil, err
	}
	mediaType, ending := wasmType, ".wasm"
	if !bytes.HasPrefix(content, []byte("\x00asm")) {
		mediaType, ending = jsonType, ".json"
	}
	name := mime.FormatMediaType("attachment", map[string]string{"filename": m.Name + ending})
	return &contentOutput{ContentType: mediaType, Disposition: name, Body: content}, nil
}

func (a *API) deleteModule(ctx context.Context, in *ModulePath) (*deleted, error) {
	_, m, err := a.module(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := a.Store.DeleteModule(ctx, m.AppID, m.ID); err != nil {
		return nil, err
	}
	return newDeleted("Module deleted successfully"), nil
}
