package engine_test

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// hostile is a guest that means no good, and how it is answered.
type hostile struct {
	name string
	wasm []byte      // the guest of that name in testdata if nil
	code host.Code   // of the error, "" for an answer
	want string      // part of the sentence; the answer
	call engine.Call // Input and Timeout
}

const (
	answered = host.Code("")
	refused  = host.CodeInvalid // at the upload
	fails    = host.CodeModuleFailed
	late     = host.CodeModuleTimeout
)

// soon is the deadline of guests that never end.
var soon = engine.Call{Timeout: 100 * time.Millisecond}

// hostiles are written; big ones are made by giants. What the other tests of
// this package say about single functions is not repeated.
func hostiles(t *testing.T) []hostile {
	const outOfMemory, stack = "memory limit", "stack overflow"
	list := []hostile{
		{"ok/nothing", nil, answered, "", engine.Call{}},
		{"ok/output_out_of_range", nil, answered, "ok", engine.Call{}},
		{"ok/free_what_is_not_there", nil, answered, string(make([]byte, 16)), engine.Call{Input: []byte("input")}},
		{"ok/reach_past_a_block", nil, answered, strings.Repeat("\xff", 24) + string(make([]byte, 8)), engine.Call{}},
		{"ok/tail_calls", nil, answered, "", engine.Call{}},
		{"ok/extended_const", nil, answered, "", engine.Call{}},

		{"error/allocate_forever", nil, late, "", soon},
		{"error/allocate_bytes_forever", nil, late, "", soon},
		{"error/set_variables_forever", nil, fails, outOfMemory, engine.Call{}},
		{"error/grow_memory_forever", nil, late, "", soon},
		{"error/grow_table_forever", nil, late, "", soon},
		{"error/fill_forever", nil, late, "", soon},
		{"error/copy_forever", nil, late, "", soon},
		{"error/allocate_and_free_forever", nil, late, "", soon},
		{"error/read_variable_forever", nil, late, "", soon},
		{"error/set_variable_forever", nil, late, "", soon},
		{"error/copy_blocks_forever", nil, late, "", soon},
		{"error/log_forever", nil, late, "", soon},
		{"error/draw_random_forever", nil, late, "", soon},
		{"error/write_nothing_forever", nil, late, "", soon},
		{"error/read_nothing_forever", nil, late, "", soon},
		{"error/poll_forever", nil, late, "", soon},
		{"error/write_forever", nil, late, "", soon},
		{"error/sleep_forever", nil, late, "", soon},
		{"error/spin_forever", nil, late, "", soon},
		{"error/spin_on_initialize", nil, late, "", soon},
		{"error/spin_on_start", nil, late, "", soon},
		{"error/recurse_tree", nil, late, "", soon},
		{"error/recurse_by_tail_calls", nil, late, "", soon},

		{"error/recurse_forever", nil, fails, stack, engine.Call{}},
		{"error/recurse_with_many_locals", nil, fails, stack, engine.Call{}},
		{"error/recurse_by_table", nil, fails, stack, engine.Call{}},
		{"error/recurse_on_start", nil, fails, stack, engine.Call{}},
		{"error/trap_on_start", nil, fails, "unreachable", engine.Call{}},
		{"error/exit_on_start", nil, fails, "exit code 0", engine.Call{}},
		{"error/trap_on_initialize", nil, fails, "_initialize: wasm error: unreachable", engine.Call{}},
		{"error/exit_on_initialize", nil, fails, "_initialize ended the module", engine.Call{}},
		{"error/call_nothing", nil, fails, "invalid table access", engine.Call{}},
		{"error/call_by_another_type", nil, fails, "indirect call type mismatch", engine.Call{}},
		{"error/data_out_of_range", nil, fails, "out of bounds memory access", engine.Call{}},
		{"ok/elements_out_of_range", nil, answered, "", engine.Call{}},
		{"error/fill_past_the_end", nil, fails, "out of bounds memory access", engine.Call{}},
		{"error/initialise_past_the_end", nil, fails, "out of bounds memory access", engine.Call{}},
		{"error/poll_overflow", nil, fails, "poll_oneoff: 268435456 at once; the limit is 65536", engine.Call{}},

		{"refused/import_unknown", nil, refused, "not offer: func extism:host/env.exec, func env.abort", engine.Call{}},
		{"refused/import_of_another_type", nil, refused, "func extism:host/env.free as (i64) -> i64 (it is (i64))", engine.Call{}},
		{"refused/import_as_global", nil, refused, "global extism:host/env.alloc", engine.Call{}},
		{"refused/memory_shared", nil, refused, "shared memory", engine.Call{}},
		{"refused/memory_64", nil, refused, "64-bit addresses", engine.Call{}},
		{"refused/memories", nil, refused, "2 memories; the limit is 1", engine.Call{}},
		{"refused/memory_initially_huge", nil, refused, "65536 pages (4096 MiB)", engine.Call{}},
		{"refused/table_initially_huge", nil, refused, "4294967295 entries", engine.Call{}},
		{"refused/exceptions", nil, refused, "unknown kind 13", engine.Call{}},
	}
	for i := range list {
		list[i].wasm = guest(t, list[i].name)
	}
	return list
}

