package engine_test

import (
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// recorder keeps what a guest logs as "level text".
type recorder struct{ lines []string }

func (r *recorder) log(level, text string) { r.lines = append(r.lines, level+" "+text) }

func TestCall_Log(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	run := func(name, input string) []string {
		var r recorder
		c := call(guest(t, name))
		c.Input, c.Log = []byte(input), r.log
		if _, err := e.Call(t.Context(), c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return r.lines
	}
	want := []string{"trace a\ufffdb", "debug a\ufffdb", "info a\ufffdb", "warn a\ufffdb", "error a\ufffdb"}
	if got := run("ok/log_levels", "a\xffb"); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("levels: got %q", got)
	}
	want = []string{"info one", "info two and a half", "error bad \ufffd byte", "info no end"}
	if got := run("ok/print", ""); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("output: got %q", got)
	}
	got := run("ok/log_flood", "")
	if len(got) != host.MaxLogLines+1 || got[0] != "info x" || got[1] != "info x" || !strings.HasPrefix(got[len(got)-1], "warn The module logged more") {
		t.Errorf("flood: got %d lines, the last %q", len(got), got[len(got)-1])
	}
	var size int
	for _, line := range run("ok/log_long_lines", "") {
		size += len(line)
		if len(line) > 3*4096+20 { // an invalid byte takes three when it is made valid
			t.Errorf("a line of %d bytes was kept", len(line))
		}
	}
	if size > 1<<20+4096 {
		t.Errorf("%d bytes were kept", size)
	}
}

func TestCall_LogOfFailedCall(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	var r recorder
	c := call(guest(t, "error/print_then_trap"))
	c.Log = r.log
	if _, err := e.Call(t.Context(), c); host.CodeOf(err) != host.CodeModuleFailed {
		t.Errorf("got %v, want CodeModuleFailed", err)
	}
	if len(r.lines) != 1 || r.lines[0] != "error last words" {
		t.Errorf("logged %q", r.lines)
	}
}

func TestCall_WithoutLog(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	if _, err := e.Call(t.Context(), call(guest(t, "ok/print"))); err != nil {
		t.Error(err)
	}
}
