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
	wasm []byte
	code host.Code // of the error
	want string    // the answer, or part of the sentence
}

const (
	answered = host.Code("")
	refused  = host.CodeInvalid // at the upload
	fails    = host.CodeModuleFailed
	late     = host.CodeModuleTimeout
)

// hostiles are the guests of testdata that mean no good. What other tests say
// about single functions is not repeated.
var hostiles = map[host.Code]map[string]string{
	answered: {
		"ok/nothing":                "",
		"ok/output_out_of_range":    "ok",
		"ok/free_what_is_not_there": string(make([]byte, 16)),
		"ok/reach_past_a_block":     strings.Repeat("\xff", 24) + string(make([]byte, 8)),
		"ok/tail_calls":             "",
		"ok/extended_const":         "",
		"ok/elements_out_of_range":  "",
	},
	late: {
		"error/allocate_forever":          "",
		"error/allocate_bytes_forever":    "",
		"error/grow_memory_forever":       "",
		"error/grow_table_forever":        "",
		"error/fill_forever":              "",
		"error/copy_forever":              "",
		"error/allocate_and_free_forever": "",
		"error/read_variable_forever":     "",
		"error/set_variable_forever":      "",
		"error/copy_blocks_forever":       "",
		"error/log_forever":               "",
		"error/draw_random_forever":       "",
		"error/write_nothing_forever":     "",
		"error/read_nothing_forever":      "",
		"error/poll_forever":              "",
		"error/write_forever":             "",
		"error/sleep_forever":             "",
		"error/spin_forever":              "",
		"error/spin_on_initialize":        "",
		"error/spin_on_start":             "",
		"error/recurse_tree":              "",
		"error/recurse_by_tail_calls":     "",
	},
	fails: {
		"error/set_variables_forever":    "memory limit",
		"error/recurse_forever":          "stack overflow",
		"error/recurse_with_many_locals": "stack overflow",
		"error/recurse_by_table":         "stack overflow",
		"error/recurse_on_start":         "stack overflow",
		"error/trap_on_start":            "unreachable",
		"error/exit_on_start":            "exit code 0",
		"error/trap_on_initialize":       "_initialize: wasm error: unreachable",
		"error/exit_on_initialize":       "_initialize ended the module",
		"error/call_nothing":             "invalid table access",
		"error/call_by_another_type":     "indirect call type mismatch",
		"error/data_out_of_range":        "out of bounds memory access",
		"error/fill_past_the_end":        "out of bounds memory access",
		"error/initialise_past_the_end":  "out of bounds memory access",
		"error/poll_overflow":            "poll_oneoff: 268435456 at once; the limit is 65536",
	},
	refused: {
		"refused/import_unknown":         "not offer: func extism:host/env.exec, func env.abort",
		"refused/import_of_another_type": "func extism:host/env.free as (i64) -> i64 (it is (i64))",
		"refused/import_as_global":       "global extism:host/env.alloc",
		"refused/memory_shared":          "shared memory",
		"refused/memory_64":              "64-bit addresses",
		"refused/memories":               "2 memories; the limit is 1",
		"refused/memory_initially_huge":  "65536 pages (4096 MiB)",
		"refused/table_initially_huge":   "4294967295 entries",
		"refused/exceptions":             "unknown kind 13",
	},
}

func readHostiles(t *testing.T) (list []hostile) {
	for code, guests := range hostiles {
		for name, want := range guests {
			list = append(list, hostile{name, guest(t, name), code, want})
		}
	}
	return list
}

// giants are as large as they may be, or a little larger, or claim to be.
func giants() []hostile {
	const many = 100_000
	// What the engine's compiler takes less than a second for.
	const blocks = 5_000
	empty := body(noLocals)
	returning := func(what ...byte) [][]byte { return [][]byte{body(noLocals, what)} }
	table := func(targets int) []byte {
		return slices.Concat([]byte{0x02, emptyBlock, 0x41, 0, 0x0e}, leb(targets), make([]byte, targets+1), []byte{end})
	}
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
		{name: "blocks_too_many", wasm: module(returning(times(many, 0x02, emptyBlock, end)...)), code: refused, want: "100000 blocks, which would take too long to compile"},
		{name: "loops_too_many", wasm: module(returning(times(many, 0x03, emptyBlock, end)...)), code: refused, want: "100000 blocks, which would take too long to compile"},
		{name: "ifs_too_many", wasm: module(returning(times(many, 0x41, 0, 0x04, emptyBlock, end)...)), code: refused, want: "100000 blocks, which would take too long to compile"},
		{name: "blocks_in_each_other", wasm: module(returning(slices.Concat(times(many, 0x02, emptyBlock), times(many, end))...)), code: refused, want: "nested deeper than 2500"},
		{name: "loops_in_each_other", wasm: module(returning(slices.Concat(times(many, 0x03, emptyBlock), times(many, end))...)), code: refused, want: "loops nested deeper than 1000"},
		{name: "branch_targets", wasm: module(returning(table(many / 5)...)), code: answered},
		{name: "branch_targets_too_many", wasm: module(returning(table(many)...)), code: refused, want: "100001 labels in its br_tables; the limit is 25000"},
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

// TestHostile uploads and calls them all, and one honest guest after each. It
// runs alone, because it looks at what the whole process holds in the end.
func TestHostile(t *testing.T) {
	e := open(t, engine.Config{Concurrency: 2, Queue: 2})
	before := resident(t)
	for _, h := range append(readHostiles(t), giants()...) {
		t.Run(h.name, func(t *testing.T) {
			err := e.Check(t.Context(), h.wasm)
			switch message := host.AsError(err).Message; {
			case h.code != refused && err == nil:
				h.check(t, e)
			case host.CodeOf(err) != h.code || !strings.Contains(message, h.want) || strings.Contains(message, "\n"):
				t.Errorf("the upload: got %v\nwant %q, %q", err, h.code, h.want)
			}
			serves(t, e)
		})
	}
	if underRace {
		return // the detector keeps megabytes for each of ours
	}
	runtime.GC()
	debug.FreeOSMemory()
	if after := resident(t); after > before+512<<20 {
		t.Errorf("resident memory went from %d to %d MiB", before>>20, after>>20)
	}
}

// check makes a few calls and compares how they end.
func (h *hostile) check(t *testing.T, e *engine.Engine) {
	t.Helper()
	c := call(h.wasm)
	c.Input = []byte("input")
	c.Timeout = 5 * time.Minute // a busy machine takes its time to fill a guest's memory
	if h.code == late {
		c.Timeout = 100 * time.Millisecond
	}
	for _, c.Isolation = range []string{host.IsolationReset, host.IsolationReset, host.IsolationReuse, host.IsolationFresh} {
		result, err := e.Call(t.Context(), c)
		var failure *engine.Failure
		switch {
		case host.CodeOf(err) != h.code,
			h.code == answered && string(result.Output) != h.want,
			h.code == fails && (!errors.As(err, &failure) || !strings.Contains(failure.Error(), h.want)):
			t.Errorf("%s: got %q, %v\nwant %q, %q", c.Isolation, result.Output, err, h.code, h.want)
		case result.PeakBytes > host.DefaultMemoryMB<<20:
			t.Errorf("%s: it held %d bytes", c.Isolation, result.PeakBytes)
		}
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
