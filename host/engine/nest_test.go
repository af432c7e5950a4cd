package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/engine"
)

// nesting makes a call of the guest that carries out a script, whose operation
// call runs others: "outside" is the guest itself.
func nesting(t *testing.T, e *engine.Engine, lines ...string) engine.Call {
	t.Helper()
	modules := map[string]engine.Call{}
	for name, path := range map[string]string{
		"outside": "ok/outside", "config": "ok/config", "large": "ok/output_large", "state": "ok/count_calls",
		"traps": "error/trap_on_call", "spins": "error/spin_forever", "refuses": "error/set_error", "floods": "ok/log_flood",
		"grows": "ok/grow_memory",
	} {
		modules[name] = call(guest(t, path))
	}
	c := modules["outside"]
	c.Input = []byte(strings.Join(lines, "\n"))
	c.Config = map[string]string{"color": "red"}
	c.Data = func() *capability.Call {
		return &capability.Call{Invoke: func(ctx context.Context, module, function string, input []byte) ([]byte, error) {
			inner, ok := modules[module]
			if !ok {
				return nil, host.Errorf(host.CodeNotFound, "no module %s", module)
			}
			inner.Function, inner.Input, inner.Config = function, input, c.Config
			result, err := e.Nest(ctx, inner)
			return result.Output, err
		}}
	}
	return c
}

// calls is a line that calls a function with a text.
func calls(module, function, input string) string {
	return fmt.Sprintf(`c{"module":%q,"function":%q,"input":%q,"inputEncoding":"text"}`, module, function, input)
}

