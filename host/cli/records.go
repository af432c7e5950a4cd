package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func objectsQueryCommand(r *remote) *cobra.Command {
	var filter string
	var query client.RecordQuery
	command := &cobra.Command{
		Use: "query APP OBJECT", Short: "Find records", Args: cobra.ExactArgs(2),
		Long: `Find records and print each as one line of JSON.

The filter is JSON: conditions by field, and AND, OR and NOT. “-” before a field
of --sort turns the order around.`,
		Example: `  postern objects query shop orders --filter '{"status":"open","total":{"greaterThan":10}}'` +
			"\n  postern objects query shop orders --sort -total --fields customer,total --limit 10",
	}
	command.RunE = r.run(func(ctx context.Context, api *client.Client, args []string) error {
		if query.Limit < 1 || query.Limit > host.MaxQueryLimit {
			return wrongUsage(command, "--limit must be a number from 1 to %d", host.MaxQueryLimit)
		}
		if filter != "" {
			if query.Filter = json.RawMessage(filter); !json.Valid(query.Filter) {
				return wrongUsage(command, "--filter must be JSON")
			}
		}
		found, err := api.QueryRecords(ctx, args[0], args[1], query)
		if err != nil {
			return fmt.Errorf("cannot query object %s: %w", shown(args[1]), err)
		}
		if r.json {
			return r.document(found)
		}
		for _, record := range found.Records {
			fmt.Fprintln(r.out, r.harmless(string(record)))
		}
		if p := found.Pagination; found.Cursor != "" {
			r.say("%d of %d shown; --cursor %s goes on", len(found.Records), p.Total, found.Cursor)
		}
		return nil
	})
	flags := command.Flags()
	flags.StringVar(&filter, "filter", "", "what records must meet (default: all)")
	flags.StringSliceVar(&query.Sort, "sort", nil, "FIELD to order by; may be repeated")
	flags.StringSliceVar(&query.Fields, "fields", nil, "FIELD to show; may be repeated (default: all)")
	flags.IntVar(&query.Limit, "limit", host.DefaultQueryLimit, fmt.Sprintf("records to show, at most %d", host.MaxQueryLimit))
	flags.IntVar(&query.Offset, "offset", 0, "records to skip")
	flags.StringVar(&query.Cursor, "cursor", "", "go on where the same query ended before")
	return command
}

// Formats of streams of records, by the endings of files.
var formatsByEnding = map[string]string{".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}

// formatFlag is the flag --format, which the ending of a file stands for.
type formatFlag struct {
	command *cobra.Command
	value   string
}

func (f *formatFlag) add(command *cobra.Command) {
	f.command = command
	command.Flags().StringVar(&f.value, "format", "", "csv or ndjson (default: by the ending of the file)")
}

// of is the format of a file; fallback is for one that says nothing.
func (f *formatFlag) of(file, fallback string) (string, error) {
	format := first(f.value, formatsByEnding[strings.ToLower(filepath.Ext(file))], fallback)
	if format != "csv" && format != "ndjson" {
		return "", wrongUsage(f.command, "--format must be csv or ndjson, or the file end in .csv, .ndjson or .jsonl")
	}
	return format, nil
}

func objectsImportCommand(r *remote) *cobra.Command {
	var format formatFlag
	var conflict string
	command := &cobra.Command{
		Use: "import APP OBJECT FILE", Short: "Store records from a CSV or NDJSON file", Args: cobra.ExactArgs(3),
		Long: `Store the records of FILE, “-” for standard input. In NDJSON each line is a JSON
document. In CSV the first line names fields; a cell is a text where the
object's schema says so, elsewhere JSON if it looks like it; an empty cell is a
missing field.

Records are stored as they come. A line that is refused ends the import, and
what stands before it stays stored.`,
		Example: "  postern objects import shop customers customers.csv\n  zcat orders.gz | postern objects import shop orders - --format ndjson --on-conflict existing",
	}
	command.RunE = r.run(func(ctx context.Context, api *client.Client, args []string) error {
		how, err := format.of(args[2], "")
		if err != nil {
			return err
		}
		if conflict != "error" && conflict != "existing" {
			return wrongUsage(command, "--on-conflict must be error or existing")
		}
		done, err := r.importRecords(ctx, api, args[0], args[1], args[2], client.RecordImport{Format: how, Existing: conflict == "existing"})
		if err != nil {
			return fmt.Errorf("cannot import %s: %w", shown(args[2]), err)
		}
		if r.json {
			return r.document(map[string]any{"imported": done})
		}
		fmt.Fprintf(r.out, "%s of %s: stored %d records", args[1], args[0], done.Records)
		if done.Existing > 0 {
			fmt.Fprintf(r.out, ", left out %d that are there already", done.Existing)
		}
		fmt.Fprintln(r.out)
		return nil
	})
	format.add(command)
	command.Flags().StringVar(&conflict, "on-conflict", "error", "what to do with a record whose id or unique value is taken: error, or existing to leave the one that is there")
	return command
}

// importRecords sends a file, or standard input.
func (r *remote) importRecords(ctx context.Context, api *client.Client, app, object, name string, what client.RecordImport) (done *client.RecordsImported, err error) {
	if name == "-" {
		counter := newCounter(r.err, "importing")
		defer counter.done()
		what.Content, what.Size, what.Progress = r.in, -1, counter.set
		return api.ImportRecords(ctx, app, object, what)
	}
	err = r.sendFile(name, func(f *os.File, size int64, progress func(int64)) error {
		what.Content, what.Size, what.Progress = f, size, progress
		done, err = api.ImportRecords(ctx, app, object, what)
		return err
	})
	return done, err
}

func objectsExportCommand(r *remote) *cobra.Command {
	var format formatFlag
	var file string
	command := &cobra.Command{
		Use: "export APP OBJECT", Short: "Print all records, or save them in a file", Args: cobra.ExactArgs(2),
		Long: `Print all records of an object, in NDJSON unless --format says CSV, or save them
in a file. “postern objects import” takes what was exported: the records get the
same ids and the same content.`,
		Example: "  postern objects export shop orders | jq .total\n  postern objects export shop orders -o orders.csv",
	}
	command.RunE = r.run(func(ctx context.Context, api *client.Client, args []string) error {
		how, err := format.of(file, "ndjson")
		if err != nil {
			return err
		}
		if file == "" {
			if r.json {
				return wrongUsage(command, "--json needs --output: the records themselves go to standard output")
			}
			if err := api.ExportRecords(ctx, args[0], args[1], how, r.out); err != nil {
				return fmt.Errorf("cannot export object %s: %w", shown(args[1]), err)
			}
			return nil
		}
		counter := newCounter(r.err, "exporting "+args[1])
		size, err := writeWhole(file, func(f *os.File) error {
			return api.ExportRecords(ctx, args[0], args[1], how, io.MultiWriter(f, counter))
		})
		counter.done()
		if err != nil {
			return fmt.Errorf("cannot export object %s: %w", shown(args[1]), err)
		}
		if r.json {
			return r.document(map[string]any{"file": file, "bytes": size})
		}
		fmt.Fprintf(r.out, "%s of %s: saved in %s, %s\n", args[1], args[0], file, megabytes(size))
		return nil
	})
	format.add(command)
	command.Flags().StringVarP(&file, "output", "o", "", "file to write (default: standard output)")
	return command
}
