package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func issuersCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*host.Issuer]{
		use: "list APP", short: "List an app's issuers, newest first", args: cobra.ExactArgs(1), name: "issuers",
		head: []string{"NAME", "STATUS", "ISSUER", "ALGORITHMS", "ID"},
		row: func(i *host.Issuer) []string {
			return []string{i.Name, issuerStatus(i), i.Issuer, strings.Join(i.Algorithms, " "), i.ID}
		},
		read: func(ctx context.Context, api *client.Client, args []string, page host.Page) (client.List[*host.Issuer], error) {
			return api.Issuers(ctx, args[0], page)
		},
	}
	remove := deletion{
		use: "delete APP ISSUER", short: "Refuse the JWTs of an issuer at once", args: cobra.ExactArgs(2), noun: "issuer",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			i, err := findIssuer(ctx, api, args[0], args[1])
			if err != nil {
				return nil, err
			}
			return &doomed{"issuer " + printable(i.Name), i.ID, func(ctx context.Context) error { return api.DeleteIssuer(ctx, args[0], i.ID) }}, nil
		},
	}
	issuers := group("issuers", "Manage issuers: whose JWTs an app accepts", list.command(r), issuersShowCommand(r), issuersCreateCommand(r),
		issuersSwitchCommand(r, "enable", true), issuersSwitchCommand(r, "disable", false), remove.command(r))
	issuers.Long = `An app accepts the JWTs of its issuers as credentials for its endpoints.

ISSUER is the name of an issuer, its claim iss or its id, as “postern issuers
list” shows them.`
	r.addFlags(issuers)
	return issuers
}

func issuerStatus(i *host.Issuer) string {
	if i.Enabled {
		return host.KeyActive
	}
	return host.KeyDisabled
}

func issuersShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show APP ISSUER", Short: "Show an issuer and what its JWTs must say", Args: cobra.ExactArgs(2),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			i, err := findIssuer(ctx, api, args[0], args[1])
			if err != nil {
				return fmt.Errorf("cannot show issuer %s: %w", args[1], err)
			}
			return r.showIssuer(i)
		}),
	}
}

func (r *remote) showIssuer(i *host.Issuer) error {
	if r.json {
		return r.document(map[string]any{"issuer": i})
	}
	keys := "pasted public key"
	if i.JWKSURL != nil {
		keys = *i.JWKSURL
	}
	return r.facts(
		"name", i.Name, "id", i.ID, "status", issuerStatus(i), "issuer", i.Issuer, "audience", first(strings.Join(i.Audience, " "), "any"),
		"algorithms", strings.Join(i.Algorithms, " "), "keys", keys, "required claims", pairs(i.RequiredClaims),
		"claim variables", pairs(i.ClaimVariables), "rate limit", limitText(i.RateLimit),
		"created", i.CreatedAt.String(), "updated", i.UpdatedAt.String())
}

// issuerFlags are the flags of “issuers create”.
type issuerFlags struct {
	issuer, keyFile, jwks string
	audience, algorithms  []string
	required, variables   map[string]string
	limit                 limitFlags
}

func issuersCreateCommand(r *remote) *cobra.Command {
	var f issuerFlags
	command := &cobra.Command{
		Use: "create APP NAME", Short: "Accept the JWTs of an issuer", Args: cobra.ExactArgs(2),
		Example: "  postern issuers create shop login --issuer https://id.example.com --jwks-url https://id.example.com/keys --audience shop\n" +
			"  postern issuers create shop backend --issuer backend --public-key backend.pem --require role=admin --claim-variable tenant=customer",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields, err := f.fields(args[1])
			var i *host.Issuer
			if err == nil {
				i, err = api.CreateIssuer(ctx, args[0], fields)
			}
			if err != nil {
				return fmt.Errorf("cannot create issuer %q: %w", args[1], err)
			}
			return r.showIssuer(i)
		}),
	}
	flags := command.Flags()
	flags.StringVar(&f.issuer, "issuer", "", "the claim iss of its JWTs, matched exactly")
	flags.StringVar(&f.keyFile, "public-key", "", "file with its public key in PEM")
	flags.StringVar(&f.jwks, "jwks-url", "", "where it publishes its keys, instead of --public-key")
	flags.StringSliceVar(&f.audience, "audience", nil, "value the claim aud must name; one of several if repeated (default: any)")
	flags.StringSliceVar(&f.algorithms, "algorithm", nil, "signature algorithm to accept; may be repeated (default: the key's, or RS256)")
	pairsVar(flags, &f.required, "require", "claim=value that its JWTs must have, the value in JSON or as a text; may be repeated")
	pairsVar(flags, &f.variables, "claim-variable", "claim=variable: the claim's value becomes the caller's variable; may be repeated")
	f.limit.add(command)
	return command
}

// fields are the flags that were given.
func (f *issuerFlags) fields(name string) (fields client.IssuerFields, err error) {
	fields.Name, fields.Issuer = client.Value(name), client.Value(f.issuer)
	if f.keyFile != "" {
		pem, err := os.ReadFile(f.keyFile)
		if err != nil {
			return fields, err
		}
		fields.PublicKey = client.Value(string(pem))
	}
	if f.jwks != "" {
		fields.JWKSURL = client.Value(f.jwks)
	}
	if len(f.audience) > 0 {
		fields.Audience = client.Value(f.audience)
	}
	if len(f.algorithms) > 0 {
		fields.Algorithms = client.Value(f.algorithms)
	}
	if len(f.variables) > 0 {
		fields.ClaimVariables = client.Value(f.variables)
	}
	if len(f.required) > 0 {
		required := host.Claims{}
		for claim, value := range f.required {
			required[claim] = claimValue(value)
		}
		fields.RequiredClaims = client.Value(required)
	}
	fields.RateLimit, err = f.limit.field()
	return fields, err
}

// claimValue reads the value of a claim: JSON, or else a text as it is.
func claimValue(written string) any {
	if json.Valid([]byte(written)) {
		return json.RawMessage(written)
	}
	return written
}

func issuersSwitchCommand(r *remote, verb string, enabled bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " APP ISSUER", Short: strings.ToUpper(verb[:1]) + verb[1:] + " an issuer at once", Args: cobra.ExactArgs(2),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			i, err := findIssuer(ctx, api, args[0], args[1])
			if err == nil {
				i, err = api.UpdateIssuer(ctx, args[0], i.ID, client.IssuerFields{Enabled: client.Value(enabled)})
			}
			if err != nil {
				return fmt.Errorf("cannot %s issuer %s: %w", verb, args[1], err)
			}
			if r.json {
				return r.document(map[string]any{"issuer": i})
			}
			fmt.Fprintf(r.out, "%sd issuer %s\n", verb, printable(i.Name))
			return nil
		}),
	}
}

// findIssuer finds an issuer of an app by its id, its name or its claim iss.
func findIssuer(ctx context.Context, api *client.Client, app, ref string) (*host.Issuer, error) {
	if host.IsID(ref) {
		return api.Issuer(ctx, app, ref)
	}
	return named(func(page host.Page) (client.List[*host.Issuer], error) { return api.Issuers(ctx, app, page) }, "issuer", "postern issuers list "+app,
		func(i *host.Issuer) bool { return i.Name == ref || i.Issuer == ref })
}
