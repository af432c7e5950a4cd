package engine_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// onEveryMemory runs a test with an engine of each way to restore memory.
func onEveryMemory(t *testing.T, c engine.Config, test func(t *testing.T, e *engine.Engine)) {
	for _, name := range engine.Memories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, c)
			e.UseMemory(name)
			test(t, e)
		})
	}
}

// TestCall_Reset calls one instance after another's calls, which changed
// whatever a guest can change, and expects the first answer each time.
func TestCall_Reset(t *testing.T) {
	t.Parallel()
	onEveryMemory(t, engine.Config{}, testReset)
}

func testReset(t *testing.T, e *engine.Engine) {
	tests := []struct{ guest, want string }{
		{"ok/count_calls", "111"},
		{"ok/globals", "1"},
		{"ok/tables", "1"},
		{"ok/segments", "1"},
		{"ok/grow_table", "\x00\x00\x01\x00\x00\x00\x00\x00"},
		{"ok/grow_memory", "\x0f\x00\x00\x00\x00\x00\x00\x00"},
		{"ok/constructors", "c"},
		{"ok/reactor", "i"},
		{"ok/haskell", "ih"},
		{"ok/warmup", "1111"},
	}
	for _, tt := range tests {
		t.Run(tt.guest, func(t *testing.T) {
			t.Parallel()
			c := call(guest(t, tt.guest))
			c.MemoryPages = 16
			for i := range 20 {
				if got, err := output(t, e, c); err != nil || string(got) != tt.want {
					t.Fatalf("call %d: got %q, %v, want %q", i, got, err, tt.want)
				}
			}
		})
	}
}

// TestCall_ResetAfter: whatever way a call ends, the next finds nothing of it.
func TestCall_ResetAfter(t *testing.T) {
	t.Parallel()
	onEveryMemory(t, engine.Config{}, testResetAfter)
}

func testResetAfter(t *testing.T, e *engine.Engine) {
	c := call(guest(t, "ok/keep_input"))
	for i := range 20 {
		for name, input := range map[string]string{"return": "secret", "trap": "!secret", "exit": "?secret", "drop": "#secret"} {
			c.Input = []byte(input)
			got, err := output(t, e, c)
			if name == "trap" {
				if host.CodeOf(err) != host.CodeModuleFailed {
					t.Errorf("%s %d: got %v", name, i, err)
				}
				continue
			}
			if err != nil || !bytes.Equal(got, make([]byte, 64)) {
				t.Errorf("%s %d: got %q, %v", name, i, got, err)
			}
		}
	}
}

// TestCall_ResetConcurrently: no caller sees another's secret.
func TestCall_ResetConcurrently(t *testing.T) {
	t.Parallel()
	onEveryMemory(t, engine.Config{Concurrency: 8, Queue: 1000}, testResetConcurrently)
}

func testResetConcurrently(t *testing.T, e *engine.Engine) {
	wasm := guest(t, "ok/keep_input")
	var wg sync.WaitGroup
	for caller := range 32 {
		wg.Go(func() {
			c := call(wasm)
			c.App = []string{"a", "b"}[caller%2]
			for i := range 50 {
				c.Input = fmt.Appendf(nil, "%csecret of %d", "s!?#"[(caller+i)%4], caller)
				got, err := output(t, e, c)
				if err != nil && host.CodeOf(err) != host.CodeModuleFailed {
					t.Errorf("caller %d: %v", caller, err)
				}
				if bytes.Contains(got, []byte("secret")) {
					t.Errorf("caller %d was told %q", caller, got)
				}
			}
		})
	}
	wg.Wait()
}

