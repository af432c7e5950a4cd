package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// listing is a command that shows a list as a table.
type listing[T any] struct {
	use, short string
	args       cobra.PositionalArgs
	name       string // of the list in JSON
	head       []string
	row        func(T) []string
	read       func(ctx context.Context, api *client.Client, args []string, page host.Page) (client.List[T], error)
}

func (l listing[T]) command(r *remote) *cobra.Command {
	var page host.Page
	command := &cobra.Command{
		Use: l.use, Short: l.short, Args: l.args,
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			list, err := l.read(ctx, api, args, page)
			if err != nil {
				what := strings.ReplaceAll(l.name, "_", " ")
				if len(args) > 0 {
					what += " of " + args[0]
				}
				return fmt.Errorf("cannot list %s: %w", what, err)
			}
			if r.json {
				return r.document(map[string]any{l.name: list.Items, "pagination": list.Pagination})
			}
			rows := [][]string{}
			for _, item := range list.Items {
				rows = append(rows, l.row(item))
			}
			defer r.more(list.Pagination, len(rows))
			return r.table(l.head, rows)
		}),
	}
	pageFlags(command, &page)
	return command
}

// doomed is something that is about to be deleted: its name in sentences, its
// id, and how.
type doomed struct {
	what, id string
	remove   func(context.Context) error
}

// deletion is a command that asks and deletes.
type deletion struct {
	use, short string
	args       cobra.PositionalArgs
	noun       string // what is deleted; the last argument names it
	find       func(ctx context.Context, api *client.Client, args []string) (*doomed, error)
}

func (d deletion) command(r *remote) *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use: d.use, Short: d.short, Args: d.args,
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			failed := func(err error) error {
				return fmt.Errorf("cannot delete %s %s: %w", d.noun, shown(args[len(args)-1]), err)
			}
			found, err := d.find(ctx, api, args)
			if err != nil {
				return failed(err)
			}
			if !yes {
				if err := r.confirm(fmt.Sprintf("Delete %s?", found.what)); err != nil {
					return err
				}
			}
			if err := found.remove(ctx); err != nil {
				return failed(err)
			}
			if r.json {
				return r.document(map[string]any{"deleted": found.id})
			}
			fmt.Fprintf(r.out, "deleted %s\n", found.what)
			return nil
		}),
	}
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return command
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

// named finds the one entry of a list that matches; what and command say what
// the entries are and which command shows them.
func named[T any](read func(host.Page) (client.List[T], error), what, command string, matches func(T) bool) (T, error) {
	var found []T
	err := each(read, func(item T) {
		if matches(item) {
			found = append(found, item)
		}
	})
	var none T
	switch {
	case err != nil:
		return none, err
	case len(found) == 0:
		return none, hint(host.Errorf(host.CodeNotFound, "there is no such %s", what), "“%s” shows the %ss", command, what)
	case len(found) > 1:
		return none, hint(host.Errorf(host.CodeConflict, "%d %ss have that name", len(found), what), "name it by its id, as “%s” shows it", command)
	}
	return found[0], nil
}
