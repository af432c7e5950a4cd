package cli_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestDemo runs `make run`, pastes its requests, and stops it with Ctrl-C. It
// builds the whole project anew, so only `.ci/run` asks for it.
func TestDemo(t *testing.T) {
	if os.Getenv("POSTERN_TEST_DEMO") == "" {
		t.Skip("set POSTERN_TEST_DEMO=1 to run the demo")
	}
	x := newTerminal(t)
	demo := exec.Command("make", "run")
	demo.Dir = "../.."
	demo.Env = append(os.Environ(), "POSTERN_LISTEN="+freeAddress(t), "POSTERN_DATA="+t.TempDir())
	// Ctrl-C goes to every process of the terminal's foreground group.
	demo.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	demo.Stderr = os.Stderr
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-demo.Process.Pid, syscall.SIGKILL) }()

	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C stops the host") {
			break
		}
	}
	for _, want := range []string{`apps_[0-9a-f]{64}`, `ask_[0-9A-Za-z]{64}`} {
		if !regexp.MustCompile(want).MatchString(text.String()) {
			t.Errorf("the demo prints no %s:\n%s", want, text.String())
		}
	}
	curls := regexp.MustCompile(`(?m)^ +curl .*$`).FindAllString(text.String(), -1)
	wants := []string{`{"message":"Bonjour, Ada!"}`, `{"message":"Hello, Ada!"}`, `"code":"unauthorized"`,
		`"total":5800}`, `"customer":"Ada"`, `"stock":98}`, `{"confirm":"confirm?token=`}
	if len(curls) != len(wants) {
		t.Fatalf("the demo prints %d requests, want %d:\n%s", len(curls), len(wants), text.String())
	}
	for i, curl := range curls {
		if got := x.run(curl); !strings.Contains(got, wants[i]) {
			t.Errorf("%s\nprints %q, want %s", curl, got, wants[i])
		}
	}
	if err := syscall.Kill(-demo.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	// make reports an interrupted recipe as a failure of its own; what counts
	// is that it ends and the host with it.
	_ = demo.Wait()
	if _, err := net.Dial("tcp", strings.TrimPrefix(demo.Env[len(demo.Env)-2], "POSTERN_LISTEN=")); err == nil {
		t.Error("the host still listens after Ctrl-C")
	}
}

// freeAddress is an address nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
