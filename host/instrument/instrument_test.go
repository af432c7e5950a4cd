package instrument_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/instrument"
)

// build writes a module from whole sections, in the order given.
func build(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), slices.Concat(sections...)...)
}

// section writes one section. Contents stay below 128 bytes in these tests,
// so that a length is one byte.
func section(id byte, content ...byte) []byte {
	if len(content) > 127 {
		panic("section too long for this helper")
	}
	return append([]byte{id, byte(len(content))}, content...)
}

func str(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// importing writes an import section of one item: its descriptor follows the
// two names.
func importing(module, name string, descriptor ...byte) []byte {
	return section(2, slices.Concat([]byte{1}, str(module), str(name), descriptor)...)
}

var (
	noTypes    = section(1, 1, 0x60, 0, 0)             // () -> ()
	i64ToI64   = section(1, 1, 0x60, 1, 0x7e, 1, 0x7e) // (i64) -> i64
	oneFunc    = section(3, 1, 0)                      // of type 0
	emptyBody  = section(10, 1, 2, 0, 0x0b)            // that does nothing
	exportedAs = section(7, slices.Concat([]byte{1}, str("handle"), []byte{0, 0})...)
)

// callable is a small module with a callable export.
func callable(extra ...[]byte) []byte {
	return build(slices.Concat([][]byte{noTypes, oneFunc}, extra, [][]byte{exportedAs, emptyBody})...)
}

// code is a module of one function with these instructions and an end.
func code(instructions ...byte) []byte {
	body := slices.Concat([]byte{0}, instructions, []byte{0x0b})
	return build(noTypes, oneFunc, section(10, append([]byte{1, byte(len(body))}, body...)...))
}

// nested is a module of one function with blocks in each other.
func nested(n int, op byte) []byte {
	body := slices.Concat([]byte{0}, bytes.Repeat([]byte{op, 0x40}, n), bytes.Repeat([]byte{0x0b}, n+1))
	content := slices.Concat([]byte{1}, leb(len(body)), body)
	return build(noTypes, oneFunc, append(append([]byte{10}, leb(len(content))...), content...))
}

func TestInspect(t *testing.T) {
	t.Parallel()
	wasm := build(
		section(1, 3, 0x60, 1, 0x7e, 1, 0x7e, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 0),
		section(2, slices.Concat([]byte{3},
			str("extism:host/env"), str("alloc"), []byte{0, 0},
			str("extism:host/env"), str("alloc"), []byte{0, 0},
			str("wasi_snapshot_preview1"), str("proc_exit"), []byte{0, 2})...),
		section(3, 2, 1, 2),
		section(5, 1, 0, 3),
		section(7, slices.Concat([]byte{4}, str("handle"), []byte{0, 3}, str("_initialize"), []byte{0, 3},
			str("takes"), []byte{0, 4}, str("memory"), []byte{2, 0})...),
		section(10, 2, 4, 0, 0x41, 0, 0x0b, 2, 0, 0x0b),
	)
	m, err := instrument.Inspect(wasm, 16)
	if err != nil {
		t.Fatal(err)
	}
	if m.Size != int64(len(wasm)) || len(m.Digest) != 64 || m.MemoryPages != 3 || len(m.Warnings) != 0 {
		t.Errorf("got %+v", m)
	}
	if len(m.Imports) != 2 {
		t.Fatalf("imports %+v: want each one once", m.Imports)
	}
	if im := m.Imports[0]; im.Name != "alloc" || im.Capability != "memory" || im.Kind != "func" ||
		!slices.Equal(im.Params, []string{"i64"}) || !slices.Equal(im.Results, []string{"i64"}) {
		t.Errorf("import %+v", im)
	}
	for name, want := range map[string]bool{"handle": true, "_initialize": false, "takes": false, "memory": false} {
		if e := m.Export(name); e == nil || e.Callable != want {
			t.Errorf("export %s: got %+v, want callable %v", name, e, want)
		}
	}
}

func TestInspect_BulkCopies(t *testing.T) {
	t.Parallel()
	m, err := instrument.Inspect(build(
		section(1, 2, 0x60, 3, 0x7e, 0x7f, 0x7f, 0, 0x60, 2, 0x7f, 0x7f, 1, 0x7e),
		section(2, slices.Concat([]byte{2},
			str("postern:host/v1"), str("read"), []byte{0, 0},
			str("postern:host/v1"), str("write"), []byte{0, 1})...),
	), 16)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"read", "write"} {
		if im := m.Imports[i]; im.Name != name || im.Module != instrument.PosternModule || im.Capability != instrument.Memory {
			t.Errorf("import %+v, want %s, which needs memory", im, name)
		}
	}
}

func TestInspect_WarnsWithoutCallableExport(t *testing.T) {
	t.Parallel()
	m, err := instrument.Inspect(build(), 16)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "exports no function") {
		t.Errorf("warnings %q", m.Warnings)
	}
}