// TestCall_Reuse: the instance goes on as it is, but variables are a call's.
func TestCall_Reuse(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/count_calls"))
	c.Isolation = host.IsolationReuse
	for _, want := range []string{"111", "221", "331"} {
		if got, err := output(t, e, c); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	c.App = "other"
	if got, err := output(t, e, c); err != nil || string(got) != "111" {
		t.Errorf("another app: got %q, %v", got, err)
	}
	c = call(guest(t, "ok/keep_input"))
	c.Isolation, c.Input = host.IsolationReuse, []byte("!secret")
	for range 3 {
		if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleFailed {
			t.Errorf("got %v", err)
		}
	}
	c.Input = nil
	if got, err := output(t, e, c); err != nil || !bytes.Equal(got, make([]byte, 64)) {
		t.Errorf("an instance went on after a trap: %q, %v", got, err)
	}
}

// TestCall_ReuseWithinItsMemory: the guest gives the room of what its start
// left, which comes back after each call, to its linear memory, which stays.
func TestCall_ReuseWithinItsMemory(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/give_room_to_memory"))
	c.Isolation, c.MemoryPages = host.IsolationReuse, 256
	for i := range 5 {
		result, err := e.Call(t.Context(), c)
		if err != nil || string(result.Output) != "\x07\x00\x00\x00\x00\x00\x00\x00" || result.PeakBytes > 16<<20 {
			t.Fatalf("call %d: it took %v MiB in blocks and held %d bytes; %v", i, result.Output, result.PeakBytes, err)
		}
	}
}

func TestCall_Fresh(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/warmup"))
	c.Isolation = host.IsolationFresh
	for range 3 {
		if got, err := output(t, e, c); err != nil || string(got) != "1001" {
			t.Errorf("got %q, %v: a fresh instance is neither warmed up nor resumed", got, err)
		}
	}
}

// TestCall_WarmupIsNotACall: what the warm-up put out is nobody's answer.
func TestCall_WarmupIsNotACall(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/warmup"))
	c.Function = "silent"
	for range 3 {
		if got, err := output(t, e, c); err != nil || len(got) > 0 {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestCall_WarmupFails(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	for name, want := range map[string]string{
		"error/config_in_warmup":   "config_get is not available",
		"error/variable_in_warmup": "var_set is not available",
		"error/http_in_warmup":     "http_request is not available",
	} {
		c := call(guest(t, name))
		c.Config = map[string]string{"key": "value"}
		for range 2 {
			if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleFailed || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", name, err, want)
			}
		}
		if err := e.Warm(t.Context(), c); host.CodeOf(err) != host.CodeInvalid || !strings.Contains(host.AsError(err).Message, want) {
			t.Errorf("%s: Warm: got %v, want %q", name, err, want)
		}
	}
	c := call(guest(t, "error/spin_on_warmup"))
	c.Timeout = 50 * time.Millisecond
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleTimeout {
		t.Errorf("endless: got %v", err)
	}
	if err := e.Warm(t.Context(), c); host.CodeOf(err) != host.CodeInvalid {
		t.Errorf("endless: Warm: got %v", err)
	}
	if err := e.Warm(t.Context(), call(guest(t, "ok/warmup"))); err != nil {
		t.Errorf("a good module: %v", err)
	}
}

// TestCall_RandomAtStart: random bytes drawn before the snapshot are those of
// every call, which must have been asked for.
// TestCall_StartOutlivesTheCall: a start that takes longer than the call that
// needs it fails that call only.
func TestCall_StartOutlivesTheCall(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/slow_warmup"))
	c.Timeout = 20 * time.Millisecond
	late := 0
	for {
		_, err := e.Call(t.Context(), c)
		if err == nil {
			break
		}
		if late++; host.CodeOf(err) != host.CodeModuleTimeout {
			t.Fatal(err)
		}
	}
	if late == 0 {
		t.Error("the guest is not slow enough for this test")
	}
}

func TestCall_RandomAtStart(t *testing.T) {
	t.Parallel()
	onEveryMemory(t, engine.Config{}, testRandomAtStart)
}

func testRandomAtStart(t *testing.T, e *engine.Engine) {
	tests := []struct {
		guest  string
		repeat bool
		values int
	}{
		{"ok/random_at_start", true, 1},
		{"ok/random_at_start", false, 100},
		{"ok/random_at_resume", false, 100},
		{"ok/random_at_resume", true, 100},
		{"ok/declines", true, 1},
		{"ok/declines", false, 100},
		{"ok/agrees", false, 100},
	}
	for _, tt := range tests {
		c := call(guest(t, tt.guest))
		c.RepeatRandom = tt.repeat
		seen := map[string]bool{}
		for range 100 {
			got, err := output(t, e, c)
			if err != nil || len(got) != 8 {
				t.Fatalf("%+v: got %q, %v", tt, got, err)
			}
			seen[string(got)] = true
		}
		if len(seen) != tt.values {
			t.Errorf("%+v: %d values", tt, len(seen))
		}
	}
}

// TestCall_Files: a file that a guest closed is open for the next call.
func TestCall_Files(t *testing.T) {
	t.Parallel()
	onEveryMemory(t, engine.Config{}, testFiles)
}

func testFiles(t *testing.T, e *engine.Engine) {
	for i := range 5 {
		var r recorder
		c := call(guest(t, "ok/close_stdout"))
		c.Log = r.log
		if _, err := e.Call(t.Context(), c); err != nil || len(r.lines) != 1 {
			t.Errorf("call %d: logged %q, %v", i, r.lines, err)
		}
	}
}

func TestCall_Result(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := call(guest(t, "ok/grow_memory"))
	c.MemoryPages = 16
	for i := range 3 {
		r, err := e.Call(t.Context(), c)
		if err != nil || r.Run <= 0 || r.PeakBytes < 15*host.PageBytes || r.PeakBytes > 16*host.PageBytes {
			t.Errorf("call %d: %v, %d bytes, %v", i, r.Run, r.PeakBytes, err)
		}
	}
}
