package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func keysCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	keys := group("keys", "List, create, enable, disable and delete keys for endpoints",
		keysListCommand(r), keysCreateCommand(r), keysSwitchCommand(r, "enable", true), keysSwitchCommand(r, "disable", false), keysDeleteCommand(r))
	keys.Long = `Keys (ask_…) open endpoints that require authentication.

KEY is the id of a key, its first characters (ask_ and six more) or its name,
as “postern keys list” shows them.`
	r.addFlags(keys)
	return keys
}

func keysListCommand(r *remote) *cobra.Command {
	var page host.Page
	command := &cobra.Command{
		Use: "list", Short: "List keys, newest first", Args: cobra.NoArgs,
		RunE: r.run(func(ctx context.Context, api *client.Client, _ []string) error {
			keys, err := api.Keys(ctx, page)
			if err != nil {
				return fmt.Errorf("cannot list keys: %w", err)
			}
			if r.json {
				return r.document(map[string]any{"keys": keys.Items, "pagination": keys.Pagination})
			}
			rows := [][]string{}
			for _, k := range keys.Items {
				rows = append(rows, []string{k.Prefix + "…", k.Status, first(text(k.Environment), "all"), k.ExpiresAt.String(), k.Name, k.ID})
			}
			defer r.more(keys.Pagination, len(rows))
			return r.table([]string{"KEY", "STATUS", "ENVIRONMENT", "EXPIRES", "NAME", "ID"}, rows)
		}),
	}
	pageFlags(command, &page)
	return command
}

func keysCreateCommand(r *remote) *cobra.Command {
	var environment, expires string
	var ips []string
	var variables map[string]string
	command := &cobra.Command{
		Use: "create NAME", Short: "Create a key and print it; it is shown only this once", Args: cobra.ExactArgs(1),
		Example: "  postern keys create ci\n  postern keys create partner --environment production --expires 2027-01-31 --allow-ip 203.0.113.0/24",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields := client.KeyFields{Name: client.Value(args[0])}
			if environment != "" {
				fields.Environment = client.Value(environment)
			}
			if expires != "" {
				fields.ExpiresAt = client.Value(expires)
			}
			if len(ips) > 0 {
				fields.AllowedIPs = client.Value(ips)
			}
			if len(variables) > 0 {
				fields.Variables = client.Value(variables)
			}
			key, err := api.CreateKey(ctx, fields)
			if err != nil {
				return fmt.Errorf("cannot create key %q: %w", args[0], err)
			}
			if r.json {
				return r.document(map[string]any{"key": key})
			}
			r.say("This is the only time the key is shown:")
			fmt.Fprintln(r.out, key.Secret)
			return nil
		}),
	}
	command.Flags().StringVar(&environment, "environment", "", "the one environment the key opens (default: all)")
	command.Flags().StringVar(&expires, "expires", "", "a date, which the key works through, or an RFC 3339 instant (default: never)")
	command.Flags().StringSliceVar(&ips, "allow-ip", nil, "address or CIDR range that may use the key; may be repeated (default: any)")
	command.Flags().StringToStringVar(&variables, "variable", nil, "name=value that the key carries; may be repeated")
	return command
}

func keysSwitchCommand(r *remote, verb string, enabled bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " KEY", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a key at once", Args: cobra.ExactArgs(1),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			key, err := findKey(ctx, api, args[0])
			if err == nil {
				key, err = api.UpdateKey(ctx, key.ID, client.KeyFields{Enabled: client.Value(enabled)})
			}
			if err != nil {
				return fmt.Errorf("cannot %s key %s: %w", verb, shown(args[0]), err)
			}
			if r.json {
				return r.document(map[string]any{"key": key})
			}
			fmt.Fprintf(r.out, "%sd key %s… (%s)\n", verb, key.Prefix, printable(key.Name))
			return nil
		}),
	}
}

func keysDeleteCommand(r *remote) *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use: "delete KEY", Short: "Delete a key at once", Args: cobra.ExactArgs(1),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			key, err := findKey(ctx, api, args[0])
			if err != nil {
				return fmt.Errorf("cannot delete key %s: %w", shown(args[0]), err)
			}
			if !yes {
				if err := r.confirm(fmt.Sprintf("Delete key %s… (%s)?", key.Prefix, printable(key.Name))); err != nil {
					return err
				}
			}
			if err := api.DeleteKey(ctx, key.ID); err != nil {
				return fmt.Errorf("cannot delete key %s: %w", shown(args[0]), err)
			}
			if r.json {
				return r.document(map[string]any{"deleted": key.ID})
			}
			fmt.Fprintf(r.out, "deleted key %s… (%s)\n", key.Prefix, printable(key.Name))
			return nil
		}),
	}
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return command
}

// shown is a reference to a key as messages may repeat it: somebody may have
// pasted the whole secret.
func shown(ref string) string {
	if strings.HasPrefix(ref, host.KeyPrefix) && len(ref) > len(host.KeyPrefix)+6 {
		return ref[:len(host.KeyPrefix)+6] + "…"
	}
	return ref
}

// findKey finds a key by its id, the start of its secret, or its name.
func findKey(ctx context.Context, api *client.Client, ref string) (*client.Key, error) {
	if host.IsID(ref) {
		return api.Key(ctx, ref)
	}
	prefix := strings.TrimSuffix(shown(ref), "…")
	var found []*client.Key
	err := each(func(page host.Page) (client.List[*client.Key], error) { return api.Keys(ctx, page) }, func(k *client.Key) {
		if k.Name == ref || k.Prefix == prefix {
			found = append(found, k)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, hint(host.Errorf(host.CodeNotFound, "there is no such key"), "“postern keys list” shows the keys")
	case len(found) > 1:
		return nil, hint(host.Errorf(host.CodeConflict, "%d keys have that name", len(found)), "name it by its id, as “postern keys list” shows it")
	}
	return found[0], nil
}

// each calls visit for every entry of a list, page by page.
func each[T any](read func(host.Page) (client.List[T], error), visit func(T)) error {
	page := host.Page{Limit: host.MaxPageLimit}
	for {
		part, err := read(page)
		if err != nil {
			return err
		}
		for _, item := range part.Items {
			visit(item)
		}
		if !part.Pagination.HasMore || len(part.Items) == 0 {
			return nil
		}
		page.Offset += len(part.Items)
	}
}
