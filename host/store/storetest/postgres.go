package storetest

import (
	"bufio"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/lib/pq" // driver for making the databases
)

// PostgresEnv must be set to anything but "" for tests to use PostgreSQL. Then
// a machine without its server programs fails them.
const PostgresEnv = "POSTERN_TEST_POSTGRES"

// Postgres returns the URL of a new, empty PostgreSQL database, which is
// dropped when the test ends. Its cluster is started by the first call, with
// the server programs of this machine, and shared by all tests of the binary;
// it stops when the binary ends, however it ends. Without PostgresEnv the test
// is skipped.
func Postgres(t testing.TB) string {
	t.Helper()
	if os.Getenv(PostgresEnv) == "" {
		t.Skipf("set %s=1 to run on PostgreSQL as well (needs its server programs, initdb and pg_ctl)", PostgresEnv)
	}
	c, err := startOnce()
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	name := unique("test")
	if err := c.run("CREATE DATABASE " + name + " TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.run("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return c.url(name)
}

// cluster is a running server. Holding standardInput keeps it running: see
// clusterScript.
type cluster struct {
	port, password string
	dir, programs  string
	standardInput  io.Closer
}

var startOnce = sync.OnceValues(start)

// run runs a statement on a connection of its own, so that no goroutine is
// left to tests that look for leaks.
func (c *cluster) run(statement string) error {
	db, err := sql.Open("postgres", c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}

func (c *cluster) url(database string) string {
	return fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%s/%s?sslmode=disable", c.password, c.port, database)
}

// clusterScript makes a cluster in $1 with the programs of $2 on port $3 with the
// settings $4, says "ready", and waits for the end of its input: that comes when the tests
// are over, also when they were killed. Then it removes everything.
const clusterScript = `
cd "$1"
trap 'cat log; rm -rf "$1"' EXIT
"$2/initdb" -D data -U postgres -E UTF8 --locale=C --no-sync -A password --pwfile=password >log 2>&1 || exit 1
"$2/pg_ctl" -D data -w -t 120 -l log start -o "-p $3 -c listen_addresses=127.0.0.1 -c unix_socket_directories='' \
	-c fsync=off -c autovacuum=off -c max_connections=400 -c shared_buffers=64MB $4" >>log 2>&1 || exit 1
trap 'rm -rf "$1"' EXIT
echo ready
cat >/dev/null
"$2/pg_ctl" -D data -m immediate stop >/dev/null 2>&1
`

// forgetful are the settings of a server that is never killed.
const forgetful = "-c full_page_writes=off -c synchronous_commit=off"

// start starts the cluster that tests share.
func start() (*cluster, error) { return startWith(forgetful) }

// startWith tries several ports, because another process may take the free one
// that was found.
func startWith(settings string) (c *cluster, err error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	for range 3 {
		if c, err = startOn(programs, settings); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func startOn(programs, settings string) (*cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postern-postgres-")
	if err != nil {
		return nil, err
	}
	c := &cluster{port: port, password: rand.Text(), dir: dir, programs: programs}
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(c.password+"\n"), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", clusterScript, "sh", dir, programs, port, settings)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	if err := runUnprivileged(cmd, dir); err != nil {
		return nil, err
	}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.standardInput = input
	said := bufio.NewReader(output)
	if line, _ := said.ReadString('\n'); line != "ready\n" {
		rest, _ := io.ReadAll(said)
		return nil, fmt.Errorf("the server did not start: %v\n%s%s", cmd.Wait(), line, rest)
	}
	return c, nil
}

// findPrograms returns the folder of initdb and pg_ctl: the newest that a
// distribution installed, or the one on the PATH.
func findPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	newest, version := "", 0
	for _, program := range found {
		var v int
		if n, _ := fmt.Sscanf(program, "/usr/lib/postgresql/%d/", &v); n == 1 && v > version {
			newest, version = filepath.Dir(program), v
		}
	}
	if newest != "" {
		return newest, nil
	}
	program, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("initdb is neither in /usr/lib/postgresql/*/bin nor on the PATH: %w", err)
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return "", err
	}
	return filepath.Dir(program), nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", err
	}
	return port, l.Close()
}
