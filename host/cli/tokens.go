package cli

import (
	"context"
	"fmt"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func tokensCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*client.Token]{
		use: "list", short: "List tokens, newest first", args: cobra.NoArgs, name: "tokens",
		head: []string{"TOKEN", "STATUS", "ENVIRONMENT", "EXPIRES", "USED", "ID"},
		row: func(t *client.Token) []string {
			return []string{t.Name, t.Status, text(t.Environment), t.ExpiresAt.String(), t.LastUsedAt.String(), t.ID}
		},
		read: func(ctx context.Context, api *client.Client, _ []string, page host.Page) (client.List[*client.Token], error) {
			return api.Tokens(ctx, page)
		},
	}
	remove := deletion{
		use: "delete TOKEN", short: "Delete a token, which ends at once", args: cobra.ExactArgs(1), noun: "token",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			token, err := findToken(ctx, api, args[0])
			if err != nil {
				return nil, err
			}
			return &doomed{"token " + printable(token.Name), token.ID, func(ctx context.Context) error { return api.DeleteToken(ctx, token.ID) }}, nil
		},
	}
	tokens := group("tokens", "Manage tokens, the JWTs for endpoints", list.command(r), tokensShowCommand(r), tokensCreateCommand(r), remove.command(r))
	tokens.Long = `Tokens are signed JWTs that open endpoints of one environment. Others can verify
them with the keys at /.well-known/jwks.json; here a token ends when it is deleted.

TOKEN is the name of a token or its id, as “postern tokens list” shows them.`
	r.addFlags(tokens)
	return tokens
}

func tokensShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show TOKEN", Short: "Show a token, what it opens and how much it is used", Args: cobra.ExactArgs(1),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			token, err := findToken(ctx, api, args[0])
			if err != nil {
				return fmt.Errorf("cannot show token %s: %w", shown(args[0]), err)
			}
			if r.json {
				return r.document(map[string]any{"token": token})
			}
			facts := append([]string{"token", token.Name, "id", token.ID, "status", token.Status, "expires", token.ExpiresAt.String(),
				"signed with", token.KeyID}, accessFacts(&token.Access)...)
			return r.facts(append(facts, usageFacts(&token.Usage, token.CreatedAt)...)...)
		}),
	}
}

func tokensCreateCommand(r *remote) *cobra.Command {
	var access accessFlags
	command := &cobra.Command{
		Use: "create NAME", Short: "Create a token and print it; it is shown only this once", Args: cobra.ExactArgs(1),
		Example: "  postern tokens create mobile\n  postern tokens create batch --environment staging --expires 2027-01-31",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields := client.TokenFields{Name: client.Value(args[0])}
			var err error
			if fields.AccessFields, fields.ExpiresAt, err = access.fields(); err != nil {
				return err
			}
			token, err := api.CreateToken(ctx, fields)
			if err != nil {
				return fmt.Errorf("cannot create token %q: %w", args[0], err)
			}
			return r.showSecret("token", token, token.JWT)
		}),
	}
	access.add(command, "token", "(default: production)")
	return command
}

// findToken finds a token by its id or its name.
func findToken(ctx context.Context, api *client.Client, ref string) (*client.Token, error) {
	if host.IsID(ref) {
		return api.Token(ctx, ref)
	}
	return named(func(page host.Page) (client.List[*client.Token], error) { return api.Tokens(ctx, page) }, "token", "postern tokens list",
		func(t *client.Token) bool { return t.Name == ref })
}

func signingKeysCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*host.SigningKey]{
		use: "list", short: "List the keys that sign and verify tokens, newest first", args: cobra.NoArgs, name: "signing_keys",
		head: []string{"KEY", "ALGORITHM", "ACTIVE", "CREATED"},
		row: func(k *host.SigningKey) []string {
			return []string{k.ID, k.Algorithm, activeMark(k.Active), k.CreatedAt.String()}
		},
		read: func(ctx context.Context, api *client.Client, _ []string, page host.Page) (client.List[*host.SigningKey], error) {
			return api.SigningKeys(ctx, page)
		},
	}
	remove := deletion{
		use: "delete KID", short: "Delete a signing key that neither signs nor verifies a token", args: cobra.ExactArgs(1), noun: "signing key",
		find: func(_ context.Context, api *client.Client, args []string) (*doomed, error) {
			return &doomed{"signing key " + args[0], args[0], func(ctx context.Context) error { return api.DeleteSigningKey(ctx, args[0]) }}, nil
		},
	}
	keys := group("signing-keys", "Manage the keys that sign tokens", list.command(r), signingKeysRotateCommand(r), remove.command(r))
	keys.Long = `The newest signing key signs tokens; older ones verify those that are out.
Everybody may read the public keys at /.well-known/jwks.json.`
	r.addFlags(keys)
	return keys
}

func signingKeysRotateCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Sign new tokens with a new key; those that are out stay valid", Args: cobra.NoArgs,
		RunE: r.run(func(ctx context.Context, api *client.Client, _ []string) error {
			key, err := api.RotateSigningKey(ctx)
			if err != nil {
				return fmt.Errorf("cannot rotate the signing key: %w", err)
			}
			if r.json {
				return r.document(map[string]any{"signing_key": key})
			}
			fmt.Fprintf(r.out, "tokens are signed with %s from now on\n", key.ID)
			return nil
		}),
	}
}
