package cli_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/posternhq/postern/host/store/storetest"
)

// postern returns a process of the command, not started yet, in a directory
// and with an environment of its own.
func postern(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command(self)
	process.Args = append([]string{"postern"}, args...)
	process.Dir = dir
	process.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	return process
}

// running is a server that a test has started.
type running struct {
	*exec.Cmd
	address string
	log     *drain       // standard error
	printed bytes.Buffer // standard output until it listened
}

// startServer starts a server on a free port, with its data in dir/data.
func startServer(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	return startServerWith(t, dir, nil, args...)
}

// startServerWith adds to the server's environment.
func startServerWith(t *testing.T, dir string, env []string, args ...string) *running {
	t.Helper()
	r := &running{Cmd: postern(t, dir, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)}
	r.Env = append(r.Env, env...)
	log, err := r.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if r.address, err = start(r.Cmd, &r.printed); err != nil {
		t.Fatal(err)
	}
	r.log = newDrain(log)
	t.Cleanup(func() {
		_ = r.Process.Kill()
		_ = r.Wait()
	})
	return r
}

// signal sends SIGTERM and waits until the server has begun to shut down.
func (r *running) signal(t *testing.T) {
	t.Helper()
	if err := r.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for r.log.Scan() {
		if strings.Contains(r.log.Text(), "shutting down") {
			return
		}
	}
	t.Fatal("the server did not say that it shuts down")
}

// deployShout deploys plugins/shout.
func deployShout(t *testing.T, dir, address string) {
	t.Helper()
	shout, err := filepath.Abs("../../plugins/shout")
	if err != nil {
		t.Fatal(err)
	}
	deploy := postern(t, dir, "deploy", shout, "--server", "http://"+address)
	if out, err := deploy.CombinedOutput(); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
}

// beginRequest sends the head of a request and waits for the server to ask for
// its body: from then on the request is under way.
func beginRequest(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /run/shout/shout HTTP/1.1\r\nHost: %s\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", address)
	answer := bufio.NewReader(conn)
	for {
		line, err := answer.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(line) == "" {
			return conn, answer
		}
	}
}

func TestServe_DrainsOnSignal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := startServer(t, dir)
	deployShout(t, dir, server.address)
	conn, answer := beginRequest(t, server.address)
	server.signal(t)
	if _, err := io.WriteString(conn, "drain"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(answer, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 || string(body) != "DRAIN" {
		t.Errorf("the request under way is answered %d %q, %v", response.StatusCode, body, err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

func TestServe_CutsOffAfterTimeout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := startServer(t, dir, "--shutdown-timeout", "50ms")
	deployShout(t, dir, server.address)
	beginRequest(t, server.address)
	server.signal(t)
	said := false
	for server.log.Scan() {
		said = said || strings.HasPrefix(server.log.Text(), "postern: requests were still under way after 50ms and were cut off")
	}
	var exit *exec.ExitError
	if err := server.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 || !said {
		t.Errorf("the server ended with %v; it said why: %v", err, said)
	}
}

func TestServe_SecondSignalKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := startServer(t, dir, "--shutdown-timeout", "10m")
	deployShout(t, dir, server.address)
	beginRequest(t, server.address)
	server.signal(t)
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := server.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the server ended with %v", err)
	}
}

// TestServe_TwoHostsCreateOnce starts two servers at once where nothing is yet:
// one creates the organization, and both serve it.
func TestServe_TwoHostsCreateOnce(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		twoHosts(t, [2]string{dir, dir})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := storetest.Postgres(t)
		twoHosts(t, [2]string{t.TempDir(), t.TempDir()}, "POSTERN_DATABASE_URL="+url,
			"POSTERN_MASTER_KEY=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
	})
}

func twoHosts(t *testing.T, dirs [2]string, env ...string) {
	t.Helper()
	var printed [2]bytes.Buffer
	var addresses [2]string
	var errs [2]error
	var both sync.WaitGroup
	for i, dir := range dirs {
		process := postern(t, dir, "serve", "--listen", "127.0.0.1:0")
		process.Env = append(process.Env, env...)
		both.Go(func() { addresses[i], errs[i] = start(process, &printed[i]) })
		defer func() {
			_ = process.Process.Kill()
			_ = process.Wait()
		}()
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	created, key := 0, ""
	for i := range printed {
		for line := range strings.Lines(printed[i].String()) {
			if strings.HasPrefix(line, "created the organization") {
				created++
			}
			if strings.HasPrefix(line, "apps_") {
				key = strings.TrimSpace(line)
			}
		}
	}
	if created != 1 || key == "" {
		t.Errorf("%d hosts created the organization:\n%s%s", created, &printed[0], &printed[1])
	}
	for _, address := range addresses {
		list := postern(t, t.TempDir(), "apps", "list", "--server", "http://"+address, "--api-key", key)
		if out, err := list.CombinedOutput(); err != nil {
			t.Errorf("%s does not take the key: %v\n%s", address, err, out)
		}
	}
}

// TestLogs_Follow reads what a tail prints as it comes, and interrupts it.
func TestLogs_Follow(t *testing.T) {
	t.Parallel()
	var polls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		after, records := r.URL.Query().Get("after"), ""
		switch {
		case r.URL.Path != "/v1/apps/a/invocations":
			t.Errorf("asked for %s", r.URL.Path)
		case after == "":
			records = `{"request_id":"r2"},{"request_id":"r1"}`
		case after == "r2" && polls.Add(1) > 1:
			// The same record twice, as when a new one moves it to the next page.
			records = `{"request_id":"r4"},{"request_id":"r3"},{"request_id":"r3"}`
		}
		fmt.Fprintf(w, `{"success":true,"invocations":[%s],"pagination":{"has_more":false}}`, records)
	}))
	defer server.Close()
	tail := postern(t, t.TempDir(), "logs", "a", "--follow", "--json", "--server", server.URL, "--api-key", "x")
	out, err := tail.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"r1", "r2", "r3", "r4"} {
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), `{"request_id":"`+want+`"`) {
			t.Fatalf("line %q, want the record of %s", lines.Text(), want)
		}
	}
	if err := tail.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() {
		t.Errorf("one line more: %q", lines.Text())
	}
	if err := tail.Wait(); err != nil {
		t.Errorf("interrupting a tail is no failure, but it ended with %v", err)
	}
}