// giants are as large as they may be, or a little larger, or claim to be.
func giants() []hostile {
	const many = 100_000
	// What the engine's compiler takes less than a second for.
	const blocks, targets = 5_000, 20_000
	empty := body(noLocals)
	returning := func(what ...byte) [][]byte { return [][]byte{body(noLocals, what)} }
	table := slices.Concat([]byte{0x02, emptyBlock, 0x41, 0, 0x0e}, leb(targets), make([]byte, targets+1), []byte{end})
	locals := func(n int) [][]byte { return [][]byte{body(slices.Concat([]byte{1}, leb(n), []byte{i64}))} }
	twice := slices.Concat(str("handle"), []byte{exportsFunc, 0})
	say := func(name string, claims ...[]byte) []byte {
		return module([][]byte{empty}, section(custom, append([][]byte{str(name)}, claims...)...))
	}
	names := func(parts ...[]byte) []byte { return say("name", parts...) }
	all := []byte{0xff, 0xff, 0xff, 0xff, 0x0f}
	one := []byte{1}
	return []hostile{
		{name: "functions", wasm: module(slices.Repeat([][]byte{empty}, many)), code: answered},
		{name: "functions_too_many", wasm: module(slices.Repeat([][]byte{empty}, 2*many+1)), code: refused, want: "200001 functions; the limit is 200000"},
		{name: "locals", wasm: module(locals(many / 2)), code: answered},
		{name: "locals_too_many", wasm: module(locals(many)), code: refused, want: "100000 locals; the limit is 50000"},
		{name: "locals_claimed", wasm: module([][]byte{body(slices.Concat([]byte{1}, all, []byte{i64}))}), code: refused, want: "4294967295 locals"},
		{name: "blocks", wasm: module(returning(times(blocks, 0x02, emptyBlock, end)...)), code: answered},
		{name: "blocks_in_each_other", wasm: module(returning(slices.Concat(times(many, 0x02, emptyBlock), times(many, end))...)), code: refused, want: "nested deeper than 2500"},
		{name: "loops_in_each_other", wasm: module(returning(slices.Concat(times(many, 0x03, emptyBlock), times(many, end))...)), code: refused, want: "loops nested deeper than 1000"},
		{name: "branch_targets", wasm: module(returning(table...)), code: answered},
		{name: "export_twice", wasm: wasm(
			section(types, []byte{1, 0x60, 0, 0}), section(functions, []byte{1, 0}), section(exports, list(twice, twice)),
			section(codes, list(empty))), code: refused, want: "exports handle twice"},
		{name: "custom_section_of_30_MB", wasm: say("blob", make([]byte, 30<<20)), code: answered},
		{name: "custom_sections", wasm: module([][]byte{empty}, times(many, section(custom, str("x"))...)), code: answered},

		{name: "names_claimed", wasm: names(section(1, all)), code: answered},
		{name: "names_of_locals_claimed", wasm: names(section(2, all)), code: answered},
		{name: "names_of_locals_of_a_function_claimed", wasm: names(section(2, one, []byte{0}, all)), code: answered},
		{name: "name_of_a_function_not_there", wasm: names(section(1, one, all, str("ghost"))), code: answered},
		{name: "name_too_long", wasm: names(section(1, one, []byte{0}, str(strings.Repeat("long", 1<<20)))), code: answered},
		{name: "name_past_the_end", wasm: names(section(1, one, []byte{0}, all, []byte("x"))), code: answered},
		{name: "name_not_UTF-8", wasm: names(section(1, one, []byte{0}, str("\xff"))), code: answered},
		{name: "names_twice", wasm: names(section(1, one, []byte{0}, str("a")), section(1, one, []byte{0}, str("b"))), code: answered},
		{name: "name_sections", wasm: module([][]byte{empty}, times(3, section(custom, str("name"))...)), code: answered},
		{name: "names_of_a_wrong_size", wasm: names([]byte{1, 100, 1, 0, 1, 'a'}), code: answered},

		{name: "producers_claimed", wasm: say("producers", all), code: answered},
		{name: "producers_not_UTF-8", wasm: say("producers", list(slices.Concat(str("language"), list(slices.Concat(str("\xff"), str("\xff")))))), code: answered},
		{name: "producers_endless", wasm: say("producers", list(slices.Concat(str("language"), all))), code: answered},
	}
}

