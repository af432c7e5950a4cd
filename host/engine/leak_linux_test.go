package engine_test

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// holdings is what a process may leak.
type holdings struct{ goroutines, descriptors, mappings, snapshots, resident int }

func hold(t *testing.T) (h holdings) {
	t.Helper()
	runtime.GC()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(statm)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return holdings{
		goroutines: runtime.NumGoroutine(), descriptors: len(files), mappings: bytes.Count(maps, []byte("\n")),
		snapshots: bytes.Count(maps, []byte("postern-snapshot")), resident: pages * os.Getpagesize(),
	}
}

// TestLeaks makes thousands of calls that end in every way, with instances
// kept and thrown away, of modules that come and go. It runs alone, as it
// counts what the whole process holds.
func TestLeaks(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Config{Concurrency: 2, Queue: 2})
	if err != nil {
		t.Fatal(err)
	}
	keep := guest(t, "ok/keep_input")
	cycle := func(n int) {
		for i := range n {
			c := call(keep)
			if i%100 == 99 {
				// The same module with other bytes, so that code is evicted.
				c = call(append(bytes.Clone(keep), 0, 3, 1, 'n', byte(i/100)))
			}
			c.App, c.Input = strconv.Itoa(i%5), []byte{"s!?#"[i%4]}
			c.Isolation = []string{host.IsolationReset, host.IsolationReset, host.IsolationReuse, host.IsolationFresh}[i/4%4]
			if _, err := e.Call(t.Context(), c); err != nil && host.CodeOf(err) != host.CodeModuleFailed {
				t.Fatal(err)
			}
			if i%10 == 0 {
				failStart(t, e)
				panicInLog(t, e)
			}
			if i%500 == 0 {
				c := call(guest(t, "error/spin_forever"))
				c.Timeout = time.Millisecond
				if _, err := e.Call(t.Context(), c); err == nil {
					t.Fatal("an endless guest ended")
				}
			}
		}
	}
	cycle(1000)
	before := hold(t)
	cycle(4000)
	after := hold(t)
	if after.goroutines > before.goroutines+5 || after.descriptors > before.descriptors+5 ||
		after.mappings > before.mappings+100 || after.snapshots > before.snapshots+20 || after.resident > before.resident+64<<20 {
		t.Errorf("after 1000 calls: %+v\nafter 5000: %+v", before, after)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if closed := hold(t); closed.goroutines > before.goroutines || closed.descriptors > before.descriptors ||
		closed.mappings > before.mappings+100 || closed.snapshots > 0 {
		t.Errorf("after 1000 calls: %+v\nafter Close: %+v", before, closed)
	}
}

// failStart calls guests that have memory when their start fails.
func failStart(t *testing.T, e *engine.Engine) {
	t.Helper()
	for _, name := range []string{"error/trap_on_start", "error/data_out_of_range"} {
		if _, err := e.Call(t.Context(), call(guest(t, name))); host.CodeOf(err) != host.CodeModuleFailed {
			t.Fatalf("%s: got %v", name, err)
		}
	}
}

// panicInLog has the caller's function panic when the guest is at its end: then
// the last line, which has no line break, is logged.
func panicInLog(t *testing.T, e *engine.Engine) {
	t.Helper()
	c := call(guest(t, "ok/print"))
	c.Log = func(_, text string) {
		if text == "no end" {
			panic(text)
		}
	}
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeInternal {
		t.Fatalf("got %v", err)
	}
}

// TestLeaks_Releases puts one release after the other in the place of the last:
// each has a module of its own, which is checked, started and called, while the
// one before is still there. It makes 10,000 of them if POSTERN_SCALE is set.
func TestLeaks_Releases(t *testing.T) {
	releases := 600
	if os.Getenv("POSTERN_SCALE") != "" {
		releases = 10_000
	}
	e, err := engine.Open(t.Context(), engine.Config{Concurrency: 2, Queue: 2, Memory: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	wasm := guest(t, "ok/keep_input")
	release := func(n int) engine.Call {
		c := call(append(bytes.Clone(wasm), 0, 4, 1, 'n', byte(n), byte(n>>8)))
		c.App, c.Input = "app", []byte("s")
		return c
	}
	serve := func(from, to int) {
		for n := from; n < to; n++ {
			next := release(n)
			upload, _ := next.Load(t.Context())
			if err := e.Check(t.Context(), upload); err != nil {
				t.Fatal(err)
			}
			if err := e.Warm(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			for _, c := range []engine.Call{release(max(0, n-1)), next} {
				if _, err := e.Call(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	serve(0, releases/3)
	before := hold(t)
	serve(releases/3, releases)
	after := hold(t)
	t.Logf("after %d releases: %+v; after %d: %+v", releases/3, before, releases, after)
	// What is kept in memory is bounded by the engine; machine code that was
	// given up goes with the garbage collector, which may be behind.
	if after.goroutines > before.goroutines+5 || after.descriptors > before.descriptors+5 ||
		after.mappings > before.mappings+500 || after.snapshots > before.snapshots+20 || after.resident > before.resident+64<<20 {
		t.Errorf("after %d releases: %+v\nafter %d: %+v", releases/3, before, releases, after)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if closed := hold(t); closed.goroutines > before.goroutines || closed.descriptors > before.descriptors || closed.snapshots > 0 {
		t.Errorf("after %d releases: %+v\nafter Close: %+v", releases/3, before, closed)
	}
}
