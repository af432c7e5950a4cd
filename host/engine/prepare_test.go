package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// edition makes a call of a guest that is another module for each n.
func edition(t *testing.T, n int) Call {
	t.Helper()
	wasm, err := os.ReadFile("testdata/ok/echo.wasm")
	if err != nil {
		t.Fatal(err)
	}
	wasm = append(bytes.Clone(wasm), 0, 3, 1, 'n', byte(n))
	sum := sha256.Sum256(wasm)
	return Call{
		App: "app", Digest: hex.EncodeToString(sum[:]), Function: "handle",
		Load: func(context.Context) ([]byte, error) { return wasm, nil },
	}
}

func openDir(t *testing.T, dir string, memory int64) *Engine {
	t.Helper()
	e, err := Open(t.Context(), Config{CacheDir: dir, Memory: memory})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPrepare makes the second start of an engine ready for the modules that
// were called last in the first, as many as there is room for.
func TestPrepare(t *testing.T) {
	t.Parallel()
	const room = 1 << 20 // for a few modules
	dir := t.TempDir()
	first := openDir(t, dir, room)
	var calls []Call
	for n := range 8 + spareCores() {
		c := edition(t, n)
		calls = append(calls, c)
		if _, err := first.Call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := openDir(t, dir, room)
	defer second.Close(context.Background())
	second.Prepare(t.Context(), calls, 1)
	if got := kept(second.library); !slices.Equal(got, []string{calls[len(calls)-1].Digest}) {
		t.Errorf("%v was prepared, want the one called last", got)
	}
	second.Prepare(t.Context(), append(calls, calls...), 2*len(calls))
	oldest, newest := calls[0], calls[len(calls)-1]
	if second.library.has(oldest.Digest) || !second.library.has(newest.Digest) {
		t.Errorf("the oldest is in memory: %v, the newest: %v", second.library.has(oldest.Digest), second.library.has(newest.Digest))
	}
	newest.setDefaults()
	if !second.pool.ready(keyOf(&newest)) {
		t.Error("no instance of the newest is ready")
	}
	if second.library.bytes > room {
		t.Errorf("%d bytes are prepared, more than %d", second.library.bytes, room)
	}
	// The oldest is on disk, from where a call takes it.
	oldest.Load = nil
	if _, err := second.Call(t.Context(), oldest); err != nil || !second.IsCompiled(oldest.Digest) {
		t.Error(err)
	}
}

// TestPrepare_FailsQuietly: one module that cannot be had is no reason to leave
// the others.
func TestPrepare_FailsQuietly(t *testing.T) {
	t.Parallel()
	e := openDir(t, t.TempDir(), 0)
	defer e.Close(context.Background())
	bad, good := edition(t, 1), edition(t, 2)
	bad.Load = func(context.Context) ([]byte, error) { return nil, host.Errorf(host.CodeUnavailable, "away") }
	e.Prepare(t.Context(), []Call{bad, good}, 2)
	if !e.library.has(good.Digest) || e.IsCompiled(bad.Digest) {
		t.Error("the module that could be had is not prepared")
	}
}

// TestTidy: what releases need stays, whatever its age; of the rest what is old,
// and what is young because someone else may need it, and no more than fits.
func TestTidy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := openDir(t, dir, 0)
	defer e.Close(context.Background())
	needed := edition(t, 1)
	if err := e.Compile(t.Context(), needed.Digest, needed.Load); err != nil {
		t.Fatal(err)
	}
	age(t, e.library.disk.path(needed.Digest), 30*24*time.Hour)
	for name, entry := range map[string]struct {
		age   time.Duration
		bytes int64
	}{
		"other-1": {8 * 24 * time.Hour, 1}, "new-old": {8 * 24 * time.Hour, 1},
		"other-2": {2 * time.Hour, 800 << 20}, "other-3": {3 * time.Hour, 300 << 20}, "other-4": {time.Minute, 800 << 20},
	} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(filepath.Join(dir, name, "code"))
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Truncate(entry.bytes); err != nil {
			t.Fatal(err)
		}
		file.Close()
		age(t, filepath.Join(dir, name), entry.age)
	}
	if err := e.Tidy([]string{needed.Digest, "not compiled"}); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	want := []string{e.library.disk.path(needed.Digest), filepath.Join(dir, "other-2"), filepath.Join(dir, "other-4")}
	if slices.Sort(left); err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %v (%v), want %v", left, err, want)
	}
}

// age makes a directory look as if nobody had needed it for that long.
func age(t *testing.T, dir string, by time.Duration) {
	t.Helper()
	then := time.Now().Add(-by)
	if err := os.Chtimes(dir, then, then); err != nil {
		t.Fatal(err)
	}
}

// TestPool_Bytes: idle instances are bounded by what they hold, too.
func TestPool_Bytes(t *testing.T) {
	t.Parallel()
	p, gone := discards(10)
	defer p.close()
	a, b := idleInstance("a", "x"), idleInstance("b", "x")
	a.state.budget.used, b.state.budget.used = 1<<20, 1<<20
	p.most = 3 << 19
	p.put(a)
	p.put(b)
	if len(*gone) != 1 || (*gone)[0] != a || p.bytes != b.held {
		t.Errorf("discarded %v, %d bytes are held", *gone, p.bytes)
	}
	if p.take(b.key); p.bytes != 0 {
		t.Errorf("%d bytes are held by none", p.bytes)
	}
}
