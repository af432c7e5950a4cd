package admin

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
)

// Variables and secrets are alike but for their values: that of a secret never
// leaves the host.

// SettingPath is part of the routes of one variable or secret.
type SettingPath struct {
	AppPath
	Name string `path:"name" doc:"1-100 letters, digits, dots, hyphens or underscores"`
}

// name is the setting's name; paths come as they were sent.
func (p SettingPath) name() string {
	name, err := url.PathUnescape(p.Name)
	if err != nil {
		return p.Name
	}
	return name
}

// settingBody is what a client may write of a variable or a secret.
type settingBody struct {
	Value field[string] `json:"value" doc:"A text of at most 65536 bytes"`
}

func (b *settingBody) value() (value string, err error) {
	if !b.Value.set {
		return "", wrongType[string]("value")
	}
	return value, b.Value.to("value", &value)
}

type variableOutput struct {
	Status int
	Body   struct {
		Success  bool           `json:"success"`
		Variable *host.Variable `json:"variable"`
	}
}

type variablesOutput struct {
	Body struct {
		Success    bool             `json:"success"`
		Variables  []*host.Variable `json:"variables"`
		Pagination pagination       `json:"pagination"`
	}
}

type secretOutput struct {
	Status int
	Body   struct {
		Success bool         `json:"success"`
		Secret  *host.Secret `json:"secret"`
	}
}

type secretsOutput struct {
	Body struct {
		Success    bool           `json:"success"`
		Secrets    []*host.Secret `json:"secrets"`
		Pagination pagination     `json:"pagination"`
	}
}

type putSettingInput struct {
	SettingPath
	Body settingBody
}

func (a *API) settingRoutes() {
	const variables, variable = "/v1/apps/{app}/variables", "/v1/apps/{app}/variables/{name}"
	register(a, operation{id: "list-variables", method: get, path: variables, summary: "List variables", tag: "variables"}, a.listVariables)
	register(a, operation{id: "put-variable", method: http.MethodPut, path: variable, summary: "Set a variable that modules read as their configuration: 201 if it is new", tag: "variables"}, a.putVariable)
	register(a, operation{id: "get-variable", method: get, path: variable, summary: "Show a variable", tag: "variables"}, a.getVariable)
	register(a, operation{id: "delete-variable", method: remove, path: variable, summary: "Delete a variable", tag: "variables"}, a.deleteVariable)
	const secrets, secret = "/v1/apps/{app}/secrets", "/v1/apps/{app}/secrets/{name}"
	register(a, operation{id: "list-secrets", method: get, path: secrets, summary: "List secrets, without their values", tag: "secrets"}, a.listSecrets)
	register(a, operation{id: "put-secret", method: http.MethodPut, path: secret, summary: "Set a secret, whose value nobody but the app's modules is shown: 201 if it is new", tag: "secrets"}, a.putSecret)
	register(a, operation{id: "get-secret", method: get, path: secret, summary: "Show a secret, without its value", tag: "secrets"}, a.getSecret)
	register(a, operation{id: "delete-secret", method: remove, path: secret, summary: "Delete a secret", tag: "secrets"}, a.deleteSecret)
	a.documentCreated(variable)
	a.documentCreated(secret)
}

// documentCreated adds to a PUT that it may answer 201 with the same body.
func (a *API) documentCreated(path string) {
	responses := a.huma.OpenAPI().Paths[path].Put.Responses
	responses["201"] = &huma.Response{Description: "Created", Headers: responses["200"].Headers, Content: map[string]*huma.MediaType{jsonType: {Schema: responses["200"].Content[jsonType].Schema}}}
}

// statusOf a PUT.
func statusOf(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (a *API) putVariable(ctx context.Context, in *putSettingInput) (*variableOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	value, err := in.Body.value()
	if err != nil {
		return nil, err
	}
	v := host.NewVariable(app.ID, in.name(), value)
	if err := v.Validate(); err != nil {
		return nil, err
	}
	created, err := a.Store.PutVariable(ctx, v)
	if err != nil {
		return nil, err
	}
	out := &variableOutput{Status: statusOf(created)}
	out.Body.Success, out.Body.Variable = true, v
	return out, a.live(ctx)
}

func (a *API) getVariable(ctx context.Context, in *SettingPath) (*variableOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.Variable(ctx, app.ID, in.name())
	if err != nil {
		return nil, err
	}
	out := &variableOutput{Status: http.StatusOK}
	out.Body.Success, out.Body.Variable = true, v
	return out, nil
}

func (a *API) listVariables(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*variablesOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	variables, total, err := a.Store.Variables(ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	out := &variablesOutput{}
	out.Body.Success, out.Body.Variables = true, orEmpty(variables)
	out.Body.Pagination = paginate(in.page(), len(variables), total)
	return out, nil
}

func (a *API) deleteVariable(ctx context.Context, in *SettingPath) (*deleted, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	if err := a.Store.DeleteVariable(ctx, app.ID, in.name()); err != nil {
		return nil, err
	}
	return newDeleted("Variable deleted successfully"), a.live(ctx)
}

func (a *API) putSecret(ctx context.Context, in *putSettingInput) (*secretOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	value, err := in.Body.value()
	if err != nil {
		return nil, err
	}
	s := host.NewSecret(app.ID, in.name(), value)
	if err := s.Validate(); err != nil {
		return nil, err
	}
	created, err := a.Store.PutSecret(ctx, s)
	if err != nil {
		return nil, err
	}
	out := &secretOutput{Status: statusOf(created)}
	out.Body.Success, out.Body.Secret = true, s
	return out, a.live(ctx)
}

func (a *API) getSecret(ctx context.Context, in *SettingPath) (*secretOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	s, err := a.Store.Secret(ctx, app.ID, in.name())
	if err != nil {
		return nil, err
	}
	out := &secretOutput{Status: http.StatusOK}
	out.Body.Success, out.Body.Secret = true, s
	return out, nil
}

func (a *API) listSecrets(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*secretsOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	secrets, total, err := a.Store.Secrets(ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	out := &secretsOutput{}
	out.Body.Success, out.Body.Secrets = true, orEmpty(secrets)
	out.Body.Pagination = paginate(in.page(), len(secrets), total)
	return out, nil
}

func (a *API) deleteSecret(ctx context.Context, in *SettingPath) (*deleted, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	if err := a.Store.DeleteSecret(ctx, app.ID, in.name()); err != nil {
		return nil, err
	}
	return newDeleted("Secret deleted successfully"), a.live(ctx)
}
