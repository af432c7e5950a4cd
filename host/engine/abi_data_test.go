package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/engine"
)

// operating opens an engine whose object_query is run.
func operating(t *testing.T, run capability.Func) *engine.Engine {
	t.Helper()
	operations := []capability.Operation{{Name: "object_query", Group: host.CapabilityObjects, Run: run}}
	for _, name := range []string{"object_insert", "object_put", "object_patch", "object_delete", "object_batch"} {
		operations = append(operations, capability.Operation{Name: name, Group: host.CapabilityObjects, Run: run})
	}
	return open(t, engine.Config{Operations: operations})
}

// script makes a call of the guest that carries out a script.
func script(t *testing.T, lines ...string) engine.Call {
	t.Helper()
	c := call(guest(t, "ok/operations"))
	c.Input = []byte(strings.Join(lines, "\n"))
	c.Data = func() *capability.Call {
		return &capability.Call{Granted: func(string) bool { return true }}
	}
	return c
}

func TestData_Answers(t *testing.T) {
	t.Parallel()
	e := operating(t, func(_ context.Context, _ *capability.Call, in []byte) ([]byte, error) {
		if len(in) == 0 {
			return nil, host.Errorf(host.CodeInvalid, "nothing")
		}
		return append([]byte("0"), in...), nil
	})
	for _, isolation := range []string{host.IsolationReset, host.IsolationReuse, host.IsolationFresh} {
		c := script(t, "q.1", "i.2", "z", "s201", "3q.4")
		c.Isolation = isolation
		for range 2 {
			got, err := output(t, e, c)
			want := `{"status":201,"body":[0.1,0.2,{"error":{"code":"invalid_request","message":"nothing"}},0.4]}`
			if err != nil || string(got) != want {
				t.Errorf("%s: got %s, %v\nwant %s", isolation, got, err, want)
			}
		}
	}
}

// TestData_Start: what a guest is told while it starts would be told to every
// caller.
func TestData_Start(t *testing.T) {
	t.Parallel()
	e := operating(t, func(context.Context, *capability.Call, []byte) ([]byte, error) {
		return []byte(`"a secret of an app"`), nil
	})
	for _, isolation := range []string{host.IsolationReset, host.IsolationReuse, host.IsolationFresh} {
		c := script(t)
		granted := c.Data
		c = call(guest(t, "ok/operation_at_start"))
		c.Isolation, c.Data, c.Input = isolation, granted, []byte("input")
		got, err := output(t, e, c)
		if err != nil || !strings.Contains(string(got), `"code":"unavailable"`) {
			t.Errorf("%s: got %s, %v", isolation, got, err)
		}
		if string(c.Input) != "input" {
			t.Errorf("%s: the input is %q after the call", isolation, c.Input)
		}
	}
}

// TestData_Deadline: an operation ends with the call, and its time is not the
// guest's.
func TestData_Deadline(t *testing.T) {
	t.Parallel()
	e := operating(t, func(ctx context.Context, _ *capability.Call, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for _, isolation := range []string{host.IsolationReset, host.IsolationFresh} {
		c := script(t, "q{}")
		c.Isolation, c.Timeout = isolation, time.Second
		result, err := e.Call(t.Context(), c)
		if host.CodeOf(err) != host.CodeModuleTimeout || result.Run > c.Timeout/2 {
			t.Errorf("%s: got %v after the guest ran for %s", isolation, err, result.Run)
		}
	}
}

// TestData_Memory covers answers and requests beside the memory limit.
func TestData_Memory(t *testing.T) {
	t.Parallel()
	e := operating(t, func(_ context.Context, _ *capability.Call, in []byte) ([]byte, error) {
		var size int
		if _, err := fmt.Sscan(string(in), &size); err != nil {
			return fmt.Append(nil, len(in)), nil
		}
		return []byte(strings.Repeat("0", size)), nil
	})
	c := script(t, "q4000000")
	c.MemoryPages = 32
	if got, err := output(t, e, c); err != nil || !strings.Contains(string(got), `"code":"payload_too_large"`) {
		t.Errorf("an answer over the limit: got %s, %v", got, err)
	}
	c.Input = []byte("1000q." + strings.Repeat("x", 100_000))
	if got, err := output(t, e, c); err != nil || string(got) != `{"status":200,"body":[100001]}` {
		t.Errorf("1000 requests of 100 kB: got %s, %v", got, err)
	}
}