func TestHostile(t *testing.T) {
	e := open(t, engine.Config{Concurrency: 2, Queue: 2})
	before := resident(t)
	for _, h := range append(hostiles(t), giants()...) {
		t.Run(h.name, func(t *testing.T) {
			c := call(h.wasm)
			c.Input, c.Timeout = h.call.Input, max(h.call.Timeout, 0)
			err := e.Check(t.Context(), h.wasm)
			if h.code == refused {
				if host.CodeOf(err) != refused || !strings.Contains(host.AsError(err).Message, h.want) || strings.Contains(host.AsError(err).Message, "\n") {
					t.Errorf("got %v\nwant CodeInvalid with %q", err, h.want)
				}
			} else if err != nil {
				t.Fatalf("refused: %v", err)
			} else {
				for _, c.Isolation = range []string{host.IsolationReset, host.IsolationReset, host.IsolationReuse, host.IsolationFresh} {
					h.check(t, e, c)
				}
			}
			serves(t, e)
		})
	}
	runtime.GC()
	debug.FreeOSMemory()
	if after := resident(t); after > before+512<<20 {
		t.Errorf("resident memory went from %d to %d MiB", before>>20, after>>20)
	}
}

// check makes one call and compares how it ends.
func (h *hostile) check(t *testing.T, e *engine.Engine, c engine.Call) {
	t.Helper()
	result, err := e.Call(t.Context(), c)
	if host.CodeOf(err) != h.code {
		t.Errorf("%s: got %q, %v\nwant %q, %q", c.Isolation, result.Output, err, h.code, h.want)
		return
	}
	var failure *engine.Failure
	switch {
	case h.code == answered && string(result.Output) != h.want:
		t.Errorf("%s: got %q, want %q", c.Isolation, result.Output, h.want)
	case h.code == fails && (!errors.As(err, &failure) || !strings.Contains(failure.Error(), h.want)):
		t.Errorf("%s: got %v, want %q", c.Isolation, err, h.want)
	}
	if limit := uint64(host.DefaultMemoryMB) << 20; result.PeakBytes > limit {
		t.Errorf("%s: it held %d bytes of %d", c.Isolation, result.PeakBytes, limit)
	}
}

// serves makes sure that the engine has time for the next one.
func serves(t *testing.T, e *engine.Engine) {
	t.Helper()
	c := call(guest(t, "ok/echo"))
	c.Input = []byte("still here")
	if got, err := output(t, e, c); err != nil || !bytes.Equal(got, c.Input) {
		t.Errorf("the next call: got %q, %v", got, err)
	}
}

// resident is how much memory the process holds, in bytes; 0 where that is
// not to be had.
func resident(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(statm)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
