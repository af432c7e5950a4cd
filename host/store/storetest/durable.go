//go:build unix

package storetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Durable is a PostgreSQL server of a test's own, which keeps what it has
// acknowledged when it is killed. Against a machine that loses power it is no
// safer than the shared one.
type Durable struct{ cluster *cluster }

// StartDurable starts one, as Postgres does, which stops when the test ends.
func StartDurable(t testing.TB) *Durable {
	t.Helper()
	if os.Getenv(PostgresEnv) == "" {
		t.Skipf("set %s=1 to run on PostgreSQL as well (needs its server programs, initdb and pg_ctl)", PostgresEnv)
	}
	c, err := startWith("")
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	t.Cleanup(func() { _ = c.standardInput.Close() })
	return &Durable{c}
}

// URL is that of its database.
func (d *Durable) URL() string { return d.cluster.url("postgres") }

// Kill ends the server with SIGKILL. Its processes for connections follow by
// themselves.
func (d *Durable) Kill() error {
	content, err := os.ReadFile(filepath.Join(d.cluster.dir, "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// restartScript starts the server of $1 again with the programs of $2. While
// processes of the one before are still there it refuses.
const restartScript = `
cd "$1"
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	"$2/pg_ctl" -D data -w -t 120 -l log restart >>log 2>&1 && exit
done
cat log
exit 1
`

// Restart starts the server after Kill. It recovers first.
func (d *Durable) Restart() error {
	restart := exec.Command("/bin/sh", "-c", restartScript, "sh", d.cluster.dir, d.cluster.programs)
	restart.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	if err := runUnprivileged(restart, d.cluster.dir); err != nil {
		return err
	}
	if out, err := restart.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}
