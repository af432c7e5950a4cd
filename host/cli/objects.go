package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
	"github.com/spf13/cobra"
)

func objectsCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	list := listing[*host.Object]{
		use: "list APP", short: "List an app's objects, newest first", args: cobra.ExactArgs(1), name: "objects",
		head: []string{"OBJECT", "UNIQUE", "INDEXED", "SCHEMA", "UPDATED"},
		row: func(o *host.Object) []string {
			return []string{o.Name, strings.Join(o.UniqueFields, " "), strings.Join(o.IndexedFields, " "), hasSchema(o), o.UpdatedAt.String()}
		},
		read: func(ctx context.Context, api *client.Client, args []string, page host.Page) (client.List[*host.Object], error) {
			return api.Objects(ctx, args[0], page)
		},
	}
	remove := deletion{
		use: "delete APP OBJECT", short: "Delete an object and all its records", args: cobra.ExactArgs(2), noun: "object",
		find: func(ctx context.Context, api *client.Client, args []string) (*doomed, error) {
			o, err := api.Object(ctx, args[0], args[1])
			if err != nil {
				return nil, err
			}
			return &doomed{"object " + o.Name + " and all its records", o.ID, func(ctx context.Context) error { return api.DeleteObject(ctx, args[0], o.Name) }}, nil
		},
	}
	objects := group("objects", "Manage objects, which hold an app's records, and the records",
		list.command(r), objectsShowCommand(r), objectsCreateCommand(r), objectsUpdateCommand(r), remove.command(r),
		objectsQueryCommand(r), objectsImportCommand(r), objectsExportCommand(r))
	objects.Long = `An object is a named collection of an app's records, which are JSON documents.

FIELD is a member of a record, such as email, or a path into it: address.zip.`
	r.addFlags(objects)
	return objects
}

func hasSchema(o *host.Object) string {
	if o.Schema == nil || string(o.Schema) == "null" {
		return "none"
	}
	return "yes"
}

func objectsShowCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "show APP OBJECT", Short: "Show an object's definition", Args: cobra.ExactArgs(2),
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			o, err := api.Object(ctx, args[0], args[1])
			if err != nil {
				return fmt.Errorf("cannot show object %s: %w", shown(args[1]), err)
			}
			return r.showObject(o)
		}),
	}
}

// showObject prints a definition.
func (r *remote) showObject(o *host.Object) error {
	if r.json {
		return r.document(map[string]any{"object": o})
	}
	return r.facts("object", o.Name, "id", o.ID, "unique fields", strings.Join(o.UniqueFields, " "),
		"indexed fields", strings.Join(o.IndexedFields, " "), "schema", string(o.Schema),
		"created", o.CreatedAt.String(), "updated", o.UpdatedAt.String())
}

// objectFlags are the rules of an object that commands give.
type objectFlags struct {
	schema          string // name of a file
	unique, indexed []string
}

func (f *objectFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.schema, "schema", "", "file with the JSON Schema that records must meet")
	flags.StringSliceVar(&f.unique, "unique", nil, "FIELD of which no two records may have the same value; may be repeated")
	flags.StringSliceVar(&f.indexed, "index", nil, "FIELD by which queries are to be quick; may be repeated")
}

// fields are the flags that were given.
func (f *objectFlags) fields() (fields client.ObjectFields, err error) {
	if f.schema != "" {
		schema, err := readSchema(f.schema)
		if err != nil {
			return fields, err
		}
		fields.Schema = client.Value(schema)
	}
	if len(f.unique) > 0 {
		fields.UniqueFields = client.Value(f.unique)
	}
	if len(f.indexed) > 0 {
		fields.IndexedFields = client.Value(f.indexed)
	}
	return fields, nil
}

// readSchema reads a file with a JSON Schema.
func readSchema(name string) (json.RawMessage, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the schema: %w", err)
	}
	if !json.Valid(content) {
		return nil, fmt.Errorf("the schema in %s is not valid JSON", name)
	}
	return content, nil
}

func objectsCreateCommand(r *remote) *cobra.Command {
	var flags objectFlags
	command := &cobra.Command{
		Use: "create APP NAME", Short: "Define an object", Args: cobra.ExactArgs(2),
		Example: "  postern objects create shop orders\n  postern objects create shop customers --schema customer.json --unique email --index address.zip",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			fields, err := flags.fields()
			var o *host.Object
			if err == nil {
				fields.Name = client.Value(args[1])
				o, err = api.CreateObject(ctx, args[0], fields)
			}
			if err != nil {
				return fmt.Errorf("cannot create object %q: %w", args[1], err)
			}
			return r.showObject(o)
		}),
	}
	flags.add(command)
	return command
}

// objectClears takes a rule from an object.
var objectClears = map[string]func(*client.ObjectFields){
	"schema": func(f *client.ObjectFields) { f.Schema = client.Null[json.RawMessage]() },
	"unique": func(f *client.ObjectFields) { f.UniqueFields = client.Value([]string{}) },
	"index":  func(f *client.ObjectFields) { f.IndexedFields = client.Value([]string{}) },
}

func objectsUpdateCommand(r *remote) *cobra.Command {
	var flags objectFlags
	clear := clearing[client.ObjectFields]{by: objectClears}
	command := &cobra.Command{
		Use: "update APP OBJECT", Short: "Change the rules of an object", Args: cobra.ExactArgs(2),
		Long: `Change the rules of an object. What no flag names stays as it is. Fields that are
given replace those there were; --clear takes rules away. A new schema counts
for what is written from now on; a new unique field must be unique already.`,
		Example: "  postern objects update shop orders --index status --index customer\n  postern objects update shop orders --clear schema",
	}
	command.RunE = r.run(func(ctx context.Context, api *client.Client, args []string) error {
		fields, err := flags.fields()
		if err == nil {
			err = clear.apply(&fields)
		}
		if err == nil && reflect.ValueOf(fields).IsZero() {
			err = nothingToChange(command)
		}
		if err != nil {
			return err
		}
		o, err := api.UpdateObject(ctx, args[0], args[1], fields)
		if err != nil {
			return fmt.Errorf("cannot update object %s: %w", shown(args[1]), err)
		}
		return r.showObject(o)
	})
	flags.add(command)
	clear.add(command, "rule to take away")
	return command
}
