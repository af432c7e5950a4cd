package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func membersCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*client.Member]{
		use: "list", short: "List members, newest first", args: cobra.NoArgs, name: "members",
		head: []string{"MEMBER", "ROLE", "STATUS", "ENVIRONMENTS", "LAST USED", "TOKEN", "ID"},
		row: func(m *client.Member) []string {
			return []string{m.Name, string(m.Role), memberStatus(m), environmentsText(m), m.LastUsedAt.String(), m.Prefix + "…", m.ID}
		},
		read: func(ctx context.Context, api *client.Client, _ []string, page host.Page) (client.List[*client.Member], error) {
			return api.Members(ctx, page)
		},
	}
	remove := deletion{
		use: "delete MEMBER", short: "Delete a member, whose token ends at once", args: cobra.ExactArgs(1), noun: "member",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			member, err := findMember(ctx, api, args[0])
			if err != nil {
				return nil, err
			}
			return &doomed{"member " + printable(member.Name), member.ID, func(ctx context.Context) error { return api.DeleteMember(ctx, member.ID) }}, nil
		},
	}
	members := group("members", "Manage members, who manage with tokens of their own",
		list.command(r), membersShowCommand(r), membersCreateCommand(r), membersUpdateCommand(r), membersRotateCommand(r),
		membersSwitchCommand(r, "enable", true), membersSwitchCommand(r, "disable", false), remove.command(r))
	members.Long = `Members manage with tokens of their own (pat_…), as far as their role goes:
viewer, developer, admin or sysadmin. POSTERN_API_KEY takes such a token as well.

MEMBER is the name of a member, its id, or the first characters of its token
(pat_ and six more), as “postern members list” shows them.`
	r.addFlags(members)
	return members
}

func memberStatus(m *client.Member) string {
	if m.Enabled {
		return "enabled"
	}
	return "disabled"
}

func environmentsText(m *client.Member) string {
	return first(strings.Join(m.Environments, " "), "all")
}

func membersShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show MEMBER", Short: "Show a member", Args: cobra.ExactArgs(1),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			m, err := findMember(ctx, api, args[0])
			if err != nil {
				return fmt.Errorf("cannot show member %s: %w", shown(args[0]), err)
			}
			if r.json {
				return r.document(map[string]any{"member": m})
			}
			return r.facts("member", m.Name, "id", m.ID, "role", string(m.Role), "environments", environmentsText(m),
				"status", memberStatus(m), "token", m.Prefix+"…", "last used", m.LastUsedAt.String(), "created", m.CreatedAt.String(), "changed", m.UpdatedAt.String())
		}),
	}
}

func membersCreateCommand(r *remote) *cobra.Command {
	var role string
	var environments []string
	command := &cobra.Command{
		Use: "create NAME", Short: "Add a member and print its token; it is shown only this once", Args: cobra.ExactArgs(1),
		Example: "  postern members create ada --role sysadmin\n  postern members create ci --role developer --environment staging",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields := client.MemberFields{Name: client.Value(args[0]), Role: client.Value(host.Role(role))}
			if len(environments) > 0 {
				fields.Environments = client.Value(environments)
			}
			member, err := api.CreateMember(ctx, fields)
			if err != nil {
				return fmt.Errorf("cannot create member %q: %w", args[0], err)
			}
			return r.showMember(member)
		}),
	}
	command.Flags().StringVar(&role, "role", string(host.Viewer), "viewer, developer, admin or sysadmin")
	command.Flags().StringSliceVar(&environments, "environment", nil, "environment that the member sees; may be repeated (default: all)")
	return command
}

// showMember prints the token that a member was just given.
func (r *remote) showMember(m *client.Member) error {
	if r.json {
		return r.document(map[string]any{"member": m})
	}
	return r.showSecret("token", m, m.Token)
}

func membersRotateCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "rotate MEMBER", Short: "Give a member a new token and print it; the old one ends at once", Args: cobra.ExactArgs(1),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			member, err := findMember(ctx, api, args[0])
			if err == nil {
				member, err = api.RotateMember(ctx, member.ID)
			}
			if err != nil {
				return fmt.Errorf("cannot rotate the token of member %s: %w", shown(args[0]), err)
			}
			return r.showMember(member)
		}),
	}
}

func membersSwitchCommand(r *remote, verb string, enabled bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " MEMBER", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a member at once", Args: cobra.ExactArgs(1),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			member, err := findMember(ctx, api, args[0])
			if err == nil {
				member, err = api.UpdateMember(ctx, member.ID, client.MemberFields{Enabled: client.Value(enabled)})
			}
			if err != nil {
				return fmt.Errorf("cannot %s member %s: %w", verb, shown(args[0]), err)
			}
			if r.json {
				return r.document(map[string]any{"member": member})
			}
			fmt.Fprintf(r.out, "%sd member %s\n", verb, printable(member.Name))
			return nil
		}),
	}
}

// findMember finds a member by its id, its name or the start of its token.
func findMember(ctx context.Context, api *client.Client, ref string) (*client.Member, error) {
	if host.IsID(ref) {
		return api.Member(ctx, ref)
	}
	prefix := strings.TrimSuffix(shown(ref), "…")
	return named(func(page host.Page) (client.List[*client.Member], error) { return api.Members(ctx, page) }, "member", "postern members list",
		func(m *client.Member) bool { return m.Name == ref || m.Prefix == prefix })
}
