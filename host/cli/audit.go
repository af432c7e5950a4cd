package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

// audit is the audit command with its flags.
type audit struct {
	*remote
	app, actor, since string
	filter            host.AuditFilter
	all, follow       bool
	limit             int
}

func auditCommand(c *console) *cobra.Command {
	a := &audit{remote: &remote{console: c}}
	command := &cobra.Command{
		Use: "audit", Short: "Show who changed what, and which calls were refused", Args: a.arguments,
		Long: `Show the audit log, oldest first: every change by a management call, with what
was there before and after it, and every call that was refused.

With --all every entry is a line of JSON, the newest first, to be kept elsewhere.
With --follow --json the new entries are, as they come.`,
		Example: "  postern audit\n  postern audit --app hello --since 24h\n  postern audit --actor ada --action update-member\n  postern audit --all > audit.ndjson",
		RunE: a.run(func(ctx context.Context, api *client.Client, _ []string) error {
			err := a.resolve(ctx, api)
			if err == nil {
				err = a.show(ctx, api)
			}
			if err != nil {
				return fmt.Errorf("cannot show the audit log: %w", err)
			}
			return nil
		}),
	}
	flags := command.Flags()
	flags.StringVar(&a.app, "app", "", "only what belongs to this app, named by id or slug; by its id if it was deleted")
	flags.StringVar(&a.actor, "actor", "", "only of this member, named by name or id; or of the organization, by id")
	flags.StringVar(&a.filter.Action, "action", "", "only this operation, such as update-key")
	flags.StringVar(&a.since, "since", "", "only from this instant on (RFC 3339), or this long ago, such as 24h")
	flags.BoolVar(&a.all, "all", false, "print all entries, one line of JSON each")
	flags.BoolVarP(&a.follow, "follow", "f", false, "go on and show new ones until interrupted")
	flags.IntVar(&a.limit, "limit", host.DefaultPageLimit, fmt.Sprintf("newest entries to show, at most %d", host.MaxPageLimit))
	a.addFlags(command)
	return command
}

// arguments refuses those, and flags that contradict each other.
func (a *audit) arguments(command *cobra.Command, args []string) error {
	if a.all && (a.follow || command.Flags().Changed("limit")) {
		return errors.New("--all goes neither with --follow nor with --limit")
	}
	return cobra.NoArgs(command, args)
}

// resolve makes the filter of what the flags name. Ids stand for themselves,
// because what they name may be gone.
func (a *audit) resolve(ctx context.Context, api *client.Client) error {
	a.filter.Target, a.filter.Actor = a.app, a.actor
	if a.app != "" && !host.IsID(a.app) {
		app, err := api.App(ctx, a.app)
		if err != nil {
			return err
		}
		a.filter.Target = app.ID
	}
	if a.actor != "" && !host.IsID(a.actor) {
		member, err := findMember(ctx, api, a.actor)
		if err != nil {
			return err
		}
		a.filter.Actor = member.ID
	}
	if a.since == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, a.since)
	if err != nil {
		ago, failed := time.ParseDuration(a.since)
		if failed != nil || ago < 0 {
			return host.Errorf(host.CodeInvalid, "--since must be an RFC 3339 instant or a duration such as 24h, not %q", a.since)
		}
		at = time.Now().Add(-ago)
	}
	a.filter.Since = host.At(at)
	return nil
}

func (a *audit) show(ctx context.Context, api *client.Client) error {
	if a.all {
		return api.ExportAuditLog(ctx, a.filter, a.out)
	}
	entries, err := api.AuditLog(ctx, a.filter, host.Page{Limit: a.limit})
	if err != nil {
		return err
	}
	slices.Reverse(entries.Items)
	if a.json && !a.follow {
		return a.document(map[string]any{"entries": entries.Items, "pagination": entries.Pagination})
	}
	if err := a.print(entries.Items); err != nil {
		return err
	}
	if a.follow {
		return a.tail(ctx, api, entries.Items)
	}
	if entries.Pagination.HasMore {
		a.say("the newest %d of %d entries; --all shows all, --limit others", len(entries.Items), entries.Pagination.Total)
	}
	return nil
}

