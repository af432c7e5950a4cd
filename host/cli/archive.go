package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/posternhq/postern/host/admin/client"
	"github.com/posternhq/postern/host/archive"
	"github.com/spf13/cobra"
)

func exportCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	var name string
	command := &cobra.Command{
		Use: "export APP", Short: "Save an app and its active release as one file", Args: cobra.ExactArgs(1),
		Long: `Save an app as an archive that “postern import” takes: its settings and
variables, the endpoints of its active release, the modules they use, the names
of their key groups and the definitions of its objects. Nothing secret is in it, and nothing
that belongs to the place: no keys, no members of key groups, no domains, no
webhook and no records.`,
		Example: "  postern export hello\n  postern export hello@staging -o hello.zip",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			file := name
			if file == "" {
				file = strings.ReplaceAll(args[0], "@", "-") + ".zip"
				if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
					return hint(fmt.Errorf("cannot export %s: %s is there already", args[0], file), "-o names another file, or this one to replace it")
				}
			}
			size, err := writeWhole(file, func(f *os.File) error { return download(ctx, api, args[0], f) })
			if err != nil {
				return fmt.Errorf("cannot export %s: %w", args[0], err)
			}
			if r.json {
				return r.document(map[string]any{"file": file, "bytes": size})
			}
			fmt.Fprintf(r.out, "%s: saved in %s, %s\n", args[0], file, megabytes(size))
			return nil
		}),
	}
	command.Flags().StringVarP(&name, "output", "o", "", "file to write (default APP.zip)")
	r.addFlags(command)
	return command
}

// download writes an archive to f and looks whether all of it arrived.
func download(ctx context.Context, api *client.Client, app string, f *os.File) error {
	if err := api.ExportApp(ctx, app, f); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = archive.Open(f, info.Size(), archive.Limits{ModuleBytes: math.MaxInt64, TotalBytes: math.MaxInt64})
	return err
}

// writeWhole makes a file, readable for its owner alone, that is either whole
// or not there, and returns its size.
func writeWhole(name string, write func(*os.File) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = write(f)
	if err == nil {
		size, err = f.Seek(0, 2)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), name)
}

func importCommand(c *console) *cobra.Command {
	r := &remote{console: c}
	var what client.Import
	command := &cobra.Command{
		Use: "import FILE", Short: "Make an app, or a release of one, of an exported file", Args: cobra.ExactArgs(1),
		Long: `Make a new app of an archive that “postern export” saved, or with --app a new
release of an app that is there, whose settings stay; its objects get the rules
in the archive, and their records stay. Key groups the app lacks
are made without members, so that endpoints that ask for one admit nobody until
“postern groups add” fills it. If anything fails, no app and no release is made.`,
		Example: "  postern import hello.zip\n  postern import hello.zip --environment staging\n  postern import hello.zip --app hello",
		RunE: r.run(func(ctx context.Context, api *client.Client, args []string) error {
			made, err := r.importFile(ctx, api, args[0], what)
			if err != nil {
				return fmt.Errorf("cannot import %s: %w", args[0], err)
			}
			if r.json {
				return r.document(made)
			}
			if made.Created {
				r.say("created app %s in %s", made.App.Slug, made.App.Environment)
			}
			fmt.Fprintf(r.out, "%s: release %d is active, with %d endpoints\n", made.App.Slug, made.Release.Number, len(made.Release.Endpoints))
			return nil
		}),
	}
	command.Flags().StringVar(&what.App, "app", "", "make a release of this app instead of a new app")
	command.Flags().StringVar(&what.Name, "name", "", "name of the new app (default: as in the file)")
	command.Flags().StringVar(&what.Environment, "environment", "", "environment of the new app (default: as in the file)")
	r.addFlags(command)
	return command
}

// importFile sends an archive.
func (r *remote) importFile(ctx context.Context, api *client.Client, name string, what client.Import) (made *client.Imported, err error) {
	err = r.sendFile(name, func(f *os.File, size int64, progress func(int64)) error {
		what.Content, what.Size, what.Progress = f, size, progress
		made, err = api.ImportApp(ctx, what)
		return err
	})
	return made, err
}

// sendFile has a file sent, with a progress bar if somebody watches.
func (r *remote) sendFile(name string, send func(f *os.File, size int64, progress func(int64)) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a directory")
	}
	if err != nil {
		return err
	}
	bar := newBar(r.err, "importing "+filepath.Base(name), info.Size())
	defer bar.done()
	return send(f, info.Size(), bar.set)
}
