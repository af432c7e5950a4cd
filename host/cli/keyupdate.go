package cli

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// keyClears takes a restriction from a key.
var keyClears = map[string]func(*client.KeyFields){
	"environment": func(f *client.KeyFields) { f.Environment = client.Null[string]() },
	"expires":     func(f *client.KeyFields) { f.ExpiresAt = client.Null[string]() },
	"allow-ip":    func(f *client.KeyFields) { f.AllowedIPs = client.Value([]string{}) },
	"variable":    func(f *client.KeyFields) { f.Variables = client.Value(map[string]string{}) },
	"rate-limit":  func(f *client.KeyFields) { f.RateLimit = client.Null[host.RateLimit]() },
	"quota":       func(f *client.KeyFields) { f.Quota = client.Null[int64]() },
}

// keyUpdate is what “keys update” was asked for.
type keyUpdate struct {
	command *cobra.Command
	access  accessFlags
	name    string
	quota   int64
	clear   clearing[client.KeyFields]
}

func keysUpdateCommand(r *remote) *cobra.Command {
	u := &keyUpdate{clear: clearing[client.KeyFields]{by: keyClears}}
	u.command = &cobra.Command{
		Use: "update KEY", Short: "Change what a key is called, what it opens and how often, at once", Args: cobra.ExactArgs(1),
		Long: `Change a key at once. What no flag names stays as it is. Addresses and variables
that are given replace those there were; --clear takes a restriction away.`,
		Example: "  postern keys update partner --rate-limit 200/minute\n  postern keys update partner --expires 2027-12-31 --clear allow-ip,quota",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields, err := u.fields()
			if err != nil {
				return err
			}
			key, err := findKey(ctx, api, args[0])
			if err == nil {
				key, err = api.UpdateKey(ctx, key.ID, fields)
			}
			if err != nil {
				return fmt.Errorf("cannot update key %s: %w", shown(args[0]), err)
			}
			if r.json {
				return r.document(map[string]any{"key": key})
			}
			fmt.Fprintf(r.out, "updated key %s\n", label(key))
			return nil
		}),
	}
	u.addFlags()
	return u.command
}

func (u *keyUpdate) addFlags() {
	u.access.add(u.command, "key", "")
	flags := u.command.Flags()
	flags.StringVar(&u.name, "name", "", "a new name")
	flags.Int64Var(&u.quota, "quota", 0, "requests per calendar month in UTC")
	// A flag that is not given changes nothing here.
	flags.VisitAll(func(f *pflag.Flag) { f.Usage, _, _ = strings.Cut(f.Usage, " (default") })
	u.clear.add(u.command, "restriction to take away")
}

// fields are the fields to change.
func (u *keyUpdate) fields() (fields client.KeyFields, err error) {
	flags := u.command.Flags()
	if fields.AccessFields, fields.ExpiresAt, err = u.access.fields(); err != nil {
		return fields, err
	}
	if flags.Changed("name") {
		fields.Name = client.Value(u.name)
	}
	if flags.Changed("quota") {
		fields.Quota = client.Value(u.quota)
	}
	if err := u.clear.apply(&fields); err != nil {
		return fields, err
	}
	if reflect.ValueOf(fields).IsZero() {
		return fields, nothingToChange(u.command)
	}
	return fields, nil
}