// auditOverlap is how far --follow looks back: a change has the time of its
// call, and may be committed behind a later one.
const auditOverlap = 10 * time.Second

// tail prints what comes behind the shown entries, until ctx ends.
func (a *audit) tail(ctx context.Context, api *client.Client, shown []*host.AuditEntry) error {
	known := map[string]host.Time{}
	oldest, latest := "", host.Now()
	for i, entry := range shown {
		if known[entry.ID] = entry.Time; i == 0 {
			oldest = entry.ID // what is before it was left out for the limit
		}
	}
	fresh := func() (entries []*host.AuditEntry, err error) {
		filter := a.filter
		if from := host.FromMillis(latest.Millis() - auditOverlap.Milliseconds()); from.Millis() > filter.Since.Millis() {
			filter.Since = from
		}
		err = each(func(page host.Page) (client.List[*host.AuditEntry], error) { return api.AuditLog(ctx, filter, page) }, func(entry *host.AuditEntry) {
			if _, repeated := known[entry.ID]; !repeated && entry.ID > oldest {
				known[entry.ID] = entry.Time
				entries = append(entries, entry)
			}
		})
		for _, entry := range entries {
			latest = host.FromMillis(max(latest.Millis(), entry.Time.Millis()))
		}
		maps.DeleteFunc(known, func(_ string, at host.Time) bool { return at.Millis() < filter.Since.Millis() })
		slices.Reverse(entries)
		return entries, err
	}
	return follow(ctx, fresh, a.print)
}

func (a *audit) print(entries []*host.AuditEntry) error {
	return printEach(a.remote, entries, a.printOne)
}

func (a *audit) printOne(e *host.AuditEntry) {
	who, what := "nobody known", ""
	switch {
	case e.Actor == nil:
	case e.Actor.Kind == host.ActorOrganization:
		who = "organization key"
	default:
		who = e.Actor.Name
	}
	if e.Target != nil {
		what = "  " + strings.TrimSpace(e.Target.Kind+" "+e.Target.ID+" "+entryName(e))
	}
	fmt.Fprintf(a.out, "%s  %s  %s%s  from %s\n", e.Time, printable(who), printable(first(e.Action, e.Method+" "+e.Path)), printable(what), printable(e.Client))
	if e.Refused != "" {
		fmt.Fprintf(a.out, "    refused: %s\n", printable(e.Reason))
	}
	for _, field := range changedFields(e.Before, e.After) {
		showField(a.out, a.painter(a.out), field)
	}
}

// entryName is the name that something had before it was changed, or has if it
// is new.
func entryName(e *host.AuditEntry) string {
	for _, side := range []json.RawMessage{e.Before, e.After} {
		var named struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(side, &named) == nil && named.Name != "" {
			return "(" + named.Name + ")"
		}
	}
	return ""
}

// maxShown bounds a value at a terminal; --json has the whole.
const maxShown = 200

// changedFields lists the members of two objects that differ. Of something that
// is new or gone it takes the name alone.
func changedFields(before, after json.RawMessage) (out []host.FieldChange) {
	var old, now map[string]json.RawMessage
	if json.Unmarshal(before, &old) != nil || json.Unmarshal(after, &now) != nil || len(old) == 0 || len(now) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if name != "updated_at" && !bytes.Equal(old[name], now[name]) {
			out = append(out, host.FieldChange{Field: name, Old: short(old[name]), New: short(now[name])})
		}
	}
	return out
}

// short cuts a long value.
func short(value json.RawMessage) json.RawMessage {
	if len(value) <= maxShown {
		return value
	}
	return append(bytes.Clone(value[:maxShown]), "…"...)
}
