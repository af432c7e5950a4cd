package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/config"
	"github.com/posternhq/postern/host/seal"
)

// prepareData makes the data directory, for its owner alone. One that was
// there before, with something in it, keeps its permissions: it may be a home
// directory or a volume whose group is needed.
func prepareData(dir string, log *slog.Logger) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return hint(fmt.Errorf("cannot make the data directory: %w", err), "--data names another")
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("cannot use the data directory: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot use the data directory: %w", err)
	}
	if len(entries) == 0 && os.Chmod(dir, 0o700) == nil {
		return nil
	}
	log.Warn("the data directory is open to other users", "directory", dir, "mode", info.Mode().Perm().String())
	return nil
}

// masterKey is the given master key, or the one in the data directory. forget
// takes back a key that was made because there was none.
func masterKey(cfg config.Config) (key []byte, forget func() error, err error) {
	forget = func() error { return nil }
	if cfg.MasterKey != "" {
		key, err = seal.ParseKey(string(cfg.MasterKey))
		return key, forget, err
	}
	file := filepath.Join(cfg.Data, masterKeyFile)
	_, missing := os.Stat(file)
	key, err = seal.LoadOrCreate(file)
	if err == nil && errors.Is(missing, fs.ErrNotExist) {
		forget = func() error {
			// Another one may have been put there since.
			text, err := os.ReadFile(file)
			if now, _ := seal.ParseKey(strings.TrimSpace(string(text))); err != nil || !bytes.Equal(now, key) {
				return err
			}
			return os.Remove(file)
		}
	}
	return key, forget, err
}

// errOtherKey is why a database is not opened with the master key there is.
var errOtherKey = errors.New("the master key is not the one this database was sealed with")

// found creates the organization if there is none, and refuses a master key
// that is not the one it was created with. Of several hosts that start at once
// on one database, one creates.
func (c *console) found(ctx context.Context, cfg config.Config, db host.OrganizationStore, fingerprint string) error {
	org, err := db.Organization(ctx)
	if host.CodeOf(err) == host.CodeNotFound {
		org, err = c.createOrganization(ctx, cfg, db, fingerprint)
	}
	if err != nil {
		return fmt.Errorf("cannot read the organization: %w", err)
	}
	if org.MasterFingerprint != fingerprint {
		return hint(fmt.Errorf("%w: its fingerprint is %s, that of the database's is %s", errOtherKey, fingerprint, org.MasterFingerprint),
			"%s", wrongKeyHint(cfg.Data))
	}
	return recoverAdminKey(cfg.Data, org)
}

// ensureSigningKey makes the first of the keys that sign tokens, unless there
// is one.
func ensureSigningKey(ctx context.Context, db host.SigningKeyStore) error {
	if _, err := db.AddSigningKey(ctx, host.NewSigningKey(), true); err != nil {
		return fmt.Errorf("cannot make the signing key: %w", err)
	}
	return nil
}

// createOrganization creates it unless another host is faster, and returns the
// one there is.
func (c *console) createOrganization(ctx context.Context, cfg config.Config, db host.OrganizationStore, fingerprint string) (*host.Organization, error) {
	key := first(string(cfg.AdminKey), host.NewOrganizationKey())
	// The key is on the disk before its hash is in the database: a host that
	// is killed between the two must not leave an organization that nobody
	// has the key of.
	pending, err := writeKeyFile(cfg.Data, key)
	if err != nil {
		return nil, err
	}
	defer os.Remove(pending)
	now := host.Now()
	org := &host.Organization{
		ID: host.NewID(), Name: "default", APIKeyEnabled: true, CreatedAt: now, UpdatedAt: now,
		KeyHash: host.HashSecret(key), MasterFingerprint: fingerprint,
	}
	created, err := db.CreateOrganization(ctx, org)
	if err != nil {
		return nil, err
	}
	if !created {
		return db.Organization(ctx)
	}
	if err := writeAdminKey(cfg.Data, key); err != nil {
		return nil, err
	}
	name := filepath.Join(cfg.Data, adminKeyFile)
	if cfg.AdminKey != "" {
		fmt.Fprintf(c.out, "created the organization with the key from POSTERN_ADMIN_KEY, kept in %s\n", name)
		return org, nil
	}
	fmt.Fprintf(c.out, "created the organization; its API key is shown only now, and kept in %s:\n%s\n", name, key)
	return org, nil
}

// pendingKeys matches key files that writeKeyFile made and nobody took over.
const pendingKeys = "." + adminKeyFile + "-*"

// writeKeyFile writes a key to a new file in dir, safe against a crash, and
// returns its name. Only its owner can read it.
func writeKeyFile(dir, key string) (name string, err error) {
	file, err := os.CreateTemp(dir, pendingKeys) // mode 0600
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(key + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// writeAdminKey puts the organization API key where commands on this machine
// find it.
func writeAdminKey(dir, key string) error {
	pending, err := writeKeyFile(dir, key)
	if err != nil {
		return err
	}
	return os.Rename(pending, filepath.Join(dir, adminKeyFile))
}

// recoverAdminKey finishes what a host that was killed while it created the
// organization left undone: admin.key is missing, but the key was kept.
func recoverAdminKey(dir string, org *host.Organization) error {
	if _, err := os.Stat(filepath.Join(dir, adminKeyFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	pending, err := filepath.Glob(filepath.Join(dir, pendingKeys))
	if err != nil {
		return err
	}
	for _, name := range pending {
		content, err := os.ReadFile(name)
		if key := strings.TrimSpace(string(content)); err == nil && host.HashSecret(key) == org.KeyHash {
			return writeAdminKey(dir, key)
		}
	}
	return nil
}
