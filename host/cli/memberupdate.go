package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// everywhere is what --environment takes beside environments.
const everywhere = "all"

func membersUpdateCommand(r *remote) *cobra.Command {
	var name, role string
	var environments []string
	command := &cobra.Command{
		Use: "update MEMBER", Short: "Change the name of a member, its role and what it sees, at once", Args: cobra.ExactArgs(1),
		Long: `Change a member at once; its token stays. What no flag names stays as it is.
Environments that are given replace those there were, and “all” lifts the limit.`,
		Example: "  postern members update ada --role admin\n  postern members update ci --environment staging --environment production\n  postern members update ada --role sysadmin --environment all",
	}
	command.RunE = r.run(func(ctx context.Context, api *client.Client, args []string) error {
		fields, err := memberFields(command, name, role, environments)
		if err != nil {
			return err
		}
		member, err := findMember(ctx, api, args[0])
		if err == nil {
			member, err = api.UpdateMember(ctx, member.ID, fields)
		}
		if err != nil {
			return fmt.Errorf("cannot update member %s: %w", shown(args[0]), err)
		}
		if r.json {
			return r.document(map[string]any{"member": member})
		}
		fmt.Fprintf(r.out, "updated member %s: %s, %s\n", printable(member.Name), member.Role, environmentsText(member))
		return nil
	})
	command.Flags().StringVar(&name, "name", "", "a new name")
	command.Flags().StringVar(&role, "role", "", "viewer, developer, admin or sysadmin")
	command.Flags().StringSliceVar(&environments, "environment", nil, "environment that the member sees, or all; may be repeated")
	return command
}

// memberFields are the fields that the flags name.
func memberFields(command *cobra.Command, name, role string, environments []string) (fields client.MemberFields, err error) {
	flags := command.Flags()
	if !flags.Changed("name") && !flags.Changed("role") && !flags.Changed("environment") {
		return fields, hint(errors.New("there is nothing to change"), "--name, --role and --environment say what")
	}
	if flags.Changed("name") {
		fields.Name = client.Value(name)
	}
	if flags.Changed("role") {
		fields.Role = client.Value(host.Role(role))
	}
	switch {
	case len(environments) == 1 && environments[0] == everywhere:
		fields.Environments = client.Null[[]string]()
	case flags.Changed("environment"):
		fields.Environments = client.Value(environments)
	}
	return fields, nil
}
