package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/config"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
	"github.com/spf13/cobra"
)

// masterKeyFile is where a data directory has its master key.
const masterKeyFile = "master.key"

func rekeyCommand(c *console) *cobra.Command {
	r := rekeying{console: c, step: func(string) error { return nil }}
	var asJSON bool
	command := &cobra.Command{
		Use: "rekey", Short: "Seal everything on this machine with a new master key; no server may run", Args: cobra.NoArgs,
		Long: `Make a new master key and seal everything with it that the old one has sealed:
secrets, credentials and signing keys. Every server on the database must be
stopped. If the command is interrupted, whenever that is, call it again.

The key in the data directory is replaced; the old one stays beside it, because
backups that were made until now need it. If the key is in POSTERN_MASTER_KEY,
--new-key names a file that the new one is read from, or written to if there is
none: set POSTERN_MASTER_KEY to what it holds, everywhere, before servers start.

It takes the settings of “postern serve”.`,
		Example: "  postern secrets rekey --data /var/lib/postern\n  postern secrets rekey --new-key new.key",
	}
	command.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if r.cfg, err = c.configuration(cmd); err != nil {
			return err
		}
		if (r.cfg.MasterKey != "") != (r.newKey != "") {
			return wrongUsage(cmd, "--new-key goes with a key in POSTERN_MASTER_KEY, and there it is needed")
		}
		done, err := r.run(cmd.Context())
		if err != nil {
			return fmt.Errorf("cannot change the master key: %w", err)
		}
		if asJSON {
			return c.document(done)
		}
		_, err = fmt.Fprintf(c.out, "sealed %d values with the master key %s\n", done.Values, done.Fingerprint)
		return err
	}
	command.Flags().StringVar(&r.newKey, "new-key", "", "file of the new master key, if POSTERN_MASTER_KEY has the old one")
	command.Flags().BoolVar(&r.force, "force", false, "go on although others are connected to PostgreSQL, such as a pool of connections: no server may be among them")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	addStoreSettings(command)
	return command
}

// rekeying is one change of the master key.
type rekeying struct {
	*console
	cfg    config.Config
	newKey string // file; "" for the one beside the data directory's
	force  bool
	// step is called when something has been done that lasts. Its error ends
	// everything there, as if the process had been killed.
	step func(done string) error
}

// rekeyed is what became of it.
type rekeyed struct {
	Values      int    `json:"values"`
	Fingerprint string `json:"fingerprint"`
	OldKey      string `json:"old_key,omitempty"` // file
}

// run changes the key. The new one is on the disk before anything is sealed with
// it, and takes the old one's place after everything is: at every moment one of
// the two files has the key of the database, and its fingerprint tells which.
func (r *rekeying) run(ctx context.Context) (*rekeyed, error) {
	file := filepath.Join(r.cfg.Data, masterKeyFile)
	from, err := r.current(file)
	if err != nil {
		return nil, err
	}
	next := first(r.newKey, seal.Next(file))
	to, err := master(seal.LoadOrCreate(next))
	if err == nil {
		err = r.step("made the key")
	}
	if err != nil {
		return nil, err
	}
	if from.Fingerprint == to.Fingerprint {
		return nil, hint(errors.New("the new master key is the old one"), "remove %s for a fresh one", next)
	}
	values, leftovers, err := store.Rekey(ctx, store.Config{Dir: r.cfg.Data, URL: string(r.cfg.DatabaseURL)}, from, to, r.force)
	if host.CodeOf(err) == host.CodeConflict {
		err = hint(err, "stop every server on it, and call the command again")
	}
	if err == nil {
		err = r.step("sealed everything")
	}
	if err != nil {
		return nil, err
	}
	if leftovers != nil {
		r.say("warning: free space of the database may still hold what the old master key opens: %v", leftovers)
	}
	done := &rekeyed{Values: values, Fingerprint: to.Fingerprint}
	if r.newKey != "" {
		r.say("set POSTERN_MASTER_KEY to what %s holds before a server starts; backups made until now need the old key", r.newKey)
		return done, nil
	}
	if done.OldKey, err = seal.Replace(file); err != nil {
		return nil, err
	}
	r.say("the old key is in %s: backups made until now need it", done.OldKey)
	return done, r.step("replaced the key")
}

// current is the master key so far.
func (r *rekeying) current(file string) (store.Master, error) {
	if r.cfg.MasterKey != "" {
		return master(seal.ParseKey(string(r.cfg.MasterKey)))
	}
	return master(seal.Load(file))
}

// master makes of a key what the database takes.
func master(key []byte, err error) (store.Master, error) {
	if err != nil {
		return store.Master{}, err
	}
	s, err := seal.New(key)
	if err != nil {
		return store.Master{}, err
	}
	return store.Master{Sealer: s, Fingerprint: s.Fingerprint()}, nil
}

// wrongKeyHint is what to try with a database that has another master key.
func wrongKeyHint(data string) string {
	if _, err := os.Stat(seal.Next(filepath.Join(data, masterKeyFile))); err == nil {
		return "a change of the master key was interrupted: “postern secrets rekey” completes it"
	}
	return "set POSTERN_MASTER_KEY to the key the first host started with, or restore master.key in the data directory"
}
