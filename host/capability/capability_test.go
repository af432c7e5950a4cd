package capability_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// operation is one of the group "tests".
func operation(run capability.Func) *capability.Operation {
	return &capability.Operation{Name: "do", Group: "tests", Run: run}
}

func echo(_ context.Context, _ *capability.Call, in []byte) ([]byte, error) { return in, nil }

func granted(string) bool { return true }

func TestDo_Granted(t *testing.T) {
	t.Parallel()
	var log []string
	call := &capability.Call{
		Granted: func(group string) bool { return group == "others" },
		Log:     func(level, text string) { log = append(log, level+": "+text) },
	}
	const denied = `{"error":{"code":"permission_denied","message":"The app does not grant its modules the capability \"tests\""}}`
	for range 3 {
		if got := string(operation(echo).Do(t.Context(), call, []byte("1"))); got != denied {
			t.Errorf("got %s", got)
		}
	}
	if len(log) != 1 || log[0] != `warn: do was denied: the app does not grant its modules the capability "tests"` {
		t.Errorf("the log is %q", log)
	}
	for _, nobody := range []*capability.Call{nil, {}} {
		if got := string(operation(echo).Do(t.Context(), nobody, []byte("1"))); got != denied {
			t.Errorf("for nobody: got %s", got)
		}
	}
}

func TestDo_Counts(t *testing.T) {
	t.Parallel()
	for most, call := range map[int]*capability.Call{
		capability.MaxOperations: {Granted: granted},
		3:                        {Granted: granted, MaxOperations: 3},
	} {
		for i := range most {
			if got := string(operation(echo).Do(t.Context(), call, []byte("1"))); got != "1" {
				t.Fatalf("operation %d of %d: got %s", i, most, got)
			}
		}
		if got := string(operation(echo).Do(t.Context(), call, []byte("1"))); !strings.Contains(got, `"code":"too_many_operations"`) || !strings.Contains(got, strconv.Itoa(most)) {
			t.Errorf("after %d: got %s", most, got)
		}
	}
}

// TestDo_Failures: the module learns what is its affair, the host the rest.
func TestDo_Failures(t *testing.T) {
	t.Parallel()
	unwritable := host.Errorf(host.CodeInvalid, "no")
	unwritable.Details = func() {}
	detailed := host.Errorf(host.CodeConflict, "taken")
	detailed.Details = host.Taken{Field: "name", ID: "1"}
	for _, tt := range []struct {
		name  string
		run   capability.Func
		want  string
		fault string
	}{
		{"panic", func(context.Context, *capability.Call, []byte) ([]byte, error) { panic("a secret") },
			`{"error":{"code":"internal","message":"Internal error"}}`, "a secret"},
		{"fault", func(context.Context, *capability.Call, []byte) ([]byte, error) { return nil, errors.New("a secret") },
			`{"error":{"code":"internal","message":"Internal error"}}`, "a secret"},
		{"away", func(context.Context, *capability.Call, []byte) ([]byte, error) {
			return nil, host.Caused(host.CodeUnavailable, errors.New("a secret"), "away")
		}, `{"error":{"code":"unavailable","message":"away"}}`, "a secret"},
		{"details", func(context.Context, *capability.Call, []byte) ([]byte, error) { return nil, detailed },
			`{"error":{"code":"conflict","message":"taken","details":{"field":"name","id":"1"}}}`, ""},
		{"details that are no JSON", func(context.Context, *capability.Call, []byte) ([]byte, error) { return nil, unwritable },
			`{"error":{"code":"invalid_request","message":"no"}}`, ""},
	} {
		told := ""
		call := &capability.Call{Granted: granted, Fault: func(err error) { told = err.Error() }}
		got := string(operation(tt.run).Do(t.Context(), call, nil))
		if got != tt.want || !json.Valid([]byte(got)) {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		if (told == "") != (tt.fault == "") || !strings.Contains(told, tt.fault) {
			t.Errorf("%s: the host was told %q", tt.name, told)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		told = ""
		if operation(tt.run).Do(over, call, nil); told != "" {
			t.Errorf("%s: at the deadline, the host was told %q", tt.name, told)
		}
	}
}