// refusals are uploads that are no use here, and what their authors are told.
var refusals = []struct {
	name string
	wasm []byte
	want string // part of the sentence
}{
	{"empty", nil, "The module is empty"},
	{"text", []byte(" \n(module)"), "WebAssembly text"},
	{"text_with_comment", []byte(";; hi\n(module)"), "WebAssembly text"},
	{"not_wasm", []byte("MZ\x90\x00\x03\x00"), "not WebAssembly"},
	{"cut_in_header", []byte("\x00asm\x01"), "within its header"},
	{"component", []byte("\x00asm\x0d\x00\x01\x00"), "component"},
	{"version_2", []byte("\x00asm\x02\x00\x00\x00"), "unknown WebAssembly version"},
	{"section_past_the_end", build([]byte{1, 100}), "length past the end at byte 10"},
	{"section_length_too_large_a_number", build([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x7f}), "number too large"},
	{"section_too_long", build(section(1, 0, 0)), "unexpected bytes"},
	{"section_twice", build(noTypes, noTypes), "section out of order at byte 14"},
	{"section_unknown", build(section(13, 0)), "section of the unknown kind 13"},
	{"types_more_than_bytes", build(section(1, 100, 0x60, 0, 0)), "vector longer than its section"},
	{"type_form_unknown", build(section(1, 1, 0x5f, 0, 0)), "type form 0x5f"},
	{"value_type_unknown", build(section(1, 1, 0x60, 1, 0x10, 0)), "value type 0x10"},
	{"function_of_unknown_type", build(noTypes, section(3, 1, 7)), "undeclared type"},
	{"export_of_unknown_function", build(exportedAs), "handle names a function that is not there"},
	{"export_twice", build(section(5, 1, 0, 1), section(7, slices.Concat([]byte{2}, str("m"), []byte{2, 0}, str("m"), []byte{2, 0})...)), "exports m twice"},
	{"export_name_not_utf8", build(section(7, 1, 1, 0xff, 2, 0)), "not UTF-8"},
	{"memory_too_large", build(section(5, 1, 0, 17)), "17 pages (1.062 MiB); the limit is 16 pages (1 MiB)"},
	{"memory_64", build(section(5, 1, 4, 1)), "memory with 64-bit addresses"},
	{"memory_shared", build(section(5, 1, 3, 1, 1)), "shared memory"},
	{"memories", build(section(5, 2, 0, 1, 0, 1)), "2 memories; the limit is 1"},
	{"table_too_large", build(section(4, 1, 0x70, 0, 0x81, 0x80, 0x40)), "tables of 1048577 entries"},
	{"tables_too_many", build(section(4, slices.Concat([]byte{9}, bytes.Repeat([]byte{0x70, 0, 1}, 9))...)), "9 tables; the limit is 8"},
	{"table_of_unknown_type", build(section(4, 1, 0x6e, 0, 1)), "element type 0x6e"},
	{"table_above_its_maximum", build(section(4, 1, 0x70, 1, 2, 1)), "table larger than its maximum"},
	{"import_unknown", build(i64ToI64, importing("extism:host/user", "mult", 0, 0)), "func extism:host/user.mult"},
	{"import_of_postern_module_unknown", build(i64ToI64, importing("postern:host/v1", "copy", 0, 0)), "func postern:host/v1.copy"},
	{"import_of_postern_module_with_wrong_signature", build(i64ToI64, importing("postern:host/v1", "read", 0, 0)), "func postern:host/v1.read as (i64) -> i64 (it is (i64, i32, i32))"},
	{"import_memory", build(importing("env", "memory", 2, 0, 1)), "memory env.memory"},
	{"import_table", build(importing("env", "table", 1, 0x70, 0, 1)), "table env.table"},
	{"import_global", build(importing("env", "base", 3, 0x7f, 0)), "global env.base"},
	{"import_known_name_as_memory", build(importing("extism:host/env", "alloc", 2, 0, 1)), "memory extism:host/env.alloc"},
	{"import_with_wrong_signature", build(i64ToI64, importing("extism:host/env", "free", 0, 0)), "func extism:host/env.free as (i64) -> i64 (it is (i64))"},
	{"import_of_unknown_kind", build(importing("env", "x", 9)), "import of an unknown kind"},
	{"export_of_the_hosts", build(noTypes, oneFunc, section(7, slices.Concat([]byte{1}, str("$postern.budget"), []byte{0, 0})...), emptyBody), "names that begin with $postern. are the host's"},
	{"start_of_unknown_function", build(section(8, 0)), "start function that is not there"},
	{"bodies_missing", build(noTypes, oneFunc), "declares 1 functions and has 0 bodies"},
	{"bodies_too_many", build(section(10, 1, 2, 0, 0x0b)), "other number of bodies than of functions"},
	{"global_of_itself", build(section(6, 1, 0x7f, 0, 0x23, 0, 0x0b)), "global that is not there"},
	{"global_not_constant", build(section(6, 1, 0x7f, 0, 0x45, 0x0b)), "not constant"},
	{"element_of_unknown_table", build(section(9, 1, 0, 0x41, 0, 0x0b, 0)), "table that is not there"},
	{"data_without_memory", build(section(11, 1, 0, 0x41, 0, 0x0b, 0)), "memory that is not there"},
	{"instruction_unknown", code(0x06, 0x40, 0x0b), "instruction 0x06 at byte"},
	{"instruction_of_threads", code(0xfe, 0x03, 0), "instruction 0xfe at byte"},
	{"instruction_relaxed", code(0xfd, 0x80, 0x02), "instruction 0xfd 0x100 at byte"},
	{"instruction_in_long_form", code(0xfd, 0x8c, 0), "instruction 0xfd 0xc at byte"},
	{"instruction_of_unknown_table", code(0xfc, 0x10, 0, 0x1a), "table that is not there"},
	{"call_of_added_function", code(0x10, 1), "function that is not there"},
	{"global_that_is_added", code(0x23, 0, 0x1a), "global that is not there"},
	{"local_that_is_added", code(0x20, 0, 0x1a), "local that is not there"},
	{"memory_that_is_added", code(0x3f, 0, 0x1a), "memory that is not there"},
	{"type_that_is_added", code(0x02, 1, 0x0b), "unknown type of a block"},
	{"branch_out", code(0x0c, 1), "branch out of the function"},
	{"else_alone", code(0x05), "else outside of an if"},
	{"body_after_its_end", code(0x0b), "unexpected bytes"},
	{"body_without_end", code(0x02, 0x40), "function without an end"},
	{"number_too_large", code(0x41, 0xff, 0xff, 0xff, 0xff, 0x4f, 0x1a), "number too large"},
	{"locals_too_many", build(noTypes, oneFunc, section(10, 1, 6, 1, 0xd1, 0x86, 0x03, 0x7f, 0x0b)), "50001 locals; the limit is 50000"},
	{"blocks_too_deep", nested(2500, 0x02), "nested deeper than 2500"},
	{"loops_too_deep", nested(1001, 0x03), "loops nested deeper than 1000"},
	{"import_name_with_control_characters", build(i64ToI64, importing("a\n", "b", 0, 0)), "func a\ufffd.b"},
}

