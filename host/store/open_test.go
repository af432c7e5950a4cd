package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// childEnv turns this test binary into another host that starts: it holds
// "directory URL" and makes the process run startHost.
const childEnv = "POSTERN_TEST_START_HOST"

func TestMain(m *testing.M) {
	if place, child := os.LookupEnv(childEnv); child {
		dir, url, _ := strings.Cut(place, "\n")
		if err := startHost(store.Config{Dir: dir, URL: url}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// startHost does what a host does first, and says whether it was the one that
// created the organization.
func startHost(c store.Config) error {
	ctx := context.Background()
	db, err := store.Open(ctx, c)
	if err != nil {
		return err
	}
	created, err := db.CreateOrganization(ctx, &host.Organization{ID: host.NewID(), Name: "Example"})
	if err == nil && created {
		fmt.Println("created")
	}
	return errors.Join(err, db.Close())
}

func TestOpen_Concurrently(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				db, err := store.Open(t.Context(), c)
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(db.Ping(t.Context()), db.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestOpen_Processes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		outputs := make([]string, 5)
		var wg sync.WaitGroup
		for i := range outputs {
			wg.Go(func() {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), childEnv+"="+c.Dir+"\n"+c.URL)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Errorf("%v: %s", err, out)
				}
				outputs[i] = string(out)
			})
		}
		wg.Wait()
		if n := strings.Count(strings.Join(outputs, ""), "created\n"); n != 1 {
			t.Errorf("%d of %d hosts created the organization: %q", n, len(outputs), outputs)
		}
		open(t, c)
	})
}

func TestOpen_Twice(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		first, second := open(t, c), open(t, c)
		org := newOrganization(t, first)
		app := newApp(t, first, org)
		_, err := second.UpdateApp(t.Context(), app.ID, func(a *host.App) error {
			a.Name = "Renamed"
			// A writer keeps no reader waiting, on either connection.
			for _, db := range []*store.DB{first, second} {
				if got, err := db.App(t.Context(), app.ID); err != nil || got.Name != app.Name {
					t.Errorf("read beside the write: %+v, %v", got, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := first.App(t.Context(), app.ID); err != nil || got.Name != "Renamed" {
			t.Errorf("the first host reads %+v, %v", got, err)
		}
		var wg sync.WaitGroup
		for _, db := range []*store.DB{first, second, first, second} {
			wg.Go(func() {
				if _, err := db.MakeRelease(t.Context(), app.ID, func(*host.Draft) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, err := second.Release(t.Context(), app.ID, 0); err != nil || got.Number != 4 {
			t.Errorf("after 4 releases of two hosts: %+v, %v", got, err)
		}
	})
}

func TestOpen_Again(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		app := newApp(t, db, newOrganization(t, db))
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := open(t, c).App(t.Context(), app.ID); err != nil || got.APISecret != app.APISecret {
			t.Errorf("after a restart: %+v, %v", got, err)
		}
		c.Sealer = newSealer(t)
		if _, err := open(t, c).App(t.Context(), app.ID); host.CodeOf(err) != host.CodeInternal {
			t.Errorf("with another master key: %v", err)
		}
	})
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.Sealer = nil
		from, to, err := store.Migrate(t.Context(), c)
		if err != nil || from != 0 || to < 6 {
			t.Fatalf("Migrate = %d, %d, %v", from, to, err)
		}
		again, same, err := store.Migrate(t.Context(), c)
		if err != nil || again != to || same != to {
			t.Errorf("Migrate again = %d, %d, %v, want %d twice", again, same, err, to)
		}
		open(t, c)
		writers, _ := open(t, c).Connections()
		if _, err := writers[0].Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, TRUE)", to+1); err != nil {
			t.Fatal(err)
		}
		_, err = store.Open(t.Context(), c)
		if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), "newer version of Postern") {
			t.Errorf("a newer schema: %v", err)
		}
	})
}

func TestOpen_Errors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		config store.Config
		code   host.Code
	}{
		{"ErrUnreachable", store.Config{URL: "postgres://u:sesame@127.0.0.1:1/d?sslmode=disable"}, host.CodeUnavailable},
		{"ErrURL", store.Config{URL: "postgres://u:sesame@[::1/d"}, host.CodeInvalid},
		{"ErrScheme", store.Config{URL: "mysql://u:sesame@host/d"}, host.CodeInvalid},
		{"ErrDirectory", store.Config{Dir: file}, host.CodeInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), c.config)
			if db != nil || host.CodeOf(err) != c.code {
				t.Fatalf("Open = %v, %v, want code %s", db, err, c.code)
			}
			if strings.Contains(err.Error(), "sesame") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestOpen_WaitsForTheLock(t *testing.T) {
	t.Parallel()
	c := store.Config{Dir: t.TempDir()}
	if _, _, err := store.Migrate(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	held := lockFile(t, filepath.Join(c.Dir, "migrate.lock"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := store.Open(ctx, c); host.CodeOf(err) != host.CodeUnavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another process migrates: %v", err)
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	open(t, c)
}

// lockFile takes the write lock of a database file as another process would.
func lockFile(t *testing.T, file string) *sql.Tx {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func TestOpen_DurableFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "odd ?#%41' name")
	writers, readers := open(t, store.Config{Dir: dir}).Connections()
	if len(writers) != 2 {
		t.Fatalf("%d databases, want the main one and the log", len(writers))
	}
	for _, db := range append(writers, readers...) {
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
		} {
			var got string
			if err := db.Get(&got, "PRAGMA "+pragma); err != nil || got != want {
				t.Errorf("%s = %q, %v, want %q", pragma, got, err, want)
			}
		}
	}
	for _, db := range readers {
		if _, err := db.Exec("CREATE TABLE t (a TEXT)"); err == nil {
			t.Error("a connection for reading writes")
		}
	}
	for _, name := range []string{"postern.db", "postern.db-wal", "invocations.db"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode())
		}
	}
}
