package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func keysCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*client.Key]{
		use: "list", short: "List keys, newest first", args: cobra.NoArgs, name: "keys",
		head: []string{"KEY", "STATUS", "ENVIRONMENT", "EXPIRES", "USED", "NAME", "ID"},
		row: func(k *client.Key) []string {
			return []string{k.Prefix + "…", k.Status, first(text(k.Environment), "all"), k.ExpiresAt.String(), k.LastUsedAt.String(), k.Name, k.ID}
		},
		read: func(ctx context.Context, api *client.Client, _ []string, page host.Page) (client.List[*client.Key], error) {
			return api.Keys(ctx, page)
		},
	}
	remove := deletion{
		use: "delete KEY", short: "Delete a key at once", args: cobra.ExactArgs(1), noun: "key",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			key, err := findKey(ctx, api, args[0])
			if err != nil {
				return nil, err
			}
			return &doomed{"key " + label(key), key.ID, func(ctx context.Context) error { return api.DeleteKey(ctx, key.ID) }}, nil
		},
	}
	keys := group("keys", "Manage keys, the credentials for endpoints",
		list.command(r), keysShowCommand(r), keysCreateCommand(r), keysUpdateCommand(r), keysRotateCommand(r),
		keysSwitchCommand(r, "enable", true), keysSwitchCommand(r, "disable", false), remove.command(r))
	keys.Long = `Keys (ask_…) open endpoints that require authentication.

KEY is the id of a key, its first characters (ask_ and six more) or its name,
as “postern keys list” shows them.`
	r.addFlags(keys)
	return keys
}

// label is a key as sentences name it.
func label(key *client.Key) string { return fmt.Sprintf("%s… (%s)", key.Prefix, printable(key.Name)) }

func keysShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show KEY", Short: "Show a key, what it opens and how much it is used", Args: cobra.ExactArgs(1),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			key, err := findKey(ctx, api, args[0])
			if err != nil {
				return fmt.Errorf("cannot show key %s: %w", shown(args[0]), err)
			}
			if r.json {
				return r.document(map[string]any{"key": key})
			}
			facts := append([]string{"key", key.Prefix + "…", "id", key.ID, "name", key.Name, "status", key.Status, "expires", key.ExpiresAt.String(),
				"old secret until", key.PreviousExpiresAt.String()}, accessFacts(&key.Access)...)
			facts = append(facts, "quota", quotaText(key))
			return r.facts(append(facts, usageFacts(&key.Usage, key.CreatedAt)...)...)
		}),
	}
}

// quotaText says how much of a key's quota is taken.
func quotaText(key *client.Key) string {
	if key.Quota == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d taken this month", key.QuotaUsed, *key.Quota)
}

func keysCreateCommand(r *remote) *cobra.Command {
	var access accessFlags
	var quota int64
	var command *cobra.Command
	command = &cobra.Command{
		Use: "create NAME", Short: "Create a key and print it; it is shown only this once", Args: cobra.ExactArgs(1),
		Example: "  postern keys create ci\n  postern keys create partner --environment production --expires 2027-01-31 --allow-ip 203.0.113.0/24 --rate-limit 100/minute",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields := client.KeyFields{Name: client.Value(args[0])}
			if command.Flags().Changed("quota") {
				fields.Quota = client.Value(quota)
			}
			var err error
			if fields.AccessFields, fields.ExpiresAt, err = access.fields(); err != nil {
				return err
			}
			key, err := api.CreateKey(ctx, fields)
			if err != nil {
				return fmt.Errorf("cannot create key %q: %w", args[0], err)
			}
			return r.showSecret("key", key, key.Secret)
		}),
	}
	access.add(command, "key", "(default: all)")
	command.Flags().Int64Var(&quota, "quota", 0, "requests per calendar month in UTC (default: no bound)")
	return command
}

// showSecret prints a credential that was just made.
func (r *remote) showSecret(noun string, resource any, secret string) error {
	if r.json {
		return r.document(map[string]any{noun: resource})
	}
	r.say("This is the only time the %s is shown:", noun)
	fmt.Fprintln(r.out, secret)
	return nil
}

func keysRotateCommand(r *remote) *cobra.Command {
	var grace time.Duration
	command := &cobra.Command{
		Use: "rotate KEY", Short: "Give a key a new secret and print it; the old one works for a grace period", Args: cobra.ExactArgs(1),
		Example: "  postern keys rotate partner\n  postern keys rotate partner --grace 0s",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			key, err := findKey(ctx, api, args[0])
			if err == nil {
				key, err = api.RotateKey(ctx, key.ID, grace)
			}
			if err != nil {
				return fmt.Errorf("cannot rotate key %s: %w", shown(args[0]), err)
			}
			if !r.json && key.PreviousExpiresAt.IsZero() {
				r.say("The old secret is no longer valid.")
			} else if !r.json {
				r.say("The old secret works until %s.", key.PreviousExpiresAt)
			}
			return r.showSecret("key", key, key.Secret)
		}),
	}
	command.Flags().DurationVar(&grace, "grace", host.DefaultGrace, "how long the old secret goes on to work, at most 720h; 0s ends it at once")
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
			fmt.Fprintf(r.out, "%sd key %s\n", verb, label(key))
			return nil
		}),
	}
}

// shown is a reference to a credential as messages may repeat it: somebody may
// have pasted the whole secret.
func shown(ref string) string {
	for prefix, kept := range map[string]int{host.KeyPrefix: len(host.KeyPrefix) + 6, host.MemberPrefix: len(host.MemberPrefix) + 6, "eyJ": len("eyJ")} {
		if strings.HasPrefix(ref, prefix) && len(ref) > kept {
			return ref[:kept] + "…"
		}
	}
	return ref
}

// findKey finds a key by its id, the start of its secret, or its name.
func findKey(ctx context.Context, api *client.Client, ref string) (*client.Key, error) {
	if host.IsID(ref) {
		return api.Key(ctx, ref)
	}
	prefix := strings.TrimSuffix(shown(ref), "…")
	return named(func(page host.Page) (client.List[*client.Key], error) { return api.Keys(ctx, page) }, "key", "postern keys list",
		func(k *client.Key) bool { return k.Name == ref || k.Prefix == prefix })
}

// usageFacts is what “show” says about the use of a credential.
func usageFacts(usage *host.Usage, created host.Time) []string {
	return []string{"requests", strconv.FormatInt(usage.UsageCount, 10), "last used", usage.LastUsedAt.String(), "created", created.String()}
}
