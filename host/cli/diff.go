package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func releasesDiffCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "diff APP A B", Short: "Show what changes from release A to release B", Args: releaseArgs(3, 3),
		Long: `Show what changes from release A to release B: endpoints that come (+), go (-)
or differ (~), each differing field with its old and new value, and the modules.`,
		Example: "  postern releases diff hello 6 7",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			from, _ := strconv.Atoi(args[1])
			to, _ := strconv.Atoi(args[2])
			diff, err := api.DiffReleases(ctx, args[0], from, to)
			if err != nil {
				return fmt.Errorf("cannot compare releases %d and %d of %s: %w", from, to, args[0], err)
			}
			if r.json {
				return r.document(map[string]any{"diff": diff})
			}
			if diff.Empty() {
				fmt.Fprintf(r.out, "release %d and release %d have the same endpoints\n", from, to)
				return nil
			}
			r.showDiff(r.out, diff)
			return nil
		}),
	}
}

// Colours of the marks of a diff.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
)

// painter returns a function that colours text on a terminal, unless the
// person asked for none (no-color.org).
func (c *console) painter(w io.Writer) func(color, text string) string {
	if !isTerminal(w) || c.getenv("NO_COLOR") != "" {
		return func(_, text string) string { return text }
	}
	return func(color, text string) string { return "\x1b[" + color + "m" + text + "\x1b[0m" }
}

// showDiff prints a diff for a person. What comes from the server cannot steer
// the terminal.
func (c *console) showDiff(w io.Writer, d *host.ReleaseDiff) {
	paint := c.painter(w)
	line := func(color, mark, text string) { fmt.Fprintln(w, paint(color, mark+" "+printable(text))) }
	for _, e := range d.Endpoints.Added {
		line(green, "+", endpointLine(&e))
	}
	for _, e := range d.Endpoints.Removed {
		line(red, "-", endpointLine(&e))
	}
	for _, e := range d.Endpoints.Changed {
		line(yellow, "~", e.Method+" "+e.Path+"  "+e.Name)
		for _, f := range e.Fields {
			showField(w, paint, f)
		}
	}
	for _, m := range d.Modules.Added {
		line(green, "+", "module "+moduleLine(m))
	}
	for _, m := range d.Modules.Removed {
		line(red, "-", "module "+moduleLine(m))
	}
	for _, m := range d.Modules.Changed {
		line(yellow, "~", "module "+moduleLine(m.Old)+" → "+moduleLine(m.New))
	}
}

func endpointLine(e *host.Endpoint) string {
	return e.Method + " " + e.Path + "  " + e.Name + "  (" + moduleLine(e.Module) + ")"
}

// moduleLine names a module; one that was not uploaded yet has no version.
func moduleLine(m host.PinnedModule) string {
	name := m.Name
	if m.Version > 0 {
		name += "@" + strconv.Itoa(m.Version)
	}
	return name + " " + m.Digest[:min(len(m.Digest), 12)]
}

// longValue is the length from which values stand below one another.
const longValue = 50

func showField(w io.Writer, paint func(color, text string) string, f host.FieldChange) {
	before, after := fieldText(f.Field, f.Old), fieldText(f.Field, f.New)
	if len(before)+len(after) < longValue {
		fmt.Fprintf(w, "    %s: %s → %s\n", f.Field, paint(red, before), paint(green, after))
		return
	}
	fmt.Fprintf(w, "    %s:\n      %s\n      %s\n", f.Field, paint(red, "- "+before), paint(green, "+ "+after))
}

// fieldText is a value as a person writes it.
func fieldText(field string, value json.RawMessage) string {
	var m host.PinnedModule
	if field == "module" && json.Unmarshal(value, &m) == nil {
		return printable(moduleLine(m))
	}
	return printable(string(value))
}
