package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// guest reads a guest of testdata by its path without the ending.
func guest(t testing.TB, name string) []byte {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join("testdata", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// call makes a Call of a guest's function "handle".
func call(wasm []byte) engine.Call {
	sum := sha256.Sum256(wasm)
	return engine.Call{
		Digest:   hex.EncodeToString(sum[:]),
		Load:     func(context.Context) ([]byte, error) { return wasm, nil },
		Function: "handle",
		Timeout:  30 * time.Second,
	}
}

// open opens an engine that keeps compiled code on disk, as servers do.
func open(t testing.TB, c engine.Config) *engine.Engine {
	t.Helper()
	if c.CacheDir == "" {
		c.CacheDir = t.TempDir()
	}
	if c.Operations == nil {
		c.Operations = engine.Everything()
	}
	e, err := engine.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// output makes a call of which only the output matters.
func output(t *testing.T, e *engine.Engine, c engine.Call) ([]byte, error) {
	t.Helper()
	result, err := e.Call(t.Context(), c)
	return result.Output, err
}

func TestCall_Output(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	tests := []struct {
		guest string
		call  engine.Call
		want  string
	}{
		{"ok/nothing", engine.Call{}, ""},
		{"ok/echo", engine.Call{}, ""},
		{"ok/echo", engine.Call{Input: []byte("hello, \x00\xff world")}, "hello, \x00\xff world"},
		{"ok/echo_input_block", engine.Call{Input: []byte("hello")}, "hello"},
		{"ok/config", engine.Call{Input: []byte("color"), Config: map[string]string{"color": "red"}}, "red"},
		{"ok/config", engine.Call{Input: []byte("size"), Config: map[string]string{"color": "red"}}, ""},
		{"ok/config", engine.Call{Input: []byte("empty"), Config: map[string]string{"empty": ""}}, ""},
		{"ok/variable_within_call", engine.Call{Input: []byte("value")}, "value"},
		{"ok/reactor", engine.Call{}, "i"},
		{"ok/constructors", engine.Call{}, "c"},
		{"ok/haskell", engine.Call{}, "ih"},
		{"ok/exit_with_0", engine.Call{Function: "_start"}, "bye"},
		{"ok/free_after_output", engine.Call{}, "bye"},
		{"ok/input_past_its_end", engine.Call{Input: bytes.Repeat([]byte{0xff}, 16)}, ""},
		{"ok/no_surroundings", engine.Call{}, ""},
		{"ok/output_out_of_range", engine.Call{}, "ok"},
		{"ok/grow_memory", engine.Call{MemoryPages: 16}, "\x0f\x00\x00\x00\x00\x00\x00\x00"},   // one page for the block
		{"ok/allocate_all", engine.Call{MemoryPages: 160}, "\x09\x00\x00\x00\x00\x00\x00\x00"}, // 10 MiB less what blocks cost
		{"ok/variables_fill_memory", engine.Call{MemoryPages: 160}, "\x09\x00\x00\x00\x00\x00\x00\x00"},
		{"ok/grow_table", engine.Call{}, "\x00\x00\x01\x00\x00\x00\x00\x00"},
	}
	for _, tt := range tests {
		t.Run(tt.guest, func(t *testing.T) {
			t.Parallel()
			c := call(guest(t, tt.guest))
			c.Input, c.Config, c.MemoryPages = tt.call.Input, tt.call.Config, tt.call.MemoryPages
			if tt.call.Function != "" {
				c.Function = tt.call.Function
			}
			got, err := output(t, e, c)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v\nwant %q", got, err, tt.want)
			}
		})
	}
}

func TestCall_Fails(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	tests := []struct {
		guest    string
		function string // "handle" if empty
		input    string
		exit     uint32
		want     string // in the failure's text
	}{
		{"error/trap_on_call", "", "", 1, "unreachable"},
		{"error/trap_on_start", "", "", 1, "unreachable"},
		{"error/trap_on_initialize", "", "", 1, "_initialize: wasm error: unreachable"},
		{"error/exit_on_initialize", "", "", 0, "_initialize ended the module"},
		{"error/recurse_forever", "", "", 1, "stack overflow"},
		{"error/exit_with_3", "", "", 3, ""},
		{"error/exit_like_timeout", "", "", 0xefffffff, ""},
		{"error/return_3", "", "", 3, ""},
		{"error/set_error", "", "", 0, "no\ufffd"},
		{"error/set_error", "", "five!", 5, "no\ufffd"},
		{"error/http_request", "", `{"url":"https://user:secret@example.com/path"}`, 1, `http_request: The app does not grant its modules the capability "http"`},
		{"error/http_request", "", `not JSON`, 1, "not JSON"},
		{"error/http_request", "", ``, 1, "not JSON"},
		{"error/read_variable_without_memory", "", "", 1, "memory limit"},
		{"error/memory_initially_large", "", "", 1, "initial memory"},
		{"error/poll_overflow", "", "", 1, "poll_oneoff: 268435456 at once"},
		{"error/wasi_without_memory", "", "", 21, ""}, // EFAULT: the memory it was given is empty
		{"error/takes_parameter", "", "", 1, `"handle" takes parameters`},
		{"error/takes_parameter", "pair", "", 1, `"pair" takes parameters or returns`},
		{"error/takes_parameter", "long", "", 1, `"long" takes parameters or returns`},
		{"error/takes_parameter", "missing", "", 1, `no function "missing"`},
	}
	for _, tt := range tests {
		t.Run(tt.guest+"/"+tt.function, func(t *testing.T) {
			t.Parallel()
			c := call(guest(t, tt.guest))
			c.Input, c.MemoryPages = []byte(tt.input), 160
			if tt.function != "" {
				c.Function = tt.function
			}
			got, err := output(t, e, c)
			var failure *engine.Failure
			if host.CodeOf(err) != host.CodeModuleFailed || !errors.As(err, &failure) {
				t.Fatalf("got %q, %v, want CodeModuleFailed", got, err)
			}
			if failure.ExitCode != tt.exit || !strings.Contains(failure.Text, tt.want) || tt.want == "" && failure.Text != "" {
				t.Errorf("got %d, %q\nwant %d, %q", failure.ExitCode, failure.Text, tt.exit, tt.want)
			}
			if msg := host.AsError(err).Message; msg != "The module failed" || got != nil {
				t.Errorf("the client would see %q, %q", msg, got)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the URL: %v", err)
			}
		})
	}
}

func TestCall_Deadline(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 8})
	for _, name := range []string{
		"error/spin_forever", "error/spin_on_start", "error/spin_on_initialize", "error/sleep_forever", "error/write_forever",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := call(guest(t, name))
			c.Timeout = 50 * time.Millisecond
			_, err := e.Call(t.Context(), c)
			if host.CodeOf(err) != host.CodeModuleTimeout {
				t.Errorf("got %v, want CodeModuleTimeout", err)
			}
		})
	}
}

