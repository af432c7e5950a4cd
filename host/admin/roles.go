package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/posternhq/postern/host"
)

// right says who may use a route: everybody whose role includes least.
type right struct {
	least  host.Role // "" for a route that takes no credential
	within limit
}

// limit says what the environments of a member, if there are any, do to a
// route.
type limit string

// The limits of a route. What is hidden is 404, as if it were not there.
const (
	notLimited limit = "no"
	appHidden  limit = "other apps are hidden"   // seen to by guard, from the path
	listed     limit = "others are not listed"   // seen to by the handler, as are the rest
	hidden     limit = "others are hidden"       // of what the path names
	refused    limit = "others are refused: 403" // of what the call names to make
)

// rights is the one table of who may do what, by the id of the operation. It
// is what guard enforces, what the OpenAPI document and ROLES.md show, and what
// the tests walk through. A route without a row cannot be registered. The
// organization API key may do what a sysadmin may, except switch itself.
var rights = map[string]right{
	// Whoever may create, change or import apps grants capabilities and hosts
	// to their modules: no other route does.
	"create-app":      {host.Admin, refused},
	"list-apps":       {host.Viewer, listed},
	"get-app":         {host.Viewer, appHidden},
	"get-app-openapi": {host.Viewer, appHidden},
	"update-app":      {host.Admin, appHidden},
	"delete-app":      {host.Admin, appHidden},
	"export-app":      {host.Viewer, appHidden},
	"import-app":      {host.Admin, refused},

	"upload-module":   {host.Developer, appHidden},
	"list-modules":    {host.Viewer, appHidden},
	"get-module":      {host.Viewer, appHidden},
	"download-module": {host.Viewer, appHidden},
	"delete-module":   {host.Developer, appHidden},

	"create-endpoint": {host.Developer, appHidden},
	"list-endpoints":  {host.Viewer, appHidden},
	"get-endpoint":    {host.Viewer, appHidden},
	"update-endpoint": {host.Developer, appHidden},
	"delete-endpoint": {host.Developer, appHidden},

	"make-release":     {host.Developer, appHidden},
	"list-releases":    {host.Viewer, appHidden},
	"get-release":      {host.Viewer, appHidden},
	"activate-release": {host.Developer, appHidden},
	"diff-releases":    {host.Viewer, appHidden},

	"create-key": {host.Sysadmin, notLimited},
	"list-keys":  {host.Sysadmin, notLimited},
	"get-key":    {host.Sysadmin, notLimited},
	"update-key": {host.Sysadmin, notLimited},
	"rotate-key": {host.Sysadmin, notLimited},
	"delete-key": {host.Sysadmin, notLimited},

	"create-token": {host.Developer, refused},
	"list-tokens":  {host.Developer, listed},
	"get-token":    {host.Developer, hidden},
	"delete-token": {host.Developer, hidden},

	"list-signing-keys":  {host.Sysadmin, notLimited},
	"rotate-signing-key": {host.Sysadmin, notLimited},
	"delete-signing-key": {host.Sysadmin, notLimited},
	"get-jwks":           {"", notLimited},

	"create-key-group": {host.Developer, appHidden},
	"list-key-groups":  {host.Viewer, appHidden},
	"get-key-group":    {host.Viewer, appHidden},
	"update-key-group": {host.Developer, appHidden},
	"delete-key-group": {host.Developer, appHidden},

	"create-issuer": {host.Admin, appHidden},
	"list-issuers":  {host.Viewer, appHidden},
	"get-issuer":    {host.Viewer, appHidden},
	"update-issuer": {host.Admin, appHidden},
	"delete-issuer": {host.Admin, appHidden},

	"create-object": {host.Developer, appHidden},
	"list-objects":  {host.Viewer, appHidden},
	"get-object":    {host.Viewer, appHidden},
	"update-object": {host.Developer, appHidden},
	"delete-object": {host.Developer, appHidden},

	"create-record":  {host.Developer, appHidden},
	"query-records":  {host.Developer, appHidden},
	"get-record":     {host.Developer, appHidden},
	"put-record":     {host.Developer, appHidden},
	"update-record":  {host.Developer, appHidden},
	"delete-record":  {host.Developer, appHidden},
	"import-records": {host.Developer, appHidden},
	"export-records": {host.Developer, appHidden},

	// Whoever may say which modules run decides what becomes of secrets.
	"list-variables":  {host.Viewer, appHidden},
	"put-variable":    {host.Developer, appHidden},
	"get-variable":    {host.Viewer, appHidden},
	"delete-variable": {host.Developer, appHidden},

	"list-secrets":  {host.Viewer, appHidden},
	"put-secret":    {host.Developer, appHidden},
	"get-secret":    {host.Viewer, appHidden},
	"delete-secret": {host.Developer, appHidden},

	"list-invocations": {host.Viewer, appHidden},
	"get-invocation":   {host.Viewer, appHidden},

	"get-organization":            {host.Viewer, notLimited},
	"update-organization":         {host.Sysadmin, notLimited},
	"regenerate-organization-key": {host.Sysadmin, notLimited},

	"create-member": {host.Sysadmin, notLimited},
	"list-members":  {host.Sysadmin, notLimited},
	"get-member":    {host.Sysadmin, notLimited},
	"update-member": {host.Sysadmin, notLimited},
	"rotate-member": {host.Sysadmin, notLimited},
	"delete-member": {host.Sysadmin, notLimited},

	"list-audit-log": {host.Sysadmin, notLimited},
}

