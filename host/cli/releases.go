package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func releasesCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	releases := group("releases", "List, show and compare the releases of an app",
		releasesListCommand(r), releasesShowCommand(r), releasesDiffCommand(r))
	r.addFlags(releases)
	return releases
}

func releasesListCommand(r *remote) *cobra.Command {
	return listing[client.ReleaseSummary]{
		use: "list APP", short: "List an app's releases, newest first", args: cobra.ExactArgs(1), name: "releases",
		head: []string{"RELEASE", "ACTIVE", "ENDPOINTS", "MADE", "NOTE"},
		row: func(release client.ReleaseSummary) []string {
			return []string{strconv.Itoa(release.Number), activeMark(release.Active),
				strconv.Itoa(release.EndpointCount), release.CreatedAt.String(), release.Note}
		},
		read: func(ctx context.Context, api *client.Client, args []string, page host.Page) (client.List[client.ReleaseSummary], error) {
			return api.Releases(ctx, args[0], page)
		},
	}.command(r)
}

func activeMark(active bool) string {
	if active {
		return "active"
	}
	return ""
}

func releasesShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show APP NUMBER", Short: "Show a release and its endpoints", Args: releaseArgs(2, 2),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			number, _ := strconv.Atoi(args[1])
			release, err := api.Release(ctx, args[0], number)
			if err != nil {
				return fmt.Errorf("cannot show release %d of %s: %w", number, args[0], err)
			}
			if r.json {
				return r.document(map[string]any{"release": release})
			}
			fmt.Fprintf(r.out, "release %d %s\n%s  %s\n\n", release.Number, activeMark(release.Active), release.CreatedAt, printable(release.Note))
			return r.table([]string{"METHOD", "PATH", "MODULE", "ACCESS", "NAME"}, endpointRows(release.Endpoints))
		}),
	}
}

func endpointRows(endpoints []host.Endpoint) [][]string {
	rows := [][]string{}
	for _, e := range endpoints {
		access := "public"
		if e.RequiresAuthentication {
			access = "key"
		}
		if !e.Enabled {
			access = "disabled"
		}
		module := fmt.Sprintf("%s@%d", e.Module.Name, e.Module.Version)
		if e.Function != host.DefaultFunction {
			module += " " + e.Function
		}
		rows = append(rows, []string{e.Method, e.Path, module, access, e.Name})
	}
	return rows
}

// releaseArgs accepts an app and numbers of releases, so many arguments in all.
func releaseArgs(least, most int) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if err := cobra.RangeArgs(least, most)(command, args); err != nil {
			return err
		}
		for _, arg := range args[1:] {
			if n, err := strconv.Atoi(arg); err != nil || n < 1 {
				return fmt.Errorf("%q is no number of a release", arg)
			}
		}
		return nil
	}
}

func rollbackCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	command := &cobra.Command{
		Use: "rollback APP [NUMBER]", Short: "Go back to the previous or another release of an app", Args: releaseArgs(1, 2),
		Long: `Activate another release of an app, at once and without a gap.

Without NUMBER it is the release before the active one. Nothing is lost: to go
forward again, name the newer release.`,
		Example: "  postern rollback hello\n  postern rollback hello 7",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			from, to, err := rollbackTarget(ctx, api, args)
			if err == nil && to == from {
				return fmt.Errorf("release %d of %s is active already", to, args[0])
			}
			var release *host.Release
			if err == nil {
				// If somebody deployed meanwhile, "previous" means another.
				release, err = api.ActivateRelease(ctx, args[0], to, client.IfMatch(from))
			}
			if err != nil {
				return fmt.Errorf("cannot roll back %s: %w", args[0], err)
			}
			if r.json {
				return r.document(map[string]any{"release": release, "previous": from})
			}
			fmt.Fprintf(r.out, "%s: release %d is active, was %d\n", args[0], release.Number, from)
			return nil
		}),
	}
	r.addFlags(command)
	return command
}

// rollbackTarget finds the active release and the one to go to.
func rollbackTarget(ctx context.Context, api *client.Client, args []string) (from, to int, err error) {
	err = each(func(page host.Page) (client.List[client.ReleaseSummary], error) {
		return api.Releases(ctx, args[0], page)
	},
		func(release client.ReleaseSummary) {
			switch {
			case release.Active:
				from = release.Number
			case from != 0 && to == 0:
				to = release.Number
			}
		})
	if err != nil {
		return 0, 0, err
	}
	if from == 0 {
		return 0, 0, errors.New("it has no release yet")
	}
	if len(args) == 2 {
		to, _ = strconv.Atoi(args[1])
	}
	if to == 0 {
		return 0, 0, hint(fmt.Errorf("there is none before release %d", from), "“postern releases list %s” shows the releases", strings.TrimSpace(args[0]))
	}
	return from, to, nil
}
