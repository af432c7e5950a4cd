//go:build !wasip1

package postern

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
)

// onHost runs one invocation as the exported function of a module does, with
// the stand-in for the host. Its tests share that stand-in, so they are not
// parallel.
func onHost(t *testing.T, h Handler, payload string) (code int32, log string) {
	t.Helper()
	var lines bytes.Buffer
	native.input, native.output, native.failure, native.log = []byte(payload), nil, "", &lines
	return Run(h), lines.String()
}

func TestRun(t *testing.T) {
	code, log := onHost(t, func(r Request) Response {
		Log.Info("q is %s", r.Query("q"))
		return Text(201, "got "+r.Query("q"))
	}, somePayload)
	if want := `{"status":201,"body":"got x","bodyEncoding":"text"}`; code != 0 || string(native.output) != want || native.failure != "" {
		t.Errorf("got %d, %s, %q, want 0 and %s", code, native.output, native.failure, want)
	}
	if log != "info: q is x\n" {
		t.Errorf("the log is %q", log)
	}
}

func TestRun_Fails(t *testing.T) {
	ok := func(Request) Response { return NoContent() }
	for name, test := range map[string]struct {
		handler Handler
		payload string
		reason  string
	}{
		"ErrPanic":       {func(Request) Response { panic("out of greetings") }, somePayload, "panic: out of greetings"},
		"ErrPanicError":  {func(Request) Response { panic(errors.New("no luck")) }, somePayload, "panic: no luck"},
		"ErrNilPointer":  {func(r Request) Response { return Text(200, r.Caller().Name) }, somePayload, "nil pointer"},
		"ErrNoHandler":   {nil, somePayload, "no handler"},
		"ErrNoPayload":   {ok, "", "the input is no payload"},
		"ErrNotJSON":     {ok, "Hello", "the input is no payload"},
		"ErrNoMethod":    {ok, "{}", "it has no method"},
		"ErrRawJSON":     {func(Request) Response { return RawJSON(200, []byte(`1},"status":500`)) }, somePayload, "no JSON"},
		"ErrUnencodable": {func(Request) Response { return JSON(200, func() {}) }, somePayload, "unsupported type"},
		"ErrStatus":      {func(Request) Response { return Text(99, "") }, somePayload, "status 99"},
		"ErrNotUTF8":     {func(Request) Response { return Text(200, "\xff") }, somePayload, "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			code, log := onHost(t, test.handler, test.payload)
			if code != 1 || native.output != nil || !strings.Contains(native.failure, test.reason) {
				t.Errorf("got %d, %s, %q, want 1 and %q", code, native.output, native.failure, test.reason)
			}
			if !strings.Contains(log, "error: ") || !strings.Contains(log, test.reason) {
				t.Errorf("the log is %q, want %q in it", log, test.reason)
			}
		})
	}
}

func TestRun_PanicLogsWhere(t *testing.T) {
	_, log := onHost(t, func(Request) Response { panic("here") }, somePayload)
	if !strings.Contains(log, "postern_test.go") {
		t.Errorf("the log %q does not say where", log)
	}
	if native.failure != "panic: here" {
		t.Errorf("the reason is %q, want it without the stack", native.failure)
	}
}

func TestInvoke(t *testing.T) {
	Handle(func(r Request) Response { return JSON(200, r.Param("name")) })
	defer Handle(nil)
	res, err := Invoke(NewRequest("GET", "/").WithParam("name", "Ada"))
	if err != nil || res.Status() != 200 || string(res.Body()) != `"Ada"` {
		t.Errorf("got %d %s, %v", res.Status(), res.Body(), err)
	}
	Handle(func(Request) Response { panic("no") })
	if _, err := Invoke(NewRequest("GET", "/")); err == nil || !strings.Contains(err.Error(), "panic: no") {
		t.Errorf("got %v, want the panic", err)
	}
	Handle(func(Request) Response { return Text(1000, "") })
	if _, err := Invoke(NewRequest("GET", "/")); err == nil {
		t.Error("a status of 1000 was taken")
	}
}

