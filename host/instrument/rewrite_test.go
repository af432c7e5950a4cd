package instrument_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/posternhq/postern/host/instrument"
)

var configs = map[string]wazero.RuntimeConfig{
	"compiler":    wazero.NewRuntimeConfigCompiler(),
	"interpreter": wazero.NewRuntimeConfigInterpreter(),
}

// features are those of the engine.
const features = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst

func read(t testing.TB, file string) []byte {
	t.Helper()
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func rewritten(t testing.TB, wasm []byte) *instrument.Rewritten {
	t.Helper()
	out, err := instrument.Rewrite(wasm)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// instantiate runs a module on an engine, without WASI's start function.
func instantiate(ctx context.Context, t testing.TB, config wazero.RuntimeConfig, wasm []byte) api.Module {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(features))
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		t.Fatal(err)
	}
	m, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// call returns the one result of a function.
func call(ctx context.Context, t testing.TB, m api.Module, name string, args ...uint64) uint64 {
	t.Helper()
	results, err := m.ExportedFunction(name).Call(ctx, args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(results) == 0 {
		return 0
	}
	return results[0]
}

// errStop is what stops a guest in these tests.
var errStop = errors.New("stopped")

// TestRewrite_StopsEndlessGuests runs guests that never end: each one must come
// out to Go again and again, and can be stopped there.
func TestRewrite_StopsEndlessGuests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/endless/*.wasm")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d guests: %v", len(files), err)
	}
	for engine, config := range configs {
		for _, file := range files {
			t.Run(engine+"/"+strings.TrimSuffix(filepath.Base(file), ".wasm"), func(t *testing.T) {
				t.Parallel()
				derived := rewritten(t, read(t, file))
				yields := 0
				ctx := gate{limit: 1 << 26, yielded: func() {
					if yields++; yields%5 == 0 {
						panic(errStop)
					}
				}}.in(t.Context())
				m := instantiate(ctx, t, config, derived.Wasm)
				for _, want := range []int{5, 10} { // what was stopped can start again
					if _, err := m.ExportedFunction("run").Call(ctx); !errors.Is(err, errStop) || yields != want {
						t.Fatalf("ended after %d yields with %v", yields, err)
					}
				}
			})
		}
	}
}

// TestRewrite_LetsTheCollectorWork runs endless guests beside collections,
// which wait until every goroutine is at a safe point.
func TestRewrite_LetsTheCollectorWork(t *testing.T) {
	t.Parallel()
	derived := rewritten(t, read(t, "testdata/endless/loop.wasm"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	for range 2 * runtime.GOMAXPROCS(0) {
		go func() {
			within := gate{limit: 1 << 20, yielded: func() {
				runtime.Gosched()
				if ctx.Err() != nil {
					panic(errStop)
				}
			}}.in(ctx)
			m := instantiate(within, t, wazero.NewRuntimeConfig(), derived.Wasm)
			_, err := m.ExportedFunction("run").Call(within)
			ended <- err
		}()
	}
	for range 5 {
		runtime.GC()
	}
	cancel()
	for range 2 * runtime.GOMAXPROCS(0) {
		select {
		case err := <-ended:
			if !errors.Is(err, errStop) {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("a guest does not end")
		}
	}
}

// TestRewrite_Restore changes everything a guest can, and puts it back.
func TestRewrite_Restore(t *testing.T) {
	t.Parallel()
	for engine, config := range configs {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			ctx := gate{limit: 1 << 20}.in(t.Context())
			derived := rewritten(t, read(t, "testdata/everything.wasm"))
			m := instantiate(ctx, t, config, derived.Wasm)
			original := instantiate(ctx, t, config, read(t, "testdata/everything.wasm"))
			states := []uint64{}
			for range 3 {
				want, got := call(ctx, t, original, "state"), call(ctx, t, m, "state")
				if got != want {
					t.Fatalf("state is %d, in the original %d", got, want)
				}
				states = append(states, got)
				call(ctx, t, original, "change")
				call(ctx, t, m, "change")
				if len(states) == 1 {
					call(ctx, t, m, derived.Snapshot)
				}
			}
			call(ctx, t, m, derived.Restore)
			if got := call(ctx, t, m, "state"); got != states[1] || states[0] == states[1] || states[1] == states[2] {
				t.Errorf("restored to %d, want the second of %d", got, states)
			}
			if pages := call(ctx, t, m, "size"); pages != 2 || m.Memory().Size() != 4<<16 {
				t.Errorf("%d pages, memory of %d bytes", pages, m.Memory().Size())
			}
		})
	}
}

// TestRewrite_Dirty does what Restore cannot undo.
func TestRewrite_Dirty(t *testing.T) {
	t.Parallel()
	ctx := gate{limit: 1 << 20}.in(t.Context())
	derived := rewritten(t, read(t, "testdata/everything.wasm"))
	for _, does := range []string{"drop", "grow_table"} {
		m := instantiate(ctx, t, wazero.NewRuntimeConfig(), derived.Wasm)
		dirty := m.ExportedGlobal(derived.Dirty)
		args := map[string][]uint64{"grow_table": {2}}[does]
		call(ctx, t, m, does, args...)
		if dirty.Get() == 0 {
			t.Errorf("%s left no mark", does)
		}
		call(ctx, t, m, derived.Snapshot)
		if dirty.Get() != 0 {
			t.Errorf("after %s a snapshot is not clean", does)
		}
		call(ctx, t, m, derived.Restore)
		if dirty.Get() != 0 {
			t.Error("restoring left a mark")
		}
	}
	if out := rewritten(t, read(t, "testdata/fib.wasm")); out.Dirty != "" {
		t.Errorf("a module that can do nothing has %+v", out)
	}
}

// TestRewrite_Memory compares growing with the original, whose memory may have
// four pages at most.
func TestRewrite_Memory(t *testing.T) {
	t.Parallel()
	ctx := gate{limit: 3 << 16}.in(t.Context())
	derived := rewritten(t, read(t, "testdata/everything.wasm"))
	was := instantiate(ctx, t, wazero.NewRuntimeConfig(), read(t, "testdata/everything.wasm"))
	is := instantiate(ctx, t, wazero.NewRuntimeConfig(), derived.Wasm)
	for _, delta := range []uint64{0, 1, 0, 1<<32 - 1, 65535, 65536, 4, 3, 2, 1, 1, 0} {
		want, got := call(ctx, t, was, "grow", delta), call(ctx, t, is, "grow", delta)
		if uint32(got) != uint32(want) {
			t.Errorf("growing by %d: %d, in the original %d", delta, int32(got), int32(want))
		}
		if want, got = call(ctx, t, was, "size"), call(ctx, t, is, "size"); got != want {
			t.Errorf("after growing by %d: %d pages, in the original %d", delta, got, want)
		}
	}
}

// TestRewrite_CapsTables grows a table to its cap.
func TestRewrite_CapsTables(t *testing.T) {
	t.Parallel()
	ctx := gate{limit: 1 << 20}.in(t.Context())
	table := section(4, 1, 0x70, 0, 1)
	grow := build(section(1, 1, 0x60, 1, 0x7f, 1, 0x7f), oneFunc, table, exportedAs,
		section(10, 1, 9, 0, 0xd0, 0x70, 0x20, 0, 0xfc, 0x0f, 0, 0x0b))
	m := instantiate(ctx, t, wazero.NewRuntimeConfig(), rewritten(t, grow).Wasm)
	if got := int32(call(ctx, t, m, "handle", 1<<16)); got != -1 {
		t.Errorf("growing above the cap: %d", got)
	}
	if got := int32(call(ctx, t, m, "handle", 1<<16-1)); got != 1 {
		t.Errorf("growing to the cap: %d", got)
	}
}

// TestRewrite_Loops compares loops of every kind with the original.
func TestRewrite_Loops(t *testing.T) {
	t.Parallel()
	for engine, config := range configs {
		yields := 0
		ctx := gate{limit: 1 << 20, yielded: func() { yields++ }}.in(t.Context())
		wasm := read(t, "testdata/everything.wasm")
		was := instantiate(ctx, t, config, wasm)
		is := instantiate(ctx, t, config, rewritten(t, wasm).Wasm)
		for _, n := range []uint64{0, 1, 2, 3, 10, 1000} {
			if want, got := call(ctx, t, was, "loops", n), call(ctx, t, is, "loops", n); got != want {
				t.Errorf("%s: loops(%d): %d, in the original %d", engine, n, got, want)
			}
		}
		if yields == 0 {
			t.Errorf("%s: never out of half a million rounds", engine)
		}
	}
}

// TestRewrite_NestedLoops nests more loops than are wrapped; the innermost one
// never ends.
func TestRewrite_NestedLoops(t *testing.T) {
	t.Parallel()
	const n = 100
	body := slices.Concat([]byte{0}, bytes.Repeat([]byte{0x03, 0x40}, n), []byte{0x0c, 0},
		bytes.Repeat([]byte{0x0b, 0x41, 1, 0x0d, 0}, n-1), []byte{0x0b, 0x0b})
	content := slices.Concat([]byte{1}, leb(len(body)), body)
	wasm := build(noTypes, oneFunc, exportedAs, append(append([]byte{10}, leb(len(content))...), content...))
	ctx := gate{limit: 1 << 16, yielded: func() { panic(errStop) }}.in(t.Context())
	_, err := instantiate(ctx, t, wazero.NewRuntimeConfig(), rewritten(t, wasm).Wasm).ExportedFunction("handle").Call(ctx)
	if !errors.Is(err, errStop) {
		t.Errorf("got %v", err)
	}
}

// TestRewrite_NamesInTraps has a function trap whose name the name section
// gives: it must be found by its index, as before.
func TestRewrite_NamesInTraps(t *testing.T) {
	t.Parallel()
	names := section(0, slices.Concat(str("name"), []byte{1, 10, 1, 0}, str("explode"))...)
	wasm := build(noTypes, oneFunc, exportedAs, section(10, 1, 3, 0, 0x00, 0x0b), names)
	ctx := gate{limit: 1 << 16}.in(t.Context())
	_, err := instantiate(ctx, t, wazero.NewRuntimeConfig(), rewritten(t, wasm).Wasm).ExportedFunction("handle").Call(ctx)
	if err == nil || !strings.Contains(err.Error(), "explode()") {
		t.Errorf("got %v", err)
	}
}

// TestRewrite_CorrectsNames gives a function that traps names that lie: the
// trap shows what is true of them.
func TestRewrite_CorrectsNames(t *testing.T) {
	t.Parallel()
	ctx := gate{limit: 1 << 16}.in(t.Context())
	for _, tt := range []struct {
		name  string
		parts []byte // of the name section
		want  string // in the trap
	}{
		{"true", []byte{0, 2, 1, 'm', 1, 4, 1, 0, 1, 'f'}, "m.f()"},
		{"second_index_not_there", []byte{1, 7, 2, 0, 1, 'f', 9, 1, 'g'}, ".f()"},
		{"index_twice", []byte{1, 7, 2, 0, 1, 'f', 0, 1, 'g'}, ".f()"},
		{"part_twice", []byte{1, 4, 1, 0, 1, 'f', 1, 4, 1, 0, 1, 'g'}, ".f()"},
		{"more_claimed", []byte{1, 8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1, 'f'}, ".$0()"},
		{"part_too_long", []byte{1, 9, 1, 0, 1, 'f'}, ".$0()"},
		{"not_UTF-8", []byte{1, 4, 1, 0, 1, 0xff}, ".$0()"},
		{"locals_claimed", []byte{1, 4, 1, 0, 1, 'f', 2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f}, ".f()"},
	} {
		wasm := build(noTypes, oneFunc, exportedAs, section(10, 1, 3, 0, 0x00, 0x0b), section(0, slices.Concat(str("name"), tt.parts)...))
		_, err := instantiate(ctx, t, wazero.NewRuntimeConfig(), rewritten(t, wasm).Wasm).ExportedFunction("handle").Call(ctx)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestRewrite_KeepsCustomSections holds what else a module has against the
// result: only debug information, whose offsets would be wrong, is gone.
func TestRewrite_KeepsCustomSections(t *testing.T) {
	t.Parallel()
	note := section(0, append(str("note"), "kept"...)...)
	out := rewritten(t, callable(note, section(0, append(str(".debug_info"), 1, 2)...), note)).Wasm
	if n := strings.Count(string(out), string(note)); n != 2 {
		t.Errorf("the note is there %d times", n)
	}
	if strings.Contains(string(out), ".debug_info") {
		t.Error("debug information is still there")
	}
	if err := compile(t, out); err != nil {
		t.Error(err)
	}
}
