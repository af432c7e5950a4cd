package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

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

func newVariableOutput(status int, v *host.Variable) *variableOutput {
	out := &variableOutput{Status: status}
	out.Body.Success, out.Body.Variable = true, v
	return out
}

type variablesOutput struct {
	Body struct {
		Success    bool             `json:"success"`
		Variables  []*host.Variable `json:"variables"`
		Pagination pagination       `json:"pagination"`
	}
}

func newVariablesOutput(all []*host.Variable, page pagination) *variablesOutput {
	out := &variablesOutput{}
	out.Body.Success, out.Body.Variables, out.Body.Pagination = true, all, page
	return out
}

type secretOutput struct {
	Status int
	Body   struct {
		Success bool         `json:"success"`
		Secret  *host.Secret `json:"secret"`
	}
}

func newSecretOutput(status int, s *host.Secret) *secretOutput {
	out := &secretOutput{Status: status}
	out.Body.Success, out.Body.Secret = true, s
	return out
}

type secretsOutput struct {
	Body struct {
		Success    bool           `json:"success"`
		Secrets    []*host.Secret `json:"secrets"`
		Pagination pagination     `json:"pagination"`
	}
}

func newSecretsOutput(all []*host.Secret, page pagination) *secretsOutput {
	out := &secretsOutput{}
	out.Body.Success, out.Body.Secrets, out.Body.Pagination = true, all, page
	return out
}

type putSettingInput struct {
	SettingPath
	Body settingBody
}

// settingKind is one of the two kinds: what the store does with it, and how it is
// answered.
type settingKind[T interface{ Validate() error }, One, Many any] struct {
	*API
	noun   string
	create func(appID, name, value string) T
	save   func(store Store, ctx context.Context, setting T) (created bool, err error)
	find   func(store Store, ctx context.Context, appID, name string) (T, error)
	page   func(store Store, ctx context.Context, appID string, page host.Page) ([]T, int, error)
	remove func(store Store, ctx context.Context, appID, name string) error
	one    func(status int, setting T) *One
	many   func(all []T, page pagination) *Many
}

func (a *API) settingRoutes() {
	const variables, variable = "/v1/apps/{app}/variables", "/v1/apps/{app}/variables/{name}"
	v := settingKind[*host.Variable, variableOutput, variablesOutput]{
		a, "Variable", host.NewVariable, Store.PutVariable, Store.Variable, Store.Variables, Store.DeleteVariable, newVariableOutput, newVariablesOutput,
	}
	register(a, operation{id: "list-variables", method: get, path: variables, summary: "List variables", tag: "variables"}, v.list)
	register(a, operation{id: "put-variable", method: http.MethodPut, path: variable, summary: "Set a variable that modules read as their configuration: 201 if it is new", tag: "variables"}, v.put)
	register(a, operation{id: "get-variable", method: get, path: variable, summary: "Show a variable", tag: "variables"}, v.get)
	register(a, operation{id: "delete-variable", method: remove, path: variable, summary: "Delete a variable", tag: "variables"}, v.delete)
	const secrets, secret = "/v1/apps/{app}/secrets", "/v1/apps/{app}/secrets/{name}"
	s := settingKind[*host.Secret, secretOutput, secretsOutput]{
		a, "Secret", host.NewSecret, Store.PutSecret, Store.Secret, Store.Secrets, Store.DeleteSecret, newSecretOutput, newSecretsOutput,
	}
	register(a, operation{id: "list-secrets", method: get, path: secrets, summary: "List secrets, without their values", tag: "secrets"}, s.list)
	register(a, operation{id: "put-secret", method: http.MethodPut, path: secret, summary: "Set a secret, whose value nobody but the app's modules is shown: 201 if it is new", tag: "secrets"}, s.put)
	register(a, operation{id: "get-secret", method: get, path: secret, summary: "Show a secret, without its value", tag: "secrets"}, s.get)
	register(a, operation{id: "delete-secret", method: remove, path: secret, summary: "Delete a secret", tag: "secrets"}, s.delete)
	documentBoth(a.huma.OpenAPI().Paths[variable].Put)
	documentBoth(a.huma.OpenAPI().Paths[secret].Put)
}

// documentBoth adds to an operation that answers 200 or 201 that it may answer
// the other one with the same body.
func documentBoth(op *huma.Operation) {
	for known, other := range map[string]int{"200": http.StatusCreated, "201": http.StatusOK} {
		if answer := op.Responses[known]; answer != nil {
			op.Responses[strconv.Itoa(other)] = &huma.Response{
				Description: http.StatusText(other), Headers: answer.Headers,
				Content: map[string]*huma.MediaType{jsonType: {Schema: answer.Content[jsonType].Schema}},
			}
			return
		}
	}
}

func (s *settingKind[T, One, Many]) put(ctx context.Context, in *putSettingInput) (*One, error) {
	app, err := s.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	value, err := in.Body.value()
	if err != nil {
		return nil, err
	}
	setting := s.create(app.ID, in.name(), value)
	if err := setting.Validate(); err != nil {
		return nil, err
	}
	created, err := s.save(s.Store, ctx, setting)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return s.one(status, setting), s.live(ctx)
}

func (s *settingKind[T, One, Many]) get(ctx context.Context, in *SettingPath) (*One, error) {
	app, err := s.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	setting, err := s.find(s.Store, ctx, app.ID, in.name())
	if err != nil {
		return nil, err
	}
	return s.one(http.StatusOK, setting), nil
}

func (s *settingKind[T, One, Many]) list(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*Many, error) {
	app, err := s.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	all, total, err := s.page(s.Store, ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	return s.many(orEmpty(all), paginate(in.page(), len(all), total)), nil
}

func (s *settingKind[T, One, Many]) delete(ctx context.Context, in *SettingPath) (*deleted, error) {
	app, err := s.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	if err := s.remove(s.Store, ctx, app.ID, in.name()); err != nil {
		return nil, err
	}
	return newDeleted(s.noun + " deleted successfully"), s.live(ctx)
}