func TestLog_Levels(t *testing.T) {
	var lines bytes.Buffer
	native.log = &lines
	Log.Trace("%d", 1)
	Log.Debug("%d", 2)
	Log.Info("%d", 3)
	Log.Warn("%d", 4)
	Log.Error("%d", 5)
	if want := "trace: 1\ndebug: 2\ninfo: 3\nwarn: 4\nerror: 5\n"; lines.String() != want {
		t.Errorf("got %q, want %q", lines.String(), want)
	}
}

func TestConfig(t *testing.T) {
	SetConfig("greeting", "Hello")
	SetConfig("empty", "")
	if got := Config("greeting"); got != "Hello" {
		t.Errorf("got %q", got)
	}
	if value, ok := LookupConfig("empty"); value != "" || !ok {
		t.Errorf("an empty value is %q, %v", value, ok)
	}
	if value, ok := LookupConfig("none"); value != "" || ok {
		t.Errorf("a missing value is %q, %v", value, ok)
	}
}

func TestNewRequest(t *testing.T) {
	t.Parallel()
	r := NewRequest("POST", "/orders/42?q=w&q=x&lang=de").
		WithParam("id", "42").WithHeader("X-Trace", "7").WithCookie("session", "abc").
		WithCaller(Caller{Kind: "key", Name: "Shop"})
	got := []any{r.Method(), r.Path(), r.Query("q"), r.QueryAll("q"), r.Query("lang"), r.Param("id"), r.Header("x-trace"), r.Cookie("session"), r.Caller().Name}
	want := []any{"POST", "/orders/42", "x", []string{"w", "x"}, "de", "42", "7", "abc", "Shop"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var e envelope
	if err := json.Unmarshal(r.Payload(), &e); err != nil || !bytes.Equal(e.request().Payload(), r.Payload()) {
		t.Errorf("the payload %s reads as %+v, %v", r.Payload(), e, err)
	}
}

func TestNewRequest_CopiesAreApart(t *testing.T) {
	t.Parallel()
	base := NewRequest("GET", "/").WithHeader("x-a", "1")
	other := base.WithHeader("x-a", "2").WithParam("p", "v")
	if base.Header("x-a") != "1" || base.Param("p") != "" || other.Header("X-A") != "2" {
		t.Errorf("got %q and %q", base.Header("x-a"), other.Header("x-a"))
	}
}

func TestNewRequest_Bodies(t *testing.T) {
	t.Parallel()
	r := NewRequest("POST", "/")
	var value struct{ A int }
	if err := r.WithJSON(map[string]int{"a": 1}).JSON(&value); err != nil || value.A != 1 {
		t.Errorf("JSON is %+v, %v", value, err)
	}
	if got := r.WithForm(map[string]string{"a": "1"}).Form("a"); got != "1" {
		t.Errorf("the form field is %q", got)
	}
	if got := r.WithText("é").Text(); got != "é" {
		t.Errorf("the text is %q", got)
	}
	if got := r.WithBytes("image/png", []byte{0, 255}); !bytes.Equal(got.Body(), []byte{0, 255}) || got.Header("content-type") != "image/png" {
		t.Errorf("the bytes are %v", got.Body())
	}
	if err := r.JSON(&value); err == nil {
		t.Error("no body was taken for JSON")
	}
}

func TestResponse_Accessors(t *testing.T) {
	t.Parallel()
	if r := Redirect("/x"); r.Status() != 302 || r.Header("Location") != "/x" {
		t.Errorf("a redirect is %d to %q", r.Status(), r.Header("Location"))
	}
	if r := Redirect("/x").WithStatus(307); r.Status() != 307 {
		t.Errorf("the status is %d, want 307", r.Status())
	}
	if r := (Response{}); r.Status() != 200 || r.Header("x") != "" || r.Body() != nil {
		t.Errorf("the zero response is %d", r.Status())
	}
	base := Text(200, "x").WithHeader("x-a", "1")
	_ = base.WithHeader("x-b", "2")
	if other := base.WithHeader("x-c", "3"); other.Header("x-b") != "" || other.Header("X-C") != "3" {
		t.Error("two responses share their headers")
	}
}

func TestSource_HoldsTheModule(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"go.mod", "postern.go", "env_wasm.go", "env_native.go"} {
		if b, err := fs.ReadFile(Source, name); err != nil || len(b) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
