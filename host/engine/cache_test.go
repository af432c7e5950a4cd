package engine_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternhq/postern/host/engine"
)

// files lists the files below dir that hold compiled code or its checksum.
func files(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) != 4 {
		t.Fatalf("the cache holds %v (%v), want the code, what is known of it and the seal", paths, err)
	}
	return paths
}

// echo runs a guest on a new engine with the cache dir, and returns what the
// engine logged.
func echo(t *testing.T, dir string) string {
	t.Helper()
	var out bytes.Buffer
	e, err := engine.Open(t.Context(), engine.Config{CacheDir: dir, Log: slog.New(slog.NewTextHandler(&out, nil))})
	if err != nil {
		t.Fatal(err)
	}
	c := call(guest(t, "ok/echo"))
	c.Input = []byte("hello")
	if got, err := output(t, e, c); err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return out.String()
}

func TestCache_IsUsedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	echo(t, dir)
	old := time.Unix(1_000_000_000, 0)
	for _, path := range files(t, dir) {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if logged := echo(t, dir); logged != "" {
		t.Errorf("logged %s", logged)
	}
	for _, path := range files(t, dir) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		// The seal's time says when the module was called.
		if written := !info.ModTime().Equal(old); written != (filepath.Base(path) == "seal") {
			t.Errorf("%s was touched: %v", path, written)
		}
	}
}

func TestCache_SurvivesGarbage(t *testing.T) {
	t.Parallel()
	// Counts of 4 billion functions behind a header that looks right: wazero
	// would allocate them.
	bomb := func(code []byte) []byte {
		i := 6 + 1 + int(code[6])
		return append(append(bytes.Clone(code[:i]), 0xff, 0xff, 0xff, 0xff), code[i+4:]...)
	}
	tests := map[string]func(code []byte) []byte{
		"empty":          func([]byte) []byte { return nil },
		"garbage":        func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 1000) },
		"cut":            func(code []byte) []byte { return code[:len(code)/2] },
		"one_bit":        func(code []byte) []byte { c := bytes.Clone(code); c[len(c)/2] ^= 1; return c },
		"tail":           func(code []byte) []byte { return append(bytes.Clone(code), 0) },
		"many_functions": bomb,
	}
	for name, damage := range tests {
		for _, victim := range []string{"code", "seal"} {
			if name == "many_functions" && victim == "seal" {
				continue
			}
			t.Run(name+"/"+victim, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				echo(t, dir)
				for _, path := range files(t, dir) {
					content, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if (filepath.Base(path) == "seal") == (victim == "seal") {
						if err := os.WriteFile(path, damage(content), 0o600); err != nil {
							t.Fatal(err)
						}
					}
				}
				if logged := echo(t, dir); logged != "" {
					t.Errorf("logged %s", logged)
				}
				files(t, dir) // and it is whole again
			})
		}
	}
}

// TestCache_CannotBeWritten: a directory that cannot be made costs speed only.
func TestCache_CannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	e, err := engine.Open(t.Context(), engine.Config{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Call(t.Context(), call(guest(t, "ok/echo"))); err != nil {
		t.Error(err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCall_CompilesOnce(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Queue: 100})
	c := call(guest(t, "ok/nothing"))
	var loads atomic.Int32
	load := c.Load
	c.Load = func(ctx context.Context) ([]byte, error) { loads.Add(1); return load(ctx) }
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := e.Call(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("the module was loaded %d times", n)
	}
}

func TestCheck_WarmsTheCaches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, engine.Config{CacheDir: dir})
	if err := e.Check(t.Context(), guest(t, "ok/echo")); err != nil {
		t.Fatal(err)
	}
	files(t, dir)
	c := call(guest(t, "ok/echo"))
	c.Load = func(context.Context) ([]byte, error) { t.Error("loaded again"); return nil, os.ErrNotExist }
	if _, err := e.Call(t.Context(), c); err != nil {
		t.Error(err)
	}
}
