package gateway_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// lines are what is written, by several at once.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// note writes values with all that is in them.
func (l *lines) note(values ...any) {
	for _, value := range values {
		fmt.Fprintf(l, "%+v\n", value)
	}
}

// TestInvoke_Transaction: what is called writes in the transaction of its
// caller, whose answer decides about it, also when what is called fails.
func TestInvoke_Transaction(t *testing.T) {
	t.Parallel()
	onBothOutside(t, func(t *testing.T, o *outside) {
		o.serve(unchanged)
		for _, tt := range []struct {
			script []string
			want   string // what is stored afterwards
		}{
			{[]string{calls("guest", "a", insert("a")), "s400"}, ""},
			{[]string{insert("b"), calls("guest", "a", insert("c"), "s500")}, "b c"},
			{[]string{calls("guest", "a", insert("d"), "!")}, "b c d"},
			{[]string{calls("guest", "a", calls("guest", "b", insert("e")), "!"), "s404"}, "b c d"},
		} {
			got, err := o.run(tt.script...)
			if err != nil || o.names() != tt.want {
				t.Errorf("%q: got %s, %v, and %q is stored", tt.script, got, err, o.names())
			}
		}
		got, err := o.run(calls("guest", "a", insert("f"), listed), o.fetch("/"), listed)
		if err != nil || !strings.Contains(got, "transaction_open") || strings.Count(got, `"name":"f"`) != 3 {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

// TestInvoke_Modules finds modules of the release by name.
func TestInvoke_Modules(t *testing.T) {
	t.Parallel()
	o := setupOutside(t, store.Config{})
	main := o.upload("main", "ok/outside")
	first, second, third := o.upload("other", "ok/nothing"), o.upload("other", "ok/reactor"), o.upload("other", "ok/constructors")
	unused := o.upload("unused", "ok/reactor")
	call := func() string {
		t.Helper()
		got, err := o.run(calls("other", "handle"))
		check(t, err)
		return got
	}
	o.release(unchanged, main, first)
	if got := call(); !strings.Contains(got, "[{}]") {
		t.Errorf("the only version: got %s", got)
	}
	o.release(unchanged, main, first, third, second)
	if got := call(); !strings.Contains(got, `[{"output":"c","outputEncoding":"text"}]`) {
		t.Errorf("the highest version: got %s", got)
	}
	if got, err := o.run(calls(unused.Name, "handle")); err != nil || !strings.Contains(got, `"code":"not_found","message":"The release has no module`) {
		t.Errorf("a module of no endpoint: got %s, %v", got, err)
	}
	older, newer := o.upload("again", "ok/outside"), o.upload("again", "ok/nothing")
	o.release(unchanged, older, newer)
	if got, err := o.run(calls("again", "a", "s201")); err != nil || !strings.Contains(got, `"status":201`) {
		t.Errorf("the endpoint's own version: got %s, %v", got, err)
	}
}

// TestInvoke_Record: what is called logs to the invocation, and its time is that
// of the invocation.
func TestInvoke_Record(t *testing.T) {
	t.Parallel()
	o := setupOutside(t, store.Config{})
	o.serve(func(e *host.Endpoint) { e.TimeoutMS = 400 })
	response, record, err := o.trace("lone", calls("guest", "a", "ltwo", "!"), "lthree")
	if err != nil || !strings.Contains(string(response.Body), `{"error":{"code":"module_failed","message":"The function \"a\" of the module \"guest\" failed: wasm error: unreachable`) {
		t.Errorf("got %s, %v", response.Body, err)
	}
	var texts []string
	for _, line := range record.Logs {
		texts = append(texts, line.Text)
	}
	if got := strings.Join(texts, " "); got != "one two three" {
		t.Errorf("the log is %s", got)
	}
	if _, record, err = o.trace(calls("guest", "a", "@")); host.CodeOf(err) != host.CodeModuleTimeout || record.CPUUS < 200_000 {
		t.Errorf("got %v after %d µs", err, record.CPUUS)
	}
}