func TestInspect_Refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := instrument.Inspect(tt.wasm, 16)
			if _, rewriting := instrument.Rewrite(tt.wasm); rewriting != nil && rewriting.Error() != err.Error() {
				t.Errorf("Rewrite says %q", rewriting)
			}
			if host.CodeOf(err) != host.CodeInvalid {
				t.Fatalf("got %v, want CodeInvalid", err)
			}
			if msg := host.AsError(err).Message; !strings.Contains(msg, tt.want) {
				t.Errorf("got %q, want %q in it", msg, tt.want)
			}
		})
	}
}

func TestInspect_NamesEveryUnknownImport(t *testing.T) {
	t.Parallel()
	_, err := instrument.Inspect(build(i64ToI64, section(2, slices.Concat([]byte{3},
		str("a"), str("one"), []byte{0, 0}, str("b"), str("two"), []byte{0, 0}, str("c"), str("three"), []byte{2, 0, 1})...)), 16)
	want := "The module imports what this host does not offer: func a.one, func b.two, memory c.three"
	if err == nil || host.AsError(err).Message != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// TestInspect_Describes covers what a module says and shows about itself.
func TestInspect_Describes(t *testing.T) {
	t.Parallel()
	producers := section(0, slices.Concat(str("producers"), []byte{2},
		str("processed-by"), []byte{1}, str("rustc"), str("1.96"), str("language"), []byte{1}, str("Rust"), str("2024"))...)
	for _, tt := range []struct {
		wasm     []byte
		language string
		features []string
	}{
		{callable(producers), "Rust", []string{}},
		{read(t, "testdata/everything.wasm"), "", []string{"bulk-memory", "reference-types", "simd128"}},
		{read(t, "testdata/endless/tail_calls.wasm"), "", []string{"tail-call"}},
	} {
		got, err := instrument.Inspect(tt.wasm, 16)
		if err != nil || got.Language != tt.language || !slices.Equal(got.Features, tt.features) {
			t.Errorf("got %+v, %v\nwant %q, %q", got, err, tt.language, tt.features)
		}
	}
}

// compile asks wazero whether a binary is a valid module.
func compile(t testing.TB, wasm []byte) error {
	t.Helper()
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithDebugInfoEnabled(false).WithCoreFeatures(features))
	defer r.Close(ctx)
	_, err := r.CompileModule(ctx, wasm)
	return err
}