// TestCall_DeadlineBeforeStart: a deadline that has passed when the guest's
// memory is made ends the guest, not the host.
func TestCall_DeadlineBeforeStart(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	for _, isolation := range []string{host.IsolationReset, host.IsolationReuse, host.IsolationFresh} {
		c := call(guest(t, "ok/keep_input"))
		c.Isolation, c.Timeout = isolation, 1
		if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleTimeout {
			t.Errorf("%s: got %v, want CodeModuleTimeout", isolation, err)
		}
	}
}

// TestCall_Cancelled: a client that goes away is not a module that is slow.
func TestCall_Cancelled(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "error/spin_forever"))
	ctx, cancel := context.WithCancel(t.Context())
	load := c.Load
	c.Load = func(ctx context.Context) ([]byte, error) { defer cancel(); return load(ctx) }
	if _, err := e.Call(ctx, c); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("got %v, want CodeUnavailable", err)
	}
}

func TestCall_OutputTooLarge(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/output_large"))
	c.OutputBytes = 1 << 20
	if got, err := output(t, e, c); err != nil || len(got) != 1<<20 {
		t.Errorf("at the limit: got %d bytes, %v", len(got), err)
	}
	c.OutputBytes = 1<<20 - 1
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeInvalidResponse {
		t.Errorf("past it: got %v, want CodeInvalidResponse", err)
	}
}

