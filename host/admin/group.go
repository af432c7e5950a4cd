package admin

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/posternhq/postern/host"
)

// groupBody is what a client may write of a key group. Members replace those
// there were.
type groupBody struct {
	Name    field[string]   `json:"name,omitempty" doc:"Unique in the app"`
	Members field[[]string] `json:"members,omitempty" doc:"Ids of keys, tokens and issuers; an issuer stands for every caller it vouches for"`
}

// apply writes the fields that were sent to group and validates it.
func (b *groupBody) apply(group *host.KeyGroup) error {
	for _, err := range []error{
		b.Name.to("name", &group.Name),
		b.Members.to("members", &group.Members),
	} {
		if err != nil {
			return err
		}
	}
	return group.Validate()
}

type groupOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Success  bool           `json:"success"`
		KeyGroup *host.KeyGroup `json:"key_group"`
	}
}

func newGroupOutput(group *host.KeyGroup) *groupOutput {
	out := &groupOutput{ETag: etag(group.Revision)}
	out.Body.Success, out.Body.KeyGroup = true, group
	return out
}

type groupsOutput struct {
	Body struct {
		Success    bool             `json:"success"`
		KeyGroups  []*host.KeyGroup `json:"key_groups"`
		Pagination pagination       `json:"pagination"`
	}
}

// GroupPath is part of the routes of one key group.
type GroupPath struct {
	AppPath
	Group string `path:"group" doc:"Name of the key group"`
}

// name is the group's name; paths come as they were sent.
func (p GroupPath) name() string {
	name, err := url.PathUnescape(p.Group)
	if err != nil {
		return p.Group
	}
	return name
}

func (a *API) groupRoutes() {
	register(a, operation{id: "create-key-group", method: post, path: "/v1/apps/{app}/key-groups", summary: "Create a key group", tag: "key groups", status: 201}, a.createGroup)
	register(a, operation{id: "list-key-groups", method: get, path: "/v1/apps/{app}/key-groups", summary: "List key groups", tag: "key groups"}, a.listGroups)
	register(a, operation{id: "get-key-group", method: get, path: "/v1/apps/{app}/key-groups/{group}", summary: "Show a key group", tag: "key groups"}, a.getGroup)
	register(a, operation{id: "update-key-group", method: patch, path: "/v1/apps/{app}/key-groups/{group}", summary: "Rename a key group or replace its members", tag: "key groups"}, a.updateGroup)
	register(a, operation{id: "delete-key-group", method: remove, path: "/v1/apps/{app}/key-groups/{group}", summary: "Delete a key group that no retained release uses", tag: "key groups"}, a.deleteGroup)
}

func (a *API) createGroup(ctx context.Context, in *struct {
	AppPath
	Body groupBody
}) (*groupOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	group := host.NewKeyGroup(app.ID)
	if err := in.Body.apply(group); err != nil {
		return nil, err
	}
	if err := a.permitMembers(ctx, app.ID, group.Members); err != nil {
		return nil, err
	}
	if err := a.Store.CreateKeyGroup(ctx, group); err != nil {
		return nil, err
	}
	return newGroupOutput(group), a.live(ctx)
}

func (a *API) listGroups(ctx context.Context, in *struct {
	AppPath
	PageQuery
}) (*groupsOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	groups, total, err := a.Store.KeyGroups(ctx, app.ID, in.page())
	if err != nil {
		return nil, err
	}
	out := &groupsOutput{}
	out.Body.Success, out.Body.KeyGroups = true, orEmpty(groups)
	out.Body.Pagination = paginate(in.page(), len(groups), total)
	return out, nil
}

func (a *API) getGroup(ctx context.Context, in *GroupPath) (*groupOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	group, err := a.Store.KeyGroup(ctx, app.ID, in.name())
	if err != nil {
		return nil, err
	}
	return newGroupOutput(group), nil
}

func (a *API) updateGroup(ctx context.Context, in *struct {
	GroupPath
	IfMatch string `header:"If-Match"`
	Body    groupBody
}) (*groupOutput, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	if err := a.permitChange(ctx, app.ID, in.name(), in.Body.Members.value); err != nil {
		return nil, err
	}
	group, err := a.Store.UpdateKeyGroup(ctx, app.ID, in.name(), func(group *host.KeyGroup) error {
		if err := matchRevision(in.IfMatch, group.Revision); err != nil {
			return err
		}
		return in.Body.apply(group)
	})
	if err != nil {
		return nil, err
	}
	return newGroupOutput(group), a.live(ctx)
}

// permitMembers refuses new members of a group that the actor may not know of,
// as if they were not there.
func (a *API) permitMembers(ctx context.Context, appID string, members []string) error {
	environments := actor(ctx).Environments
	if environments == nil {
		return nil
	}
	return a.Store.CheckMembers(ctx, appID, members, environments)
}

// permitChange is permitMembers for a group that is there: the members it has
// may stay.
func (a *API) permitChange(ctx context.Context, appID, name string, members []string) error {
	if actor(ctx).Environments == nil || len(members) == 0 {
		return nil
	}
	group, err := a.Store.KeyGroup(ctx, appID, name)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, id := range group.Members {
		known[id] = true
	}
	added := slices.DeleteFunc(slices.Clone(members), func(id string) bool { return known[id] || !host.IsID(id) })
	return a.permitMembers(ctx, appID, added)
}

func (a *API) deleteGroup(ctx context.Context, in *struct {
	GroupPath
	IfMatch string `header:"If-Match"`
}) (*deleted, error) {
	app, err := a.Store.App(ctx, in.App)
	if err != nil {
		return nil, err
	}
	err = a.Store.DeleteKeyGroup(ctx, app.ID, in.name(), func(group *host.KeyGroup) error { return matchRevision(in.IfMatch, group.Revision) })
	if err != nil {
		return nil, err
	}
	return newDeleted("Key group deleted successfully"), a.live(ctx)
}

// missingGroups warns of key groups that endpoints are to name and the app
// lacks.
func (a *API) missingGroups(ctx context.Context, appID string, names []string) (warnings []string, err error) {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		_, err := a.Store.KeyGroup(ctx, appID, name)
		if host.CodeOf(err) == host.CodeNotFound {
			warnings = append(warnings, fmt.Sprintf("key_groups: the app has no key group %q, so nobody is admitted by it", name))
		} else if err != nil {
			return nil, err
		}
	}
	return warnings, nil
}
