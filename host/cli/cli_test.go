package cli_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/posternhq/postern/host/cli"
	"github.com/posternhq/postern/host/store/storetest"
)

// TestMain lets the test binary be the commands that scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postern": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())) },
		"curl":    func() { os.Exit(curl(os.Args[1:], os.Stdout, os.Stderr)) },
		"fiber":   func() { log.Fatal(barePeer()) },
		"extism":  func() { log.Fatal(extismPeer(os.Args[1])) },
	})
}

// goEnv is what scripts need to run the go command: testscript gives each a
// home of its own, and a build cache in it would compile the world every time.
var goEnv = sync.OnceValues(func() ([]string, error) {
	var env []string
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return nil, fmt.Errorf("go env %s: %w", name, err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return append(env, "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local"), nil
})

// TestScripts runs testdata/*.txt. Beside testscript's own commands they have:
//
//	serve [flags]          start a server on a free port, with its data in ./data;
//	                       it sets SERVER, ADDRESS, POSTERN_SERVER and
//	                       POSTERN_DATA, and writes
//	                       serve.out and serve.err
//	kill-server SIGNAL     send it a signal and wait; ! before it means that the
//	                       server must report a failure
//	exits CODE command …   run a command that must end with the exit code
//	fill FILE BYTES        write a file of that size
func TestScripts(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		runScripts(t, "testdata/*.txt", func() []string { return nil })
	})
	// What is about files of the embedded database alone is left out here.
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		storetest.Postgres(t) // skips here, once, instead of in every script
		runScripts(t, "testdata/[^fmu]*.txt", func() []string {
			return []string{"POSTERN_DATABASE_URL=" + storetest.Postgres(t), "POSTERN_MASTER_KEY=" + strings.Repeat("5a", 32)}
		})
	})
}

// runScripts runs the scripts that match pattern; each gets the variables that
// database returns for it.
func runScripts(t *testing.T, pattern string, database func() []string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts match %s: %v", pattern, err)
	}
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			variables, err := goEnv()
			if err != nil {
				return err
			}
			plugins, err := filepath.Abs("../../plugins")
			if err != nil {
				return err
			}
			env.Vars = append(env.Vars, variables...)
			env.Vars = append(env.Vars, database()...)
			env.Vars = append(env.Vars, "PLUGINS="+plugins, "POSTERN="+commandPath(env.Getenv("PATH")))
			env.Values[serverKey{}] = &server{names: variableNames(env.Vars)}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "kill-server": killServer, "exits": exits, "fill": fill,
		},
	})
}

// server is the server of one script.
type server struct {
	names   []string // environment variables to pass on
	process *exec.Cmd
}

type serverKey struct{}

// variableNames are the names in env, and those that scripts set.
func variableNames(env []string) []string {
	names := []string{"POSTERN_ADMIN_KEY", "POSTERN_MASTER_KEY", "POSTERN_LOG_LEVEL", "POSTERN_CONFIG"}
	for _, line := range env {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	return names
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! serve; run “! exec postern serve”")
	}
	s := ts.Value(serverKey{}).(*server)
	if s.process != nil {
		ts.Fatalf("there is a server already")
	}
	// The last of a repeated flag counts, so that scripts may choose.
	s.process = exec.Command(ts.Getenv("POSTERN"), append([]string{"serve", "--data", "data", "--listen", "127.0.0.1:0"}, args...)...)
	for _, name := range s.names {
		if value := ts.Getenv(name); value != "" {
			s.process.Env = append(s.process.Env, name+"="+value)
		}
	}
	s.process.Dir = ts.MkAbs(".")
	out, err := os.Create(ts.MkAbs("serve.out"))
	ts.Check(err)
	defer out.Close()
	failures, err := os.Create(ts.MkAbs("serve.err"))
	ts.Check(err)
	defer failures.Close()
	s.process.Stderr = failures
	address, err := start(s.process, out)
	ts.Defer(func() {
		if s.process != nil {
			_ = s.process.Process.Kill()
			_ = s.process.Wait()
		}
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, ts.ReadFile("serve.err"))
	}
	ts.Setenv("POSTERN_DATA", ts.MkAbs("data"))
	ts.Setenv("ADDRESS", address)
	ts.Setenv("SERVER", "http://"+address)
	ts.Setenv("POSTERN_SERVER", "http://"+address)
}

// commandPath finds the postern command that testscript put in path.
func commandPath(path string) string {
	for _, dir := range filepath.SplitList(path) {
		if _, err := os.Stat(filepath.Join(dir, "postern")); err == nil {
			return filepath.Join(dir, "postern")
		}
	}
	return "postern"
}

// start starts a server, copies what it prints until it listens to shown, and
// returns its address.
func start(process *exec.Cmd, shown io.Writer) (address string, err error) {
	out, err := process.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := process.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(shown, lines.Text())
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			_, address, _ := strings.Cut(url, "://")
			return address, nil
		}
	}
	return "", errors.New("the server ended before it listened")
}

func killServer(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"KILL": syscall.SIGKILL, "INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	s := ts.Value(serverKey{}).(*server)
	if len(args) != 1 || signals[args[0]] == nil || s.process == nil {
		ts.Fatalf("usage: kill-server KILL|INT|TERM, after serve")
	}
	ts.Check(s.process.Process.Signal(signals[args[0]]))
	err := s.process.Wait()
	s.process = nil
	if failed := err != nil; failed != neg {
		ts.Fatalf("the server ended with %v", err)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("the exit code is %d, want %d", got, want)
	}
}

func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill FILE BYTES")
	}
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), slices.Repeat([]byte("x"), size), 0o644))
}