func TestCall_InputTooLargeForMemory(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/echo"))
	c.MemoryPages, c.Input = 1, make([]byte, host.PageBytes)
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleFailed || !strings.Contains(err.Error(), "input does not fit") {
		t.Errorf("got %v", err)
	}
}

// TestCall_SeesNoOtherCall runs a guest that counts its calls in a global, in
// memory and in a variable.
func TestCall_SeesNoOtherCall(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 4, Queue: 100})
	c := call(guest(t, "ok/count_calls"))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := output(t, e, c); err != nil || string(got) != "111" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestCall_ClockAndRandom(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/clock_and_random"))
	before := time.Now().UnixNano()
	first, err := output(t, e, c)
	if err != nil {
		t.Fatal(err)
	}
	second, err := output(t, e, c)
	if err != nil {
		t.Fatal(err)
	}
	after := time.Now().UnixNano()
	var told int64
	for i := range 8 {
		told |= int64(first[i]) << (8 * i)
	}
	if told < before || told > after {
		t.Errorf("the guest's clock is at %d, the host's went from %d to %d", told, before, after)
	}
	if bytes.Equal(first[8:], second[8:]) {
		t.Errorf("two calls drew the same random bytes %x", first[8:])
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	if err := e.Check(t.Context(), guest(t, "ok/echo")); err != nil {
		t.Errorf("a good module: %v", err)
	}
	// A function body that leaves nothing on the stack where an i32 is due.
	invalid := []byte("\x00asm\x01\x00\x00\x00\x01\x05\x01\x60\x00\x01\x7f\x03\x02\x01\x00\x0a\x04\x01\x02\x00\x0b")
	for name, wasm := range map[string][]byte{"invalid": invalid, "text": []byte("(module)"), "empty": nil} {
		err := e.Check(t.Context(), wasm)
		if host.CodeOf(err) != host.CodeInvalid || strings.Contains(host.AsError(err).Message, "\n") {
			t.Errorf("%s: got %v, want CodeInvalid with one sentence", name, err)
		}
	}
}

// TestCall_ModuleThatCannotRun: a stored module may stop being valid with
// another version of the host.
func TestCall_ModuleThatCannotRun(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	_, err := e.Call(t.Context(), call([]byte("(module)")))
	if host.CodeOf(err) != host.CodeModuleFailed || !strings.Contains(err.Error(), "WebAssembly text") {
		t.Errorf("got %v, want CodeModuleFailed", err)
	}
}

func TestCall_LoadFails(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/echo"))
	missing := host.Errorf(host.CodeNotFound, "Module not found")
	c.Load = func(context.Context) ([]byte, error) { return nil, missing }
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeInternal || !errors.Is(err, missing) {
		t.Errorf("missing: got %v, want CodeInternal", err)
	}
	away := host.Errorf(host.CodeUnavailable, "The database is away")
	c.Load = func(context.Context) ([]byte, error) { return nil, away }
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("away: got %v, want CodeUnavailable", err)
	}
	c.Load = func(context.Context) ([]byte, error) { return guest(t, "ok/nothing"), nil }
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeInternal {
		t.Errorf("other bytes than the digest's: got %v, want CodeInternal", err)
	}
	c.Load = func(context.Context) ([]byte, error) { panic("the store broke") }
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeInternal {
		t.Errorf("a panic: got %v, want CodeInternal", err)
	}
}

// TestCall_PanicInLog: a fault of the caller's own function ends one call.
func TestCall_PanicInLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := open(t, engine.Config{Log: slog.New(slog.NewTextHandler(&out, nil))})
	c := call(guest(t, "ok/log_levels"))
	c.Log = func(level, _ string) { _ = []string{}[len(level)] }
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleFailed {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out.String(), "index out of range") || !strings.Contains(out.String(), "engine_test.go") {
		t.Errorf("the log has no stack: %s", out.String())
	}
}
