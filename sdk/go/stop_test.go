//go:build !wasip1

package postern

import (
	"errors"
	"strings"
	"testing"
)

// What a handler ends with by itself, from within a function of its own.
func TestStop(t *testing.T) {
	deep := func(end func()) Handler {
		return func(Request) Response {
			func() { end() }()
			return Text(200, "the end")
		}
	}
	for name, test := range map[string]struct {
		end  func()
		want string
	}{
		"Return":               {func() { Return(Text(202, "early").WithHeader("a", "b")) }, `{"status":202,"headers":{"a":["b"]},"body":"early","bodyEncoding":"text"}`},
		"ReturnUnless":         {func() { ReturnUnless(false, NoContent()) }, `{"status":204}`},
		"ReturnUnless, met":    {func() { ReturnUnless(true, NoContent()) }, `{"status":200,"body":"the end","bodyEncoding":"text"}`},
		"Fail":                 {func() { Fail(409, `taken "twice"`, nil) }, `{"status":409,"body":{"error":"taken \"twice\""},"bodyEncoding":"json"}`},
		"Fail, metadata":       {func() { Fail(422, "no", map[string]int{"line": 3}) }, `{"status":422,"body":{"error":"no","metadata":{"line":3}},"bodyEncoding":"json"}`},
		"Fail, no such status": {func() { Fail(200, "no", nil) }, `{"status":500,"body":{"error":"no"},"bodyEncoding":"json"}`},
		"Fail, caught": {func() {
			f := Try(func() { Fail(422, "no", 7) })
			Return(Text(200, f.Error()).WithStatus(f.Status))
		}, `{"status":422,"body":"no","bodyEncoding":"text"}`},
		"Try, nothing": {func() {
			if f := Try(func() {}); f != nil {
				t.Errorf("got %v", f)
			}
		}, `{"status":200,"body":"the end","bodyEncoding":"text"}`},
		"Try, Return": {func() { Try(func() { Return(NoContent()) }) }, `{"status":204}`},
	} {
		if code, _ := onHost(t, deep(test.end), somePayload); code != 0 || string(native.output) != test.want {
			t.Errorf("%s: got %d %s %s, want %s", name, code, native.output, native.failure, test.want)
		}
	}
	for name, end := range map[string]func(){
		"Try, panic":        func() { Try(func() { panic("boom") }) },
		"Fail, no metadata": func() { Fail(400, "no", func() {}) },
	} {
		if code, _ := onHost(t, deep(end), somePayload); code != 1 || native.output != nil || native.failure == "" {
			t.Errorf("%s: got %d %s %s", name, code, native.output, native.failure)
		}
	}
}

// TestStop_Deferred: the way out runs what was deferred.
func TestStop_Deferred(t *testing.T) {
	closed := false
	onHost(t, func(Request) Response {
		defer func() { closed = true }()
		Fail(400, "no", nil)
		return NoContent()
	}, somePayload)
	if !closed {
		t.Error("what was deferred did not run")
	}
}

func TestRunBytes(t *testing.T) {
	for name, test := range map[string]struct {
		fn            func([]byte) ([]byte, error)
		output, error string
	}{
		"output": {func(in []byte) ([]byte, error) { return append(in, '!'), nil }, "\xff!", ""},
		"error":  {func([]byte) ([]byte, error) { return []byte("x"), errors.New("no") }, "", "no"},
		"Fail":   {func([]byte) ([]byte, error) { Fail(400, "gave up", nil); return nil, nil }, "", "gave up"},
		"Return": {func([]byte) ([]byte, error) { Return(NoContent()); return nil, nil }, `{"status":204}`, ""},
		"panic":  {func([]byte) ([]byte, error) { panic("boom") }, "", "panic: boom"},
	} {
		native.input, native.output, native.failure, native.log = []byte{255}, nil, "", &strings.Builder{}
		code := RunBytes(test.fn)
		if string(native.output) != test.output || native.failure != test.error || code != 0 != (test.error != "") {
			t.Errorf("%s: got %d %q %q", name, code, native.output, native.failure)
		}
	}
}
