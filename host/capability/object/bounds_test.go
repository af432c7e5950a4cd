package object_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/object"
)

// large is a store in which every id is that of a record of 1 MB, and which
// takes no time.
type large struct{ host.RecordTransaction }

func (large) ReadRecords(string) host.RecordReader { return nil }

func (l large) BeginRecords(context.Context, string) (host.RecordTransaction, error) { return l, nil }

func (large) Record(_ context.Context, _ *host.Object, id string) (*host.Record, error) {
	return &host.Record{ID: id, Version: 1, Data: json.RawMessage(`{"t":"` + strings.Repeat("x", 1_000_000) + `"}`)}, nil
}

func (large) UpdateRecord(context.Context, *host.Object, *host.Record) error { return nil }

func (large) Try(_ context.Context, fn func() error) error { return fn() }

func (large) Commit() error { return nil }

func (large) Rollback() error { return nil }

// operation finds one of the operations.
func operation(t *testing.T, name string) *capability.Operation {
	t.Helper()
	for i := range object.Operations {
		if object.Operations[i].Name == name {
			return &object.Operations[i]
		}
	}
	t.Fatalf("there is no operation %s", name)
	return nil
}

// TestBatch_Bytes: a short batch cannot make the host hold a long answer.
func TestBatch_Bytes(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("too slow for a transaction")
	}
	d, err := object.Compile(&host.Object{Name: "x"})
	check(t, err)
	call := func() *capability.Call {
		return &capability.Call{
			Granted: func(string) bool { return true }, Objects: map[string]*object.Definition{"x": d},
			Data: capability.NewSession(context.Background(), large{}, "app", true),
		}
	}
	batch := func(n int) string {
		patch := `{"patch":{"object":"x","id":"a","patch":{"i":1}}}`
		request := `{"operations":[` + strings.TrimSuffix(strings.Repeat(patch+",", n), ",") + `]}`
		return string(operation(t, "object_batch").Do(t.Context(), call(), []byte(request)))
	}
	if answer := batch(4); !strings.HasPrefix(answer, `{"results":[`) {
		t.Errorf("4 MB are answered %.200s", answer)
	}
	if answer := batch(1000); !strings.Contains(answer, `"code":"invalid_request"`) || !strings.Contains(answer, `{"operation":4}`) {
		t.Errorf("1000 MB are answered %.200s", answer)
	}
}

// TestRequest_Long: requests of many short parts are refused by their number.
func TestRequest_Long(t *testing.T) {
	t.Parallel()
	var members strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&members, `,"m%d":0`, i)
	}
	call := func() *capability.Call { return &capability.Call{Granted: func(string) bool { return true }} }
	for name, test := range map[string]struct{ operation, request, want string }{
		"members":    {"object_put", `{"object":"x"` + members.String() + `}`, `\"m0\" is not a known member`},
		"operations": {"object_batch", `{"operations":[` + strings.Repeat("{},", 200_000) + `{}]}`, "operations must be at most 1000"},
		"cut off":    {"object_batch", `{"operations":[` + strings.Repeat("{},", 200_000), "a request must be a JSON object"},
		"no object":  {"object_put", strings.Repeat("[", 300_000), "a request must be a JSON object"},
	} {
		if answer := operation(t, test.operation).Do(t.Context(), call(), []byte(test.request)); !strings.Contains(string(answer), test.want) {
			t.Errorf("%s: %.200s", name, answer)
		}
	}
}
