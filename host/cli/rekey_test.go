package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/cli"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
)

// kept is a data directory with secrets, and no server.
type kept struct {
	t         *testing.T
	home, app string
	values    int
}

// newKept makes a data directory with a number of secrets, all of one app.
func newKept(t *testing.T, values int) *kept {
	t.Helper()
	k := &kept{t: t, home: t.TempDir(), values: values}
	check(t, os.Mkdir(k.data(), 0o700))
	key, err := seal.LoadOrCreate(k.file())
	check(t, err)
	sealer, err := seal.New(key)
	check(t, err)
	db, err := store.Open(t.Context(), store.Config{Dir: k.data(), Sealer: sealer})
	check(t, err)
	org := &host.Organization{ID: host.NewID(), Name: "Example", APIKeyEnabled: true, MasterFingerprint: sealer.Fingerprint(), CreatedAt: host.Now(), UpdatedAt: host.Now()}
	_, err = db.CreateOrganization(t.Context(), org)
	check(t, err)
	app := host.NewApp(org.ID)
	app.Name, k.app = "Shop", app.ID
	check(t, db.CreateApp(t.Context(), app))
	for i := range values {
		_, err := db.PutSecret(t.Context(), host.NewSecret(app.ID, fmt.Sprint("KEY", i), fmt.Sprint("s3cret", i)))
		check(t, err)
	}
	check(t, db.Close())
	return k
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (k *kept) data() string { return filepath.Join(k.home, "data") }
func (k *kept) file() string { return filepath.Join(k.data(), "master.key") }

// opens reports whether the key of a file is that of the database, and fails the
// test if it is and does not open everything.
func (k *kept) opens(file string) bool {
	k.t.Helper()
	key, err := seal.Load(file)
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	check(k.t, err)
	sealer, err := seal.New(key)
	check(k.t, err)
	db, err := store.Open(k.t.Context(), store.Config{Dir: k.data(), Sealer: sealer})
	check(k.t, err)
	defer db.Close()
	org, err := db.Organization(k.t.Context())
	check(k.t, err)
	if org.MasterFingerprint != sealer.Fingerprint() {
		return false
	}
	for i := range k.values {
		if got, err := db.SecretValue(k.t.Context(), k.app, fmt.Sprint("KEY", i)); err != nil || got != fmt.Sprint("s3cret", i) {
			k.t.Errorf("secret %d is %q, %v", i, got, err)
		}
	}
	app, err := db.App(k.t.Context(), k.app)
	if err != nil || !strings.HasPrefix(app.APISecret, "as_") {
		k.t.Errorf("the app cannot be read: %v", err)
	}
	return true
}

// stop stops a server and waits for its end.
func stop(t *testing.T, r *running) {
	t.Helper()
	check(t, r.Process.Signal(syscall.SIGTERM))
	for r.log.Scan() {
	}
	check(t, r.Wait())
}

// run runs the command.
func (k *kept) run(args ...string) (string, error) {
	k.t.Helper()
	out, err := postern(k.t, k.home, args...).CombinedOutput()
	return string(out), err
}

// TestRekey_Steps ends the change of the master key after each of its steps: one
// of two files has the key of the database, and a second call completes the
// first.
func TestRekey_Steps(t *testing.T) {
	t.Parallel()
	ended := errors.New("ended")
	for _, tt := range []struct {
		step     string
		has, not string // whose key the database has then
	}{
		{"made the key", "master.key", "master.key.new"},
		{"sealed everything", "master.key.new", "master.key"},
		{"replaced the key", "master.key", "master.key.new"},
	} {
		k := newKept(t, 3)
		old, err := os.ReadFile(k.file())
		check(t, err)
		reached := false
		err = cli.Rekey(t.Context(), k.data(), func(done string) error {
			if done != tt.step {
				return nil
			}
			reached = true
			return ended
		})
		if !reached || !errors.Is(err, ended) {
			t.Fatalf("%s: %v, %v", tt.step, reached, err)
		}
		if !k.opens(filepath.Join(k.data(), tt.has)) || k.opens(filepath.Join(k.data(), tt.not)) {
			t.Errorf("%s: the database does not have the key of %s", tt.step, tt.has)
		}
		if tt.has == "master.key.new" {
			out, err := k.run("serve", "--listen", "127.0.0.1:0")
			if err == nil || !strings.Contains(out, "hint: a change of the master key was interrupted: “postern secrets rekey” completes it") {
				t.Errorf("a server says %s, %v", out, err)
			}
		}
		check(t, cli.Rekey(t.Context(), k.data(), func(string) error { return nil }))
		k.replaced(string(old))
	}
}

// replaced fails the test unless the key is another one, the old one is kept, and
// a server starts.
func (k *kept) replaced(old string) {
	k.t.Helper()
	if now, err := os.ReadFile(k.file()); err != nil || string(now) == old || !k.opens(k.file()) {
		k.t.Errorf("the key was not replaced: %v", err)
	}
	if _, err := os.Stat(seal.Next(k.file())); !errors.Is(err, os.ErrNotExist) {
		k.t.Errorf("the new key is still beside the old: %v", err)
	}
	keys, err := filepath.Glob(k.file() + ".*")
	check(k.t, err)
	found := false
	for _, name := range keys {
		content, err := os.ReadFile(name)
		check(k.t, err)
		found = found || string(content) == old
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			k.t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if !found {
		k.t.Errorf("the old key is in none of %q", keys)
	}
	stop(k.t, startServer(k.t, k.home))
}

// TestRekey_Killed kills the process at many moments. Whatever it left, it is
// completed by the next.
func TestRekey_Killed(t *testing.T) {
	t.Parallel()
	k := newKept(t, host.MaxSettings)
	old, err := os.ReadFile(k.file())
	check(t, err)
	for moment := range 16 {
		ctx, kill := context.WithTimeout(t.Context(), time.Duration(moment)*10*time.Millisecond)
		process := postern(t, k.home, "secrets", "rekey")
		check(t, process.Start())
		<-ctx.Done()
		_ = process.Process.Kill() // it may be done
		_ = process.Wait()
		kill()
		if now, next := k.opens(k.file()), k.opens(seal.Next(k.file())); now == next {
			t.Fatalf("killed at %d: the database has the key of the file: %v, of the one beside it: %v", moment, now, next)
		}
	}
	if out, err := k.run("secrets", "rekey"); err != nil || !strings.Contains(out, "values with the master key ") {
		t.Fatalf("%s, %v", out, err)
	}
	k.replaced(string(old))
}

// TestRekey_Refused changes nothing.
func TestRekey_Refused(t *testing.T) {
	t.Parallel()
	k := newKept(t, 3)
	r := startServer(t, k.home)
	out, err := k.run("secrets", "rekey")
	if err == nil || !strings.Contains(out, "a server uses it") || !strings.Contains(out, "hint: stop every server on it") {
		t.Errorf("with a server: %s, %v", out, err)
	}
	stop(t, r)
	for want, args := range map[string][]string{
		"--new-key goes with a key in POSTERN_MASTER_KEY": {"--new-key", "new.key"},
		"the master key cannot be read":                   {"--data", "nothing"},
		"unknown flag: --server":                          {"--server", "http://127.0.0.1:1"},
	} {
		if out, err := k.run(append([]string{"secrets", "rekey"}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%q: %s, %v", args, out, err)
		}
	}
	if _, err := os.Stat(filepath.Join(k.home, "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a data directory was made")
	}
	check(t, os.Rename(k.file(), k.file()+".away"))
	check(t, os.WriteFile(k.file(), []byte(strings.Repeat("5a", 32)+"\n"), 0o600))
	if out, err := k.run("secrets", "rekey"); err == nil || !strings.Contains(out, "sealed with another master key") || strings.Contains(out, "5a5a") {
		t.Errorf("with a wrong key: %s, %v", out, err)
	}
	check(t, os.Rename(k.file()+".away", k.file()))
	if !k.opens(k.file()) {
		t.Error("something has changed")
	}
}
