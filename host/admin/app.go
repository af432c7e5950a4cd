package admin

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
	"golang.org/x/net/idna"
)

// appBody is what a client may write of an app, when creating and changing it.
type appBody struct {
	_                     struct{}               `additionalProperties:"true"`
	Name                  nameField              `json:"name,omitempty" doc:"1-100 characters; unique in its environment"`
	Environment           field[string]          `json:"environment,omitempty" doc:"production, staging or development; production unless given. Only when creating"`
	Domains               field[[]string]        `json:"domains,omitempty" doc:"Host names that lead to the app; each belongs to one app of the host"`
	Description           field[string]          `json:"description,omitempty" nullable:"true" doc:"For people, at most 500 characters"`
	WebsiteURL            field[string]          `json:"website_url,omitempty" nullable:"true" doc:"Where the app is on the web"`
	AuthorizedDomains     field[[]string]        `json:"authorized_domains,omitempty" doc:"Hosts of the pages whose browsers may send events"`
	DataRetentionDays     field[int]             `json:"data_retention_days,omitempty" doc:"Days that data is kept, 30-2555; 365 unless given"`
	Timezone              field[string]          `json:"timezone,omitempty" doc:"Name of a time zone such as Europe/Berlin; UTC unless given"`
	EngagementPlatform    field[string]          `json:"engagement_platform,omitempty" doc:"none or wonderpush"`
	EngagementCredentials field[json.RawMessage] `json:"engagement_credentials,omitempty" doc:"An object with what the platform asks for, kept sealed; null for none"`
	EmailPlatform         field[string]          `json:"email_platform,omitempty" doc:"none or brevo"`
	EmailCredentials      field[json.RawMessage] `json:"email_credentials,omitempty" doc:"An object with what the platform asks for, kept sealed; null for none"`
	WebhookEnabled        field[bool]            `json:"webhook_enabled,omitempty" doc:"Whether events are sent to webhook_url, which is then required"`
	WebhookUseQueryParams field[bool]            `json:"webhook_use_query_params,omitempty" doc:"Sends the fields of an event in the query string instead of as JSON"`
	WebhookURL            field[string]          `json:"webhook_url,omitempty" nullable:"true" doc:"Where events are sent"`
	ContextInfo           field[string]          `json:"context_info,omitempty" nullable:"true" doc:"What the app is about, for people and programs, at most 2000 characters"`
	RateLimit             limitField             `json:"rate_limit,omitempty" doc:"How often the endpoints of the app may be called by all together; null for no bound"`
	Capabilities          field[[]string]        `json:"capabilities,omitempty" nullable:"true" doc:"Groups of data operations that the app's modules may use; null keeps those there are"`
	AllowedHosts          field[[]string]        `json:"allowed_hosts,omitempty" nullable:"true" doc:"Hosts that the app's modules may send requests to: names, *.example.com for all below one, * for all; with a port unless it is 80 or 443. null keeps those there are"`
}

// Clients of the systems we stay compatible with send whole apps back, with
// fields that are read-only here.
func (*appBody) ignoresUnknownFields() {}

// nameField is a name whose every fault has the text clients know.
type nameField struct{ field[string] }

func (f *nameField) decode(name string, raw json.RawMessage) error {
	if err := f.field.decode(name, raw); err != nil || f.null {
		return (&host.App{}).Validate()
	}
	return nil
}

// apply writes the fields that were sent to app. Environment is left alone.
func (b *appBody) apply(app *host.App) error {
	b.Description.toNullable(&app.Description)
	b.WebsiteURL.toNullable(&app.WebsiteURL)
	b.WebhookURL.toNullable(&app.WebhookURL)
	b.ContextInfo.toNullable(&app.ContextInfo)
	b.RateLimit.to(&app.RateLimit)
	app.Capabilities = distinct(b.Capabilities.or(app.Capabilities))
	app.AllowedHosts = distinct(lower(b.AllowedHosts.or(app.AllowedHosts)))
	clearable(b.EngagementCredentials, &app.EngagementCredentials)
	clearable(b.EmailCredentials, &app.EmailCredentials)
	for _, err := range []error{
		b.Name.to("name", &app.Name),
		b.Domains.to("domains", &app.Domains),
		b.AuthorizedDomains.to("authorized_domains", &app.AuthorizedDomains),
		b.DataRetentionDays.to("data_retention_days", &app.DataRetentionDays),
		b.Timezone.to("timezone", &app.Timezone),
		b.EngagementPlatform.to("engagement_platform", &app.EngagementPlatform),
		b.EmailPlatform.to("email_platform", &app.EmailPlatform),
		b.WebhookEnabled.to("webhook_enabled", &app.WebhookEnabled),
		b.WebhookUseQueryParams.to("webhook_use_query_params", &app.WebhookUseQueryParams),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func clearable(f field[json.RawMessage], dst *json.RawMessage) {
	if f.set {
		*dst = f.value // nil if the field is null
	}
}

// check normalises and validates an app that is about to be stored.
func (a *API) check(app *host.App) error {
	for i, name := range app.Domains {
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
		if err != nil {
			return host.Errorf(host.CodeInvalid, "domains must hold host names such as api.example.com; %q is none", name)
		}
		app.Domains[i] = ascii
		if slices.ContainsFunc(a.ManagementHosts, func(h string) bool { return host.HostName(h) == ascii }) {
			return host.Errorf(host.CodeInvalid, "domains must not hold %s, a host of the management API", ascii)
		}
	}
	app.Domains = distinct(app.Domains)
	return app.Validate()
}

// lower is a list of host names in lower case.
func lower(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = strings.ToLower(name)
	}
	return out
}

// distinct is a list in order and without repetitions, never null in JSON.
func distinct(list []string) []string {
	list = orEmpty(slices.Clone(list))
	slices.Sort(list)
	return slices.Compact(list)
}

type appOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success bool      `json:"success"`
		App     *host.App `json:"app"`
	}
}

