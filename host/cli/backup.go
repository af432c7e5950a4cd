package cli

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/config"
	"github.com/posternhq/postern/host/store"
	"github.com/spf13/cobra"
)

// A backup is a zip file of the databases and backup.json, which comes first.
const (
	backupFormat = 1
	backupInfo   = "backup.json"
)

// backup is what backup.json holds.
type backup struct {
	Format    int       `json:"format"`
	Postern   string    `json:"postern"` // version that made it
	Schema    int64     `json:"schema"`
	CreatedAt host.Time `json:"created_at"`
	Files     []string  `json:"files"`
}

func backupCommand(c *console) *cobra.Command {
	var withoutLog, asJSON bool
	command := &cobra.Command{
		Use: "backup FILE", Short: "Save the databases of a server on this machine", Args: cobra.ExactArgs(1),
		Long: `Save the databases of the data directory in one file, as they are at one moment,
while a server goes on serving. Everything that was acknowledged before is in it.
It is for the embedded database; PostgreSQL has tools of its own.

The master key is not in the file, so that a backup alone opens no secret: keep
master.key, or POSTERN_MASTER_KEY, in another place. A backup cannot be used
without it.`,
		Example: "  postern backup postern-$(date +%F).zip --data /var/lib/postern",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.embedded(cmd, "pg_dump saves it")
			if err != nil {
				return err
			}
			if _, err := os.Lstat(args[0]); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("cannot back up: %s is there already", args[0])
			}
			names := []string{store.MainFile, store.LogFile}
			if withoutLog {
				names = names[:1]
			}
			made, size, err := saveBackup(cmd.Context(), cfg.Data, args[0], names)
			if err != nil {
				return fmt.Errorf("cannot back up %s: %w", cfg.Data, err)
			}
			c.say("the master key is not in it: keep master.key or POSTERN_MASTER_KEY in another place")
			if asJSON {
				return c.document(map[string]any{"file": args[0], "bytes": size, "backup": made})
			}
			_, err = fmt.Fprintf(c.out, "saved %s in %s, %s\n", cfg.Data, args[0], megabytes(size))
			return err
		},
	}
	command.Flags().BoolVar(&withoutLog, "without-log", false, "leave the invocation log out")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	addStoreSettings(command)
	return command
}

// embedded reads the settings of a server and refuses PostgreSQL; tool says
// what does the job there.
func (c *console) embedded(cmd *cobra.Command, tool string) (config.Config, error) {
	cfg, err := c.configuration(cmd)
	// A database URL asks for more settings, which are nothing to complain
	// about here.
	if cfg.DatabaseURL != "" || cmd.Flags().Changed("database-url") || c.getenv("POSTERN_DATABASE_URL") != "" {
		err = hint(errors.New("this server keeps its state in PostgreSQL, which has tools of its own for this: "+tool),
			"host/store/README.md says how; without --database-url and POSTERN_DATABASE_URL this command is for the data directory")
	}
	return cfg, err
}

// saveBackup copies the databases beside the file, looks whether the copies are
// whole, and packs them.
func saveBackup(ctx context.Context, data, file string, names []string) (made *backup, size int64, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(file), ".postern-backup-*") // mode 0700
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(dir)
	made = &backup{Format: backupFormat, Postern: version, CreatedAt: host.Now(), Files: names}
	for _, name := range names {
		schema := int64(0)
		if err = store.Copy(ctx, data, name, filepath.Join(dir, name)); err == nil {
			schema, err = store.CheckFile(ctx, filepath.Join(dir, name))
		}
		if err != nil {
			return nil, 0, err
		}
		made.Schema = max(made.Schema, schema)
	}
	size, err = writeWhole(file, func(f *os.File) error { return packBackup(f, made, dir) })
	return made, size, err
}

