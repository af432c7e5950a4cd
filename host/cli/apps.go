package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func appsCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	apps := group("apps", "List, create, show, update, describe and delete apps",
		appsListCommand(r), appsShowCommand(r), appsCreateCommand(r), appsUpdateCommand(r), appsDeleteCommand(r), appsOpenAPICommand(r))
	r.addFlags(apps)
	return apps
}

func appsListCommand(r *remote) *cobra.Command {
	return listing[*host.App]{
		use: "list", short: "List apps, newest first", args: cobra.NoArgs, name: "apps",
		head: []string{"APP", "ENVIRONMENT", "STATUS", "NAME", "DOMAINS"},
		row: func(app *host.App) []string {
			return []string{app.Slug, app.Environment, app.Status, app.Name, strings.Join(app.Domains, " ")}
		},
		read: func(ctx context.Context, api *client.Client, _ []string, page host.Page) (client.List[*host.App], error) {
			return api.Apps(ctx, page)
		},
	}.command(r)
}

func appsShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show APP", Short: "Show an app", Args: cobra.ExactArgs(1),
		Example: "  postern apps show hello\n  postern apps show hello@staging --json",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			app, err := api.App(ctx, args[0])
			if err != nil {
				return fmt.Errorf("cannot show app %s: %w", args[0], err)
			}
			return r.showApp(app, r.json)
		}),
	}
}

// showApp prints an app. Its api_secret and credentials are for programs: only
// the JSON form has them.
func (c *console) showApp(app *host.App, asJSON bool) error {
	if asJSON {
		return c.document(map[string]any{"app": app})
	}
	return c.facts(
		"app", app.Slug, "id", app.ID, "name", app.Name, "environment", app.Environment, "status", app.Status,
		"description", text(app.Description), "domains", strings.Join(app.Domains, " "),
		"authorized domains", strings.Join(app.AuthorizedDomains, " "), "capabilities", strings.Join(app.Capabilities, " "),
		"allowed hosts", strings.Join(app.AllowedHosts, " "),
		"created", app.CreatedAt.String(), "updated", app.UpdatedAt.String())
}

// text is the text of a field that may be null.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// appFlags are the settings of an app that commands give.
type appFlags struct {
	description                  string
	domains, capabilities, hosts []string
}

func (f *appFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.description, "description", "", "what the app is for")
	flags.StringSliceVar(&f.domains, "domain", nil, "host name that leads to the app; may be repeated")
	flags.StringSliceVar(&f.capabilities, "capability", nil, "group of data operations that the app's modules may use ("+strings.Join(host.Capabilities, ", ")+"); may be repeated")
	flags.StringSliceVar(&f.hosts, "allow-host", nil, "host that the app's modules may send requests to, such as api.example.com or *.example.com; may be repeated")
}

// fields are the flags that were given.
func (f *appFlags) fields() (fields client.AppFields) {
	if f.description != "" {
		fields.Description = client.Value(f.description)
	}
	if len(f.domains) > 0 {
		fields.Domains = client.Value(f.domains)
	}
	if len(f.capabilities) > 0 {
		fields.Capabilities = client.Value(f.capabilities)
	}
	if len(f.hosts) > 0 {
		fields.AllowedHosts = client.Value(f.hosts)
	}
	return fields
}

func appsCreateCommand(r *remote) *cobra.Command {
	var environment string
	var flags appFlags
	command := &cobra.Command{
		Use: "create NAME", Short: "Create an app", Args: cobra.ExactArgs(1),
		Example: "  postern apps create Shop\n  postern apps create Shop --environment staging --domain shop.example.com --capability objects",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields := flags.fields()
			fields.Name = client.Value(args[0])
			if environment != "" {
				fields.Environment = client.Value(environment)
			}
			app, err := api.CreateApp(ctx, fields)
			if err != nil {
				return fmt.Errorf("cannot create app %q: %w", args[0], err)
			}
			return r.showApp(app, r.json)
		}),
	}
	command.Flags().StringVar(&environment, "environment", "", "production (the default), staging or development")
	flags.add(command)
	return command
}

// appClears takes a setting from an app.
var appClears = map[string]func(*client.AppFields){
	"description": func(f *client.AppFields) { f.Description = client.Null[string]() },
	"domain":      func(f *client.AppFields) { f.Domains = client.Value([]string{}) },
	"capability":  func(f *client.AppFields) { f.Capabilities = client.Value([]string{}) },
	"allow-host":  func(f *client.AppFields) { f.AllowedHosts = client.Value([]string{}) },
}

func appsUpdateCommand(r *remote) *cobra.Command {
	var name string
	var flags appFlags
	clear := clearing[client.AppFields]{by: appClears}
	command := &cobra.Command{
		Use: "update APP", Short: "Change an app and what its modules may do, at once", Args: cobra.ExactArgs(1),
		Long: `Change an app at once. What no flag names stays as it is. Domains,
capabilities and hosts that are given replace those there were; --clear takes them away.`,
		Example: "  postern apps update shop --capability objects\n  postern apps update shop --name 'My shop' --clear domain",
	}
	command.RunE = r.run(func(ctx context.Context, api *client.Client, args []string) error {
		fields := flags.fields()
		if name != "" {
			fields.Name = client.Value(name)
		}
		if err := clear.apply(&fields); err != nil {
			return err
		}
		if reflect.ValueOf(fields).IsZero() {
			return nothingToChange(command)
		}
		app, err := api.UpdateApp(ctx, args[0], fields)
		if err != nil {
			return fmt.Errorf("cannot update app %s: %w", args[0], err)
		}
		return r.showApp(app, r.json)
	})
	command.Flags().StringVar(&name, "name", "", "a new name; the slug stays")
	flags.add(command)
	clear.add(command, "setting to take away")
	return command
}

func appsDeleteCommand(r *remote) *cobra.Command {
	command := deletion{
		use: "delete APP", short: "Delete an app and all its data", args: cobra.ExactArgs(1), noun: "app",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			app, err := api.App(ctx, args[0])
			if err != nil {
				return nil, err
			}
			what := fmt.Sprintf("app %s in %s and all its data", app.Slug, app.Environment)
			return &doomed{what, app.ID, func(ctx context.Context) error { return api.DeleteApp(ctx, app.ID) }}, nil
		},
	}.command(r)
	command.Example = "  postern apps delete hello\n  postern apps delete hello@staging --yes"
	return command
}

func appsOpenAPICommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "openapi APP", Short: "Print the OpenAPI document of an app's own endpoints", Args: cobra.ExactArgs(1),
		Long: `Print the OpenAPI 3.1 document of an app's own endpoints, in JSON: their paths,
parameters, schemas, security and errors, ready for a client generator.`,
		Example: "  postern apps openapi hello > hello.json",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			document, err := api.AppOpenAPI(ctx, args[0])
			if err != nil {
				return fmt.Errorf("cannot describe app %s: %w", args[0], err)
			}
			return r.document(document)
		}),
	}
}

// confirm asks before something is deleted.
func (c *console) confirm(question string) error {
	return c.ask(question, "this cannot be undone and there is no terminal to ask on", "nothing was deleted")
}

// ask asks on the terminal; refused is the error after any other answer than
// yes. Without a terminal there is nobody to ask: the caller must say --yes.
func (c *console) ask(question, nobody, refused string) error {
	if !isTerminal(c.in) {
		return hint(errors.New(nobody), "add --yes")
	}
	fmt.Fprintf(c.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(c.in).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New(refused)
	}
	return nil
}
