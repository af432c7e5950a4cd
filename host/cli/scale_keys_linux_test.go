package cli_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// scaleKeys is how many keys the host of TestScale_Keys has.
const scaleKeys = 1_000_000

// TestScale_Keys measures the start of a host that has to load a million keys.
func TestScale_Keys(t *testing.T) {
	if os.Getenv("POSTERN_SCALE") == "" {
		t.Skip("set POSTERN_SCALE=1, or run make scale")
	}
	e := &estate{dir: t.TempDir()}
	e.stop(t, startServer(t, e.dir)) // makes the data directory
	measure := func(what string) {
		began := time.Now()
		r := startServer(t, e.dir)
		get(t, r, "/readyz")
		t.Logf("%s: ready %s after the start of the process; resident %d MiB, at most %d MiB", what, round(time.Since(began)), resident(t, r)>>20, peak(t, r)>>20)
		rest(t, r)
		t.Logf("%s: resident %d MiB at rest", what, resident(t, r)>>20)
		e.stop(t, r)
	}
	measure("no keys")
	e.addKeys(t)
	measure("a million keys")
}

// addKeys copies one key until there are enough: each through the store would
// be a transaction of its own.
func (e *estate) addKeys(t *testing.T) {
	t.Helper()
	environment := host.Production
	key, _ := host.NewKey("one of a million")
	key.Environment = &environment
	e.open(t, func(ctx context.Context, db *store.DB) { must(t, db.CreateKey(ctx, key)) })
	db, err := sql.Open("sqlite", filepath.Join(e.dir, "data", "postern.db"))
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `INSERT INTO credential (id)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < $1)
		SELECT lower(hex(randomblob(4))||'-'||hex(randomblob(2))||'-'||hex(randomblob(2))||'-'||hex(randomblob(2))||'-'||hex(randomblob(6))) FROM n`, scaleKeys-1)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO key (id, name, prefix, hash, environment, enabled, expires_at, allowed_ips, variables, created_at, updated_at, revision)
		SELECT c.id, 'key '||substr(c.id, 1, 8), prefix, randomblob(32), environment, enabled, expires_at, allowed_ips, variables, created_at, updated_at, revision
		FROM credential c, key k WHERE c.id <> k.id`)
	must(t, err)
}

// peak is the most memory that was ever resident.
func peak(t *testing.T, r *running) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.Process.Pid))
	must(t, err)
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	must(t, err)
	return kilobytes << 10
}