// rightOf looks an operation up. A mistake in the table is found as soon as
// the API is mounted, by whatever test comes first.
func rightOf(op operation) right {
	r, ok := rights[op.id]
	if !ok {
		panic(fmt.Sprintf("admin: the table of rights has no row for %s", op.id))
	}
	if strings.HasPrefix(op.path, "/v1/apps/{app}") != (r.within == appHidden) {
		panic(fmt.Sprintf("admin: the row for %s does not go with the path %s", op.id, op.path))
	}
	return r
}

// actorKey is where the actor is in Fiber's and in the handlers' context.
type actorKey struct{}

// actor is who makes the call that a handler answers.
func actor(ctx context.Context) *host.Actor { return ctx.Value(actorKey{}).(*host.Actor) }

// guard lets those through who have the right, before the body is read, and
// tells the store whose changes these are.
func (a *API) guard(operation string, r right) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humafiber.Unwrap(ctx)
		who := c.Locals(actorKey{}).(*host.Actor)
		call := callOf(c, who, operation)
		c.Locals(callKey{}, call)
		if err := a.permit(ctx, r, who); err != nil {
			c.Locals(errorKey{}, err)
			return
		}
		next(huma.WithContext(ctx, host.WithAudit(context.WithValue(ctx.Context(), actorKey{}, who), call)))
	}
}

func (a *API) permit(ctx huma.Context, r right, who *host.Actor) error {
	if !who.Role.Includes(r.least) {
		return host.Errorf(host.CodeForbidden, "This needs the role %s; yours is %s", r.least, who.Role)
	}
	if r.within != appHidden || who.Environments == nil {
		return nil
	}
	// Neither the environment of an app nor where its references lead ever
	// changes, so that the handler finds the same one.
	app, err := a.Store.App(ctx.Context(), ctx.Param("app"))
	if err == nil && !who.Sees(app.Environment) {
		err = hide("App")
	}
	return err
}

// errHidden is why something is not found that is there.
var errHidden = errors.New("it belongs to an environment that the caller does not see")

// hide answers as if something were not there. Unlike what is not, it is a
// refusal, for the audit log.
func hide(what string) error {
	return host.Caused(host.CodeNotFound, errHidden, "%s not found", what)
}

// permitEnvironment refuses what an actor would make in an environment it does
// not see.
func permitEnvironment(ctx context.Context, environment string) error {
	if actor(ctx).Sees(environment) {
		return nil
	}
	return host.Errorf(host.CodeForbidden, "Your access does not include the environment %s", environment)
}
