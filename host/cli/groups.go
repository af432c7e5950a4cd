package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func groupsCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*host.KeyGroup]{
		use: "list APP", short: "List an app's key groups, newest first", args: cobra.ExactArgs(1), name: "key_groups",
		head: []string{"GROUP", "MEMBERS", "UPDATED"},
		row: func(g *host.KeyGroup) []string {
			return []string{g.Name, strconv.Itoa(len(g.Members)), g.UpdatedAt.String()}
		},
		read: func(ctx context.Context, api *client.Client, args []string, page host.Page) (client.List[*host.KeyGroup], error) {
			return api.KeyGroups(ctx, args[0], page)
		},
	}
	remove := deletion{
		use: "delete APP GROUP", short: "Delete a key group that no retained release uses", args: cobra.ExactArgs(2), noun: "key group",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			g, err := api.KeyGroup(ctx, args[0], args[1])
			if err != nil {
				return nil, err
			}
			return &doomed{"key group " + printable(g.Name), g.ID, func(ctx context.Context) error { return api.DeleteKeyGroup(ctx, args[0], g.Name) }}, nil
		},
	}
	groups := group("groups", "Manage key groups: who may call the endpoints that name them",
		list.command(r), groupsShowCommand(r), groupsCreateCommand(r),
		groupsChangeCommand(r, "add", "Let credentials into a key group at once", union),
		groupsChangeCommand(r, "remove", "Take credentials out of a key group at once", difference), groupsRenameCommand(r), remove.command(r))
	groups.Long = `An endpoint that names key groups admits their members alone.

MEMBER is the name or id of a key, of a token, or of an issuer of the app, which
stands for every caller it vouches for.`
	r.addFlags(groups)
	return groups
}

func groupsShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show APP GROUP", Short: "Show a key group and its members", Args: cobra.ExactArgs(2),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			g, err := api.KeyGroup(ctx, args[0], args[1])
			if err != nil {
				return fmt.Errorf("cannot show key group %s: %w", args[1], err)
			}
			if r.json {
				return r.document(map[string]any{"key_group": g})
			}
			all, err := credentials(ctx, api, args[0])
			if err != nil {
				return fmt.Errorf("cannot name the members of key group %s: %w", args[1], err)
			}
			rows := [][]string{}
			for _, id := range g.Members {
				i := slices.IndexFunc(all, func(c credential) bool { return c.id == id })
				if i >= 0 { // else it was deleted meanwhile
					rows = append(rows, []string{all[i].kind, all[i].name, id})
				}
			}
			return r.table([]string{"KIND", "MEMBER", "ID"}, rows)
		}),
	}
}

func groupsCreateCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "create APP NAME [MEMBER…]", Short: "Create a key group", Args: cobra.MinimumNArgs(2),
		Example: "  postern groups create shop partners\n  postern groups create shop partners acme-key",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			members, err := findMembers(ctx, api, args[0], args[2:])
			var g *host.KeyGroup
			if err == nil {
				g, err = api.CreateKeyGroup(ctx, args[0], client.KeyGroupFields{Name: client.Value(args[1]), Members: client.Value(members)})
			}
			if err != nil {
				return fmt.Errorf("cannot create key group %q: %w", args[1], err)
			}
			return r.showGroup("created", g)
		}),
	}
}

// showGroup says what became of a group.
func (r *remote) showGroup(done string, g *host.KeyGroup) error {
	if r.json {
		return r.document(map[string]any{"key_group": g})
	}
	fmt.Fprintf(r.out, "%s key group %s (members: %d)\n", done, printable(g.Name), len(g.Members))
	return nil
}

// groupsChangeCommand makes the command that changes who is in a group.
func groupsChangeCommand(r *remote, verb, short string, change func(members, given []string) []string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " APP GROUP MEMBER…", Short: short, Args: cobra.MinimumNArgs(3),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			given, err := findMembers(ctx, api, args[0], args[2:])
			var g *host.KeyGroup
			if err == nil {
				g, err = api.KeyGroup(ctx, args[0], args[1])
			}
			if err == nil {
				// Somebody else's change of the same moment must not be lost.
				fields := client.KeyGroupFields{Members: client.Value(change(g.Members, given))}
				g, err = api.UpdateKeyGroup(ctx, args[0], args[1], fields, client.IfMatch(g.Revision))
			}
			if err != nil {
				return fmt.Errorf("cannot change key group %s: %w", args[1], err)
			}
			return r.showGroup("changed", g)
		}),
	}
}

func groupsRenameCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "rename APP GROUP NAME", Short: "Rename a key group that no retained release uses", Args: cobra.ExactArgs(3),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			g, err := api.UpdateKeyGroup(ctx, args[0], args[1], client.KeyGroupFields{Name: client.Value(args[2])})
			if err != nil {
				return fmt.Errorf("cannot rename key group %s: %w", args[1], err)
			}
			return r.showGroup("renamed", g)
		}),
	}
}

func union(members, given []string) []string { return append(slices.Clone(members), given...) }

func difference(members, given []string) []string {
	return slices.DeleteFunc(slices.Clone(members), func(id string) bool { return slices.Contains(given, id) })
}

// credential is what a key group may have as a member.
type credential struct{ kind, name, prefix, id string }

// credentials lists all that groups of an app may have as members.
func credentials(ctx context.Context, api *client.Client, app string) ([]credential, error) {
	var all []credential
	err := each(func(page host.Page) (client.List[*client.Key], error) { return api.Keys(ctx, page) },
		func(k *client.Key) { all = append(all, credential{"key", k.Name, k.Prefix, k.ID}) })
	if err == nil {
		err = each(func(page host.Page) (client.List[*client.Token], error) { return api.Tokens(ctx, page) },
			func(t *client.Token) { all = append(all, credential{kind: "token", name: t.Name, id: t.ID}) })
	}
	if err == nil {
		err = each(func(page host.Page) (client.List[*host.Issuer], error) { return api.Issuers(ctx, app, page) },
			func(i *host.Issuer) { all = append(all, credential{kind: "issuer", name: i.Name, id: i.ID}) })
	}
	return all, err
}

// findMembers turns references to credentials into their ids.
func findMembers(ctx context.Context, api *client.Client, app string, refs []string) ([]string, error) {
	ids := []string{}
	if len(refs) == 0 {
		return ids, nil
	}
	all, err := credentials(ctx, api, app)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		prefix := strings.TrimSuffix(shown(ref), "…")
		var found []credential
		for _, c := range all {
			if c.id == ref || c.name == ref || c.prefix != "" && c.prefix == prefix {
				found = append(found, c)
			}
		}
		switch len(found) {
		case 0:
			return nil, hint(host.Errorf(host.CodeNotFound, "there is no key, token or issuer %s", shown(ref)), "“postern keys list”, “postern tokens list” and “postern issuers list” show them")
		case 1:
			ids = append(ids, found[0].id)
		default:
			return nil, hint(host.Errorf(host.CodeConflict, "%d credentials have the name %s", len(found), shown(ref)), "name it by its id")
		}
	}
	return ids, nil
}