func TestNest(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	deep := func(last string) string {
		line := last
		for _, function := range []string{"d", "c", "b", "a"} {
			line = calls("outside", function, line)
		}
		return line
	}
	for _, tt := range []struct {
		name, line, want string
	}{
		{"JSON", calls("outside", "a", "s201"), `[{"output":{"status":201,"body":[]},"outputEncoding":"json"}]`},
		{"a text", calls("config", "handle", "color"), `[{"output":"red","outputEncoding":"text"}]`},
		{"nothing", calls("config", "handle", "size"), `[{}]`},
		{"bytes", calls("grows", "handle", ""), `"outputEncoding":"base64"`},
		{"an unknown module", calls("missing", "handle", ""), `"code":"not_found"`},
		{"an unknown function", calls("config", "missing", ""), `"code":"module_failed"`},
		{"a trap", calls("traps", "handle", ""), `"code":"module_failed"`},
		{"an error", calls("refuses", "handle", ""), `"code":"module_failed"`},
		{"too large", calls("large", "handle", ""), `"code":"invalid_response"`},
		{"four deep", deep("s204"), `"status":204`},
		{"five deep", deep(calls("outside", "e", "")), `at most 4 calls may be within one another`},
		{"a circle", calls("outside", "handle", ""), `calls must not go round in a circle`},
		{"a wider circle", calls("outside", "a", calls("outside", "b", calls("outside", "a", ""))), `calls must not go round in a circle`},
		{"the same twice", calls("state", "handle", "") + "\n" + calls("state", "handle", ""), `[{"output":111,"outputEncoding":"json"},{"output":111,"outputEncoding":"json"}]`},
	} {
		for _, isolation := range []string{host.IsolationReset, host.IsolationFresh, host.IsolationReuse} {
			c := nesting(t, e, tt.line)
			c.Isolation, c.OutputBytes = isolation, 4000
			got, err := output(t, e, c)
			if err != nil || !strings.Contains(strings.ReplaceAll(string(got), `\`, ""), tt.want) {
				t.Errorf("%s, %s: got %s, %v\nwant %s", tt.name, isolation, got, err, tt.want)
			}
		}
	}
}

// TestNest_Place: a call within another needs no place of its own.
func TestNest_Place(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 1, Queue: 1})
	if got, err := output(t, e, nesting(t, e, calls("config", "handle", "color"))); err != nil || !strings.Contains(string(got), "red") {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestNest_Deadline: what is called ends with the call, and its run is its own.
func TestNest_Deadline(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	for _, isolation := range []string{host.IsolationReset, host.IsolationFresh} {
		c := nesting(t, e, "s200")
		c.Isolation = isolation
		if _, err := e.Call(t.Context(), c); err != nil { // compiles
			t.Fatal(err)
		}
		for _, line := range []string{calls("spins", "handle", ""), calls("outside", "a", "@")} {
			c.Input, c.Timeout = []byte(line), 500*time.Millisecond
			result, err := e.Call(t.Context(), c)
			if host.CodeOf(err) != host.CodeModuleTimeout || result.Run > c.Timeout/2 {
				t.Errorf("%s: got %v after the guest ran for %s", isolation, err, result.Run)
			}
		}
	}
}

// TestNest_Log: the lines of all go to one log, with one limit.
func TestNest_Log(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	var lines []string
	c := nesting(t, e, "lone", calls("outside", "a", "ltwo"), calls("floods", "handle", ""), calls("floods", "handle", ""), "lthree")
	c.Log = func(_, text string) { lines = append(lines, text) }
	if _, err := e.Call(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(lines) != host.MaxLogLines+1 || !slices.Equal(lines[:2], []string{"one", "two"}) || !strings.Contains(lines[len(lines)-1], "more than is kept") {
		t.Errorf("%d lines, the first are %q", len(lines), lines[:min(3, len(lines))])
	}
}

// TestNest_Counts: the operations of all count together.
func TestNest_Counts(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	got, err := output(t, e, nesting(t, e, calls("outside", "a", "998u{}"), "u{}", "u{}"))
	if err != nil || strings.Count(string(got), `"uuid"`) != 2 || !strings.Contains(string(got), `{"error":{"code":"too_many_operations"`) {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestNest_Memory: what is called has the endpoint's limit for itself, whatever
// the manifest of its caller says.
func TestNest_Memory(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	c := nesting(t, e, calls("grows", "handle", ""))
	manifest := call(manifested(t, "ok/outside", `"memory":{"max_pages":8}`))
	c.Digest, c.Load, c.MemoryPages = manifest.Digest, manifest.Load, 16
	got, err := output(t, e, c)
	if want := `{"output":"\u000f\u0000\u0000\u0000\u0000\u0000\u0000\u0000","outputEncoding":"text"}`; err != nil || !strings.Contains(string(got), want) {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestNest_Alone: nothing but an operation can do it.
func TestNest_Alone(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	if _, err := e.Nest(t.Context(), call(guest(t, "ok/echo"))); host.CodeOf(err) != host.CodeInternal {
		t.Errorf("got %v", err)
	}
}

// TestNest_Reach: a manifest narrows where its own module may send requests.
func TestNest_Reach(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	const fetch = `f{"url":"http://127.0.0.1/"}`
	c := nesting(t, e, fetch, calls("outside", "a", fetch), fetch)
	manifest := call(manifested(t, "ok/outside", `"allowed_hosts":["example.com"]`))
	c.Digest, c.Load = manifest.Digest, manifest.Load
	plain := c.Data
	c.Data = func() *capability.Call {
		may := plain()
		may.Granted, may.Hosts = func(string) bool { return true }, []string{"127.0.0.1"}
		return may
	}
	got, err := output(t, e, c)
	if err != nil || strings.Count(string(got), "the module's manifest") == 0 {
		t.Errorf("got %s, %v", got, err)
	}
	var codes []string
	for _, part := range strings.Split(string(got), `"code":"`)[1:] {
		code, _, _ := strings.Cut(part, `"`)
		codes = append(codes, code)
	}
	if want := []string{"permission_denied", "address_refused", "permission_denied"}; !slices.Equal(codes, want) {
		t.Errorf("got %q, want %q: %s", codes, want, got)
	}
}
