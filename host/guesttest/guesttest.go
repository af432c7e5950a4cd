// Package guesttest compiles guests written in Go, for tests and benchmarks. It
// knows the go command, and nothing of the host.
package guesttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the Go package in dir as `postern build` does and returns the
// module. Further flags of the go command come behind its own, so that of a flag
// given twice theirs counts. The error says what the compiler said.
func Build(dir string, flags ...string) ([]byte, error) {
	if err := open(dir); err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp("", "guesttest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	file := filepath.Join(out, "guest.wasm")
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-buildmode=c-shared", "-o", file}, flags...)
	command := exec.Command("go", append(args, ".")...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWORK=off")
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build in %s: %w\n%s", dir, err, said)
	}
	return os.ReadFile(file)
}

// open opens the sources, so that a change of one runs tests again whose result
// the go command has kept: it notes what they open.
func open(dir string) error {
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, name := range sources {
		if _, err := os.ReadFile(name); err != nil {
			return err
		}
	}
	return err
}