func newAppOutput(ctx context.Context, app *host.App) *appOutput {
	out := &appOutput{ETag: etag(app.Revision)}
	out.Body.Success, out.Body.App = true, seen(ctx, app)
	return out
}

// seen is the app as the actor may see it.
func seen(ctx context.Context, app *host.App) *host.App {
	if actor(ctx).Role.Includes(host.Admin) {
		return app
	}
	return app.Masked()
}

type appsOutput struct {
	Body struct {
		Success    bool        `json:"success"`
		Apps       []*host.App `json:"apps"`
		Pagination pagination  `json:"pagination"`
	}
}

// AppPath is part of every route below an app. Like the other parts of inputs
// it is exported because huma looks into exported members only.
type AppPath struct {
	App string `path:"app" doc:"Id or slug; slug@environment outside production"`
}

func (a *API) appRoutes() {
	register(a, operation{id: "create-app", method: post, path: "/v1/apps", summary: "Create an app", tag: "apps", status: 201}, a.createApp)
	register(a, operation{id: "list-apps", method: get, path: "/v1/apps", summary: "List apps", tag: "apps"}, a.listApps)
	register(a, operation{id: "get-app", method: get, path: "/v1/apps/{app}", summary: "Show an app", tag: "apps"}, a.getApp)
	register(a, operation{id: "update-app", method: patch, path: "/v1/apps/{app}", summary: "Change an app", tag: "apps"}, a.updateApp)
	register(a, operation{id: "delete-app", method: remove, path: "/v1/apps/{app}", summary: "Delete an app and all its data", tag: "apps"}, a.deleteApp)
}

func (a *API) createApp(ctx context.Context, in *struct{ Body appBody }) (*appOutput, error) {
	org, err := a.Store.Organization(ctx)
	if err != nil {
		return nil, err
	}
	app := host.NewApp(org.ID)
	if err := in.Body.apply(app); err != nil {
		return nil, err
	}
	if err := in.Body.Environment.to("environment", &app.Environment); err != nil {
		return nil, err
	}
	if err := a.check(app); err != nil {
		return nil, err
	}
	if err := permitEnvironment(ctx, app.Environment); err != nil {
		return nil, err
	}
	if err := a.Store.CreateApp(ctx, app); err != nil {
		return nil, err
	}
	return newAppOutput(ctx, app), a.live(ctx)
}

func (a *API) listApps(ctx context.Context, in *PageQuery) (*appsOutput, error) {
	apps, total, err := a.Store.Apps(ctx, actor(ctx).Environments, in.page())
	if err != nil {
		return nil, err
	}
	out := &appsOutput{}
	out.Body.Success, out.Body.Apps = true, []*host.App{}
	for _, app := range apps {
		out.Body.Apps = append(out.Body.Apps, seen(ctx, app))
	}
	out.Body.Pagination = paginate(in.page(), len(apps), total)
	return out, nil
}

func (a *API) getApp(ctx context.Context, in *AppPath) (*appOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	return newAppOutput(ctx, app), nil
}

func (a *API) updateApp(ctx context.Context, in *struct {
	AppPath
	IfMatch string `header:"If-Match"`
	Body    appBody
}) (*appOutput, error) {
	found, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	app, err := a.Store.UpdateApp(ctx, found.ID, func(app *host.App) error {
		if err := matchRevision(in.IfMatch, app.Revision); err != nil {
			return err
		}
		if err := in.Body.apply(app); err != nil {
			return err
		}
		return a.check(app)
	})
	if err != nil {
		return nil, err
	}
	return newAppOutput(ctx, app), a.live(ctx)
}

func (a *API) deleteApp(ctx context.Context, in *struct {
	AppPath
	IfMatch string `header:"If-Match"`
}) (*deleted, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	err = a.Store.DeleteApp(ctx, app.ID, func(app *host.App) error { return matchRevision(in.IfMatch, app.Revision) })
	if err != nil {
		return nil, err
	}
	return newDeleted("App deleted successfully"), a.live(ctx)
}

// orEmpty makes a list that is never null in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
