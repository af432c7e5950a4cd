package cli_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

// ledger is what the server has acknowledged.
type ledger struct {
	mu     sync.Mutex
	names  []string
	enough chan struct{} // closed at the number of names that are worth a backup
}

const enoughNames = 40

func (l *ledger) add(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names = append(l.names, name); len(l.names) == enoughNames {
		close(l.enough)
	}
}

func (l *ledger) acknowledged() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.names...)
}

// manager returns a client of the server whose data is in dir/data.
func manager(t *testing.T, address, key string) *client.Client {
	t.Helper()
	api, err := client.New(client.Config{Server: "http://" + address, APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// TestBackup_WhileWriting backs up a server that several clients write to. What
// was acknowledged before the backup began is there after a restore.
func TestBackup_WhileWriting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := startServer(t, dir)
	key := strings.TrimSpace(read(t, filepath.Join(dir, "data", "admin.key")))
	deployShout(t, dir, server.address)

	written := &ledger{enough: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	var writers sync.WaitGroup
	for w := range 4 {
		api := manager(t, server.address, key)
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				name := fmt.Sprintf("writer %d key %d", w, i)
				if _, err := api.CreateKey(ctx, client.KeyFields{Name: client.Value(name)}); err == nil {
					written.add(name)
				} else if ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	<-written.enough
	before := written.acknowledged()
	out, err := postern(t, dir, "backup", "saved.zip").CombinedOutput()
	stop()
	writers.Wait()
	if err != nil || !strings.Contains(string(out), "the master key is not in it") {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	if info, err := os.Stat(filepath.Join(dir, "saved.zip")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}

	if out, err := postern(t, dir, "restore", "saved.zip", "--data", "restored").CombinedOutput(); err != nil {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	if err := os.Rename(filepath.Join(dir, "data", "master.key"), filepath.Join(dir, "restored", "master.key")); err != nil {
		t.Fatal(err)
	}
	restored := manager(t, startServer(t, dir, "--data", "restored").address, key)
	there := namesOfKeys(t, restored)
	for _, name := range before {
		if !there[name] {
			t.Errorf("%q was acknowledged and is lost", name)
		}
	}
	if release, err := restored.Release(context.Background(), "shout", 1); err != nil || len(release.Endpoints) != 1 {
		t.Errorf("release %v, %v", release, err)
	}
}

func namesOfKeys(t *testing.T, api *client.Client) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for page := (host.Page{Limit: host.MaxPageLimit}); ; page.Offset += page.Limit {
		keys, err := api.Keys(context.Background(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys.Items {
			names[key.Name] = true
		}
		if !keys.Pagination.HasMore {
			return names
		}
	}
}
