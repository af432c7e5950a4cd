package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

// objectsOf lists the definitions of an app.
func objectsOf(ctx context.Context, api *client.Client, app string) (objects []*host.Object, err error) {
	err = each(func(page host.Page) (client.List[*host.Object], error) { return api.Objects(ctx, app, page) },
		func(o *host.Object) { objects = append(objects, o) })
	return objects, err
}

// defineObjects gives an app the objects that are wanted and returns them as
// they are then. Others, and all records, stay.
func (r *remote) defineObjects(ctx context.Context, api *client.Client, app string, wanted []*host.Object) ([]*host.Object, error) {
	defined := []*host.Object{}
	if len(wanted) == 0 {
		return defined, nil
	}
	there, err := objectsOf(ctx, api, app)
	if err != nil {
		return nil, err
	}
	known := map[string]*host.Object{}
	for _, o := range there {
		known[o.Name] = o
	}
	diff := host.DiffObjects(there, wanted)
	for _, o := range diff.Added {
		fields := client.DefinitionOf(o)
		fields.Name = client.Value(o.Name)
		if known[o.Name], err = api.CreateObject(ctx, app, fields); err != nil {
			return nil, fmt.Errorf("cannot create object %s: %w", o.Name, err)
		}
		r.say("created object %s", o.Name)
	}
	for _, o := range wanted {
		if !differs(diff, o.Name) {
			continue
		}
		if known[o.Name], err = api.UpdateObject(ctx, app, o.Name, client.DefinitionOf(o)); err != nil {
			return nil, fmt.Errorf("cannot update object %s: %w", o.Name, err)
		}
		r.say("updated object %s", o.Name)
	}
	for _, o := range wanted {
		defined = append(defined, known[o.Name])
	}
	return defined, nil
}

func differs(diff *host.ObjectDiff, name string) bool {
	for _, change := range diff.Changed {
		if change.Name == name {
			return true
		}
	}
	return false
}

// warnUngranted says what the modules of a release ask for in vain.
func (r *remote) warnUngranted(app *host.App, release *host.Release) {
	missing := host.Ungranted(release.Capabilities)
	if len(missing) == 0 {
		return
	}
	r.say("warning: the modules ask for %s, which the app does not grant: such operations answer permission_denied", strings.Join(missing, ", "))
	granted := append(append([]string{}, app.Capabilities...), missing...)
	r.say("hint: “postern apps update %s --capability %s” grants it", refOf(app), strings.Join(granted, ","))
}

// refOf names an app to commands.
func refOf(app *host.App) string {
	if app.Environment == host.Production {
		return app.Slug
	}
	return app.Slug + "@" + app.Environment
}
