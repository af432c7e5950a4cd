package cli_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
)

// TestServe_QuotaSurvivesKill kills a server again and again while clients use
// up a quota: together they are never served more often, and what a kill loses
// is no more than a lease and the requests under way.
func TestServe_QuotaSurvivesKill(t *testing.T) {
	t.Parallel()
	const quota, lease, clients, kills = 3000, 3, 4, 3
	dir := t.TempDir()
	server := startServer(t, dir)
	deployShout(t, dir, server.address)
	stopNow(t, server)
	secret := keyWithQuota(t, dir, quota)
	served := 0
	for range kills {
		server = startServer(t, dir)
		served += useUp(t, server, secret, clients, quota/5)
		stopNow(t, server)
	}
	server = startServer(t, dir)
	served += useUp(t, server, secret, clients, 2*quota)
	if served > quota || served < quota-kills*(lease+clients) {
		t.Errorf("served %d times of a quota of %d", served, quota)
	}
}

// stopNow kills a server and waits for its end.
func stopNow(t *testing.T, server *running) {
	t.Helper()
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // tells of the signal
}

// keyWithQuota puts a key into the database of a server that is not running.
func keyWithQuota(t *testing.T, dir string, quota int64) (secret string) {
	t.Helper()
	master, err := seal.LoadOrCreate(filepath.Join(dir, "data", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New(master)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(dir, "data"), Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, secret := host.NewKey("quota")
	key.Quota = &quota
	if err := db.CreateKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	return secret
}

// useUp sends requests from several clients until enough are served, one is
// refused because the quota is used up, or the server is gone. When enough are
// served it kills the server under those that follow.
func useUp(t *testing.T, server *running, secret string, clients, enough int) (served int) {
	t.Helper()
	var mu sync.Mutex
	count := func() {
		mu.Lock()
		defer mu.Unlock()
		if served++; served == enough {
			_ = server.Process.Kill()
		}
	}
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for ask(t, server.address, secret) {
				count()
			}
		})
	}
	all.Wait()
	return served
}

// ask reports whether a request was served. It may be refused by its quota,
// and fail when the server is gone.
func ask(t *testing.T, address, secret string) bool {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/run/shout/shout", strings.NewReader("a"))
	if err != nil {
		t.Error(err)
		return false
	}
	request.Header.Set("X-API-Key", secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK && response.StatusCode != http.StatusTooManyRequests {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	return err == nil && response.StatusCode == http.StatusOK
}