func packBackup(w io.Writer, b *backup, dir string) error {
	out := zip.NewWriter(w)
	entry, err := out.Create(backupInfo)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(entry).Encode(b); err != nil {
		return err
	}
	for _, name := range b.Files {
		if err := packFile(out, dir, name); err != nil {
			return err
		}
	}
	return out.Close()
}

func packFile(out *zip.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	entry, err := out.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, f)
	return err
}

func restoreCommand(c *console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "restore FILE", Short: "Make a data directory of a backup", Args: cobra.ExactArgs(1),
		Long: `Make a data directory of a file that “postern backup” saved. The directory must be
empty or not there; the databases are looked at before they count. An older
backup is brought up to date by the next “postern serve”.

The backup does not hold the master key: put master.key into the directory, or
set POSTERN_MASTER_KEY, before the server starts.`,
		Example: "  postern restore postern-2026-11-22.zip --data /var/lib/postern",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.embedded(cmd, "pg_restore brings it back")
			if err != nil {
				return err
			}
			restored, err := restoreBackup(cmd.Context(), args[0], cfg.Data)
			if err != nil {
				return fmt.Errorf("cannot restore %s: %w", args[0], err)
			}
			c.say("put master.key into %s, or set POSTERN_MASTER_KEY, before the server starts", cfg.Data)
			if asJSON {
				return c.document(map[string]any{"data": cfg.Data, "backup": restored})
			}
			_, err = fmt.Fprintf(c.out, "restored %s, the backup of %s\n", cfg.Data, restored.CreatedAt)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	addStoreSettings(command)
	return command
}

// restoreBackup makes a data directory of a backup.
func restoreBackup(ctx context.Context, file, data string) (*backup, error) {
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return nil, hint(fmt.Errorf("%s is not empty", data), "--data names another directory; nothing is ever overwritten")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	packed, err := zip.OpenReader(file)
	if errors.Is(err, zip.ErrFormat) {
		return nil, errors.New("it is no backup, or is cut off")
	}
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	b, err := readBackup(packed)
	if err != nil {
		return nil, err
	}
	return b, unpackBackup(ctx, packed, b, data)
}

// unpackBackup unpacks into a directory inside data, and puts the databases in
// their places once all of them are in order.
func unpackBackup(ctx context.Context, packed *zip.ReadCloser, b *backup, data string) (err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(data, ".restore-*") // mode 0700
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, name := range b.Files {
		if err = unpackFile(packed, dir, name); err == nil {
			_, err = store.CheckFile(ctx, filepath.Join(dir, name))
		}
		if err != nil {
			return err
		}
	}
	// The main database comes last: it is what makes a server start with it.
	for _, name := range slices.Backward(b.Files) {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(data, name)); err != nil {
			return err
		}
	}
	return nil
}

// readBackup reads backup.json and refuses what this version does not know.
func readBackup(packed *zip.ReadCloser) (*backup, error) {
	entry, err := packed.Open(backupInfo)
	if err != nil {
		return nil, errors.New("it is no backup: it has no " + backupInfo)
	}
	defer entry.Close()
	var b backup
	if err := json.NewDecoder(io.LimitReader(entry, 1<<20)).Decode(&b); err != nil {
		return nil, fmt.Errorf("its %s cannot be read: %w", backupInfo, err)
	}
	if b.Format != backupFormat {
		return nil, fmt.Errorf("it has format %d; this version of Postern knows %d", b.Format, backupFormat)
	}
	known := []string{store.MainFile, store.LogFile}
	if len(b.Files) == 0 || len(b.Files) > len(known) || !slices.Equal(b.Files, known[:len(b.Files)]) {
		return nil, fmt.Errorf("its %s lists other files than a backup has", backupInfo)
	}
	return &b, nil
}

func unpackFile(packed *zip.ReadCloser, dir, name string) (err error) {
	entry, err := packed.Open(name)
	if err != nil {
		return fmt.Errorf("it lacks %s", name)
	}
	defer entry.Close()
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, entry)
	return errors.Join(err, f.Sync(), f.Close())
}
