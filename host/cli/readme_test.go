package cli_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/posternhq/postern/host/config"
)

// readme is README.md, read from the top of the repository.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestREADME_Config keeps the table of settings equal to the code's.
func TestREADME_Config(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(readme(t), "<!-- config -->\n")
	got, _, found := strings.Cut(rest, "<!-- /config -->")
	if !found || got != config.Markdown() {
		t.Errorf("README.md must hold, between its config markers:\n%s", config.Markdown())
	}
}

// block is a fenced block of a Markdown file.
type block struct{ language, text string }

func blocks(markdown string) []block {
	var out []block
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$").FindAllStringSubmatch(markdown, -1) {
		out = append(out, block{m[1], m[2]})
	}
	return out
}

// terminal runs the README's commands as a reader would, in one shell, with the
// commands of this test binary on its PATH.
type terminal struct {
	t      *testing.T
	home   string
	prompt string // what has been typed so far
	env    []string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	home := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postern", "curl"} {
		if err := os.Symlink(self, filepath.Join(home, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	// What the caller's shell says about a server is not for the reader's.
	env := slices.DeleteFunc(os.Environ(), func(line string) bool { return strings.HasPrefix(line, "POSTERN_") })
	env = append(env, "HOME="+home, "GOFLAGS=-mod=mod", "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return &terminal{t: t, home: home, env: env}
}

// serve starts the host the README starts, on a port of its own, and returns
// its address.
func (x *terminal) serve(command string) string {
	x.t.Helper()
	command = strings.Replace(strings.TrimSpace(command), "127.0.0.1:8080", "127.0.0.1:0", 1)
	host := exec.Command("sh", "-c", "exec "+command)
	host.Dir, host.Env = x.home, x.env
	out, err := host.StdoutPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() {
		_ = host.Process.Signal(syscall.SIGTERM)
		if err := host.Wait(); err != nil {
			x.t.Errorf("the host does not stop cleanly: %v", err)
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, ok := strings.CutPrefix(lines.Text(), "listening on http://"); ok {
			return address
		}
	}
	x.t.Fatal("the host ended without serving")
	return ""
}

// run types a block after everything typed before and returns what only the
// block prints.
func (x *terminal) run(text string) string {
	x.t.Helper()
	shell := exec.Command("sh", "-ec", x.prompt+"\necho '--8<--'\n"+text)
	var out, diagnostics bytes.Buffer
	shell.Dir, shell.Env, shell.Stdout, shell.Stderr = x.home, x.env, &out, &diagnostics
	if err := shell.Run(); err != nil {
		x.t.Fatalf("%s\n%v\n%s%s", text, err, out.String(), diagnostics.String())
	}
	_, shown, _ := strings.Cut(out.String(), "--8<--\n")
	return shown
}

// TestREADME_FiveMinutes walks the path to the first endpoint word by word.
func TestREADME_FiveMinutes(t *testing.T) {
	slowUnderRace(t)
	t.Parallel()
	_, section, _ := strings.Cut(readme(t), "## Your first endpoint")
	section, _, _ = strings.Cut(section, "\n## ")
	steps := blocks(section)
	if len(steps) != 7 {
		t.Fatalf("the section has %d blocks; this test knows 7", len(steps))
	}
	x := newTerminal(t)
	address := x.serve(steps[0].text)
	x.env = append(x.env, "POSTERN_SERVER=http://"+address)
	local := func(text string) string { return strings.ReplaceAll(text, "127.0.0.1:8080", address) }

	x.run(steps[1].text)
	x.prompt = strings.ReplaceAll(steps[1].text, "go mod init greeter\n", "")
	project := filepath.Join(x.home, "greeter")
	write(t, filepath.Join(project, "main.go"), steps[2].text)
	write(t, filepath.Join(project, "postern.yaml"), steps[3].text)

	if got := x.run(local(steps[4].text)); !strings.HasSuffix(got, "Hello, Ada!\n") {
		t.Errorf("the first call prints %q", got)
	}
	if got := x.run(local(steps[5].text)); !strings.HasPrefix(got, "Hello, Ada!\n") || !strings.Contains(got, `"code":"unauthorized"`) {
		t.Errorf("the calls with and without a key print %q", got)
	}
	write(t, filepath.Join(project, "main.go"), strings.Replace(steps[2].text, "Hello", "Goodbye", 1))
	x.run("postern deploy")
	call := "curl http://" + address + "/run/greeter/greet/Ada"
	if got := x.run(call); got != "Goodbye, Ada!\n" {
		t.Errorf("after the second deployment: %q", got)
	}
	if got := x.run(steps[6].text); !strings.Contains(got, "Greet") {
		t.Errorf("logs, releases and rollback print %q", got)
	}
	if got := x.run(call); got != "Hello, Ada!\n" {
		t.Errorf("after the rollback: %q", got)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
