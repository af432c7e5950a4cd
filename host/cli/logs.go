package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// logs is the logs command with its flags.
type logs struct {
	*remote
	endpoint string
	failed   bool
	follow   bool
	limit    int
}

func logsCommand(c *console) *cobra.Command {
	l := &logs{remote: &remote{console: c}}
	command := &cobra.Command{
		Use: "logs APP [REQUEST-ID]", Short: "Show an app's invocations and what its modules logged", Args: cobra.RangeArgs(1, 2),
		Long: `Show an app's invocations, oldest first, each with what went wrong and what the
module logged. With a request id, which every answer carries as X-Request-Id,
show that one with the time its stages took.

With --follow --json every invocation is one line of JSON.`,
		Example: "  postern logs hello --failed\n  postern logs hello --endpoint 'Say hello' --follow\n  postern logs hello 01a2b3c4-…",
		RunE:    l.run(l.show),
	}
	flags := command.Flags()
	flags.StringVar(&l.endpoint, "endpoint", "", "only of the endpoint with this name or id")
	flags.BoolVar(&l.failed, "failed", false, "only those that failed")
	flags.BoolVarP(&l.follow, "follow", "f", false, "go on and show new ones until interrupted")
	flags.IntVar(&l.limit, "limit", host.DefaultPageLimit, fmt.Sprintf("newest invocations to show, at most %d", host.MaxPageLimit))
	l.addFlags(command)
	return command
}

func (l *logs) show(ctx context.Context, api *client.Client, args []string) error {
	if len(args) == 2 {
		return l.one(ctx, api, args[0], args[1])
	}
	filter := host.InvocationFilter{Failed: l.failed}
	var err error
	if filter.EndpointID, err = findEndpoint(ctx, api, args[0], l.endpoint); err != nil {
		return fmt.Errorf("cannot show logs of %s: %w", args[0], err)
	}
	records, err := api.Invocations(ctx, args[0], filter, host.Page{Limit: l.limit})
	if err != nil {
		return fmt.Errorf("cannot show logs of %s: %w", args[0], err)
	}
	slices.Reverse(records.Items)
	if l.json && !l.follow {
		return l.document(map[string]any{"invocations": records.Items, "pagination": records.Pagination})
	}
	if err := l.print(records.Items); err != nil || !l.follow {
		return err
	}
	if n := len(records.Items); n > 0 {
		filter.After = records.Items[n-1].RequestID
	}
	return l.tail(ctx, api, args[0], filter)
}

// tail prints what comes after the filter's request id, until ctx ends.
func (l *logs) tail(ctx context.Context, api *client.Client, app string, filter host.InvocationFilter) error {
	fresh := func() (records []*host.Invocation, err error) {
		read := func(page host.Page) (client.List[*host.Invocation], error) {
			return api.Invocations(ctx, app, filter, page)
		}
		err = each(read, func(record *host.Invocation) { records = append(records, record) })
		if err != nil {
			return nil, fmt.Errorf("cannot follow logs of %s: %w", app, err)
		}
		records = settled(records)
		if n := len(records); n > 0 {
			filter.After = records[n-1].RequestID
		}
		return records, nil
	}
	return follow(ctx, fresh, l.print)
}

// settled orders what several pages brought oldest first, and drops what two
// of them brought because something new moved it from one to the next.
func settled(records []*host.Invocation) []*host.Invocation {
	slices.Reverse(records)
	seen := map[string]bool{}
	return slices.DeleteFunc(records, func(record *host.Invocation) bool {
		repeated := seen[record.RequestID]
		seen[record.RequestID] = true
		return repeated
	})
}

func (l *logs) print(records []*host.Invocation) error {
	return printEach(l.remote, records, l.printOne)
}

func (l *logs) printOne(record *host.Invocation) {
	took := (time.Duration(record.DurationUS) * time.Microsecond).Round(10 * time.Microsecond)
	fmt.Fprintf(l.out, "%s  %d  %s %s  %s  %s  %s\n", record.StartedAt, record.Status,
		printable(record.Method), printable(record.Path), took, first(printable(record.Endpoint), "-"), printable(record.RequestID))
	if record.Code != "" || record.Reason != "" {
		fmt.Fprintf(l.out, "    %s\n", printable(strings.TrimSuffix(string(record.Code)+": "+record.Reason, ": ")))
	}
	for _, line := range record.Logs {
		level := line.Level
		for part := range strings.SplitSeq(strings.TrimRight(line.Text, "\n"), "\n") {
			fmt.Fprintf(l.out, "    %-5s  %s\n", level, printable(part))
			level = "" // a stack trace is one line of many
		}
	}
}

// one shows a single invocation with everything that is known of it.
func (l *logs) one(ctx context.Context, api *client.Client, app, requestID string) error {
	record, err := api.Invocation(ctx, app, requestID)
	if err != nil {
		return fmt.Errorf("cannot show request %s of %s: %w", requestID, app, err)
	}
	if l.json {
		return l.document(map[string]any{"invocation": record})
	}
	l.printOne(record)
	fmt.Fprintln(l.out)
	caller := strings.TrimSpace(record.CallerKind + " " + record.CallerID)
	pairs := []string{"endpoint", record.Endpoint, "release", fmt.Sprint(record.Release), "caller", caller}
	for _, stage := range record.Stages {
		pairs = append(pairs, stage.Name, (time.Duration(stage.DurationUS) * time.Microsecond).String())
	}
	return l.facts(pairs...)
}

// findEndpoint returns the id of the app's endpoint with the name or id, and
// "" for "".
func findEndpoint(ctx context.Context, api *client.Client, app, ref string) (string, error) {
	if ref == "" || host.IsID(ref) {
		return ref, nil
	}
	var ids, names []string
	err := each(func(page host.Page) (client.List[*host.Endpoint], error) { return api.Endpoints(ctx, app, page) }, func(e *host.Endpoint) {
		names = append(names, e.Name)
		if e.Name == ref {
			ids = append(ids, e.ID)
		}
	})
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", hint(host.Errorf(host.CodeNotFound, "it has no endpoint called %q", ref), "its endpoints are: %s", strings.Join(names, ", "))
	case len(ids) > 1:
		return "", hint(host.Errorf(host.CodeConflict, "%d of its endpoints are called %q", len(ids), ref), "name one by its id: %s", strings.Join(ids, ", "))
	}
	return ids[0], nil
}
