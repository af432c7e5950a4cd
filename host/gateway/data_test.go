package gateway_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/store"
)

// TestData_Commits: what a module wrote is there when it is answered, and nobody
// sees it before.
func TestData_Commits(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *databundle) {
		b.serve(unchanged)
		before := "none"
		b.records.commit = func() error {
			before = b.names()
			return nil
		}
		for i, script := range [][]string{{insert("a")}, {insert("b"), "s302"}, {"s399", insert("c")}} {
			if _, err := b.run(script...); err != nil {
				t.Fatal(err)
			}
			want := strings.Join([]string{"", "a", "a b", "a b c"}[i:i+2], "|")
			if got := before + "|" + b.names(); got != want {
				t.Errorf("before the commit and after the answer: %s, want %s", got, want)
			}
		}
	})
}

// TestData_RollsBack covers the ends of an invocation that leave nothing.
func TestData_RollsBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *databundle) {
		b.serve(func(e *host.Endpoint) {
			e.TimeoutMS = 500
			e.ResponseSchema = []byte(`{"type":"array"}`)
		})
		for _, tt := range []struct {
			name, end string
			code      host.Code
		}{
			{"trap", "!", host.CodeModuleFailed},
			{"deadline", "@", host.CodeModuleTimeout},
			{"status 400", "s400", ""},
			{"status 404", "s404", ""},
			{"status 500", "s500", ""},
			{"invalid response", `r{"status":99}`, host.CodeInvalidResponse},
			{"response against its schema", `r{"status":200,"body":{"a":1}}`, host.CodeInvalidResponse},
			{"response over the limit", `r{"status":200,"body":["` + strings.Repeat("x", 1<<16) + `"]}`, host.CodeInvalidResponse},
		} {
			_, err := b.run(insert("a"), insert("b"), tt.end)
			if got := b.names(); got != "" || host.CodeOf(err) != tt.code {
				t.Errorf("%s: %q is stored, error %v, want code %q", tt.name, got, err, tt.code)
			}
		}
		if _, err := b.run(insert("a")); err != nil || b.names() != "a" {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestData_Sees: a module sees what it wrote, and before its first write what
// others did.
func TestData_Sees(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *databundle) {
		b.serve(unchanged)
		b.records.begin = func() error {
			b.records.begin = nil
			_, err := b.run(insert("b"))
			return err
		}
		got, err := b.run(listed, insert("a"), listed, `d{"object":"things","id":"0190b5a0-0000-7000-8000-000000000000"}`, listed)
		check(t, err)
		if want := "[] [a] [a b] [not_found] [a b]"; summary(t, got) != want {
			t.Errorf("got %s, want %s", summary(t, got), want)
		}
	})
}

// summary is what a script's answers were: the names of records, or the code of
// a failure.
func summary(t *testing.T, answers string) string {
	t.Helper()
	var list []struct {
		Records []struct{ Name string }
		Record  struct{ Name string }
		Error   struct{ Code string }
	}
	check(t, json.Unmarshal([]byte(answers), &list))
	var all []string
	for _, answer := range list {
		words := []string{}
		for _, r := range append(answer.Records, answer.Record) {
			words = append(words, r.Name)
		}
		words = append(words, answer.Error.Code)
		all = append(all, "["+strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")+"]")
	}
	return strings.Join(all, " ")
}

// TestData_NotAtomic: each write is for itself.
func TestData_NotAtomic(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *databundle) {
		b.serve(func(e *host.Endpoint) { e.Atomic = false })
		script := []string{insert("a"), `b{"operations":[{"insert":{"object":"things","record":{"name":"b"}}},{"insert":{"object":"things","record":{"name":"a"}}}]}`, insert("c"), "!"}
		if _, err := b.run(script...); host.CodeOf(err) != host.CodeModuleFailed || b.names() != "a c" {
			t.Errorf("%q is stored, error %v", b.names(), err)
		}
	})
}

// TestData_Ends: a transaction has its time, whatever the deadline.
func TestData_Ends(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *databundle) {
		b.serve(unchanged)
		_, record, err := b.trace(insert("a"), "t1001")
		if host.CodeOf(err) != host.CodeModuleTimeout || !strings.Contains(record.Reason, "longer than 1s") || b.names() != "" {
			t.Errorf("got %v, reason %q, and %q is stored", err, record.Reason, b.names())
		}
		// The module is told, but cannot help it.
		response, record, err := b.trace(insert("a"), "t1001", insert("b"), listed, "s409")
		if host.CodeOf(err) != host.CodeModuleTimeout || b.names() != "" || ran(record) != 1 {
			t.Errorf("got %d %s, %v, and %q is stored", response.Status, response.Body, err, b.names())
		}
	})
}

// TestData_Denied: without a grant there is an answer and a line in the log.
func TestData_Denied(t *testing.T) {
	t.Parallel()
	b := setupData(t, store.Config{}, object.Operations)
	b.serve(unchanged)
	_, err := b.db.UpdateApp(context.Background(), b.app.ID, func(a *host.App) error {
		a.Capabilities = []string{}
		return nil
	})
	check(t, err)
	b.refresh()
	response, record, err := b.trace(insert("a"), listed)
	if err != nil || strings.Count(string(response.Body), `"code":"permission_denied"`) != 2 || b.names() != "" {
		t.Errorf("got %s, %v", response.Body, err)
	}
	if len(record.Logs) != 1 || record.Logs[0].Level != host.LogWarn || !strings.Contains(record.Logs[0].Text, `object_insert was denied: the app does not grant its modules the capability "objects"`) {
		t.Errorf("the log is %+v", record.Logs)
	}
}

// TestData_Counts: the operation after the last one that may be is refused, and
// the ones before stand.
func TestData_Counts(t *testing.T) {
	t.Parallel()
	b := setupData(t, store.Config{}, object.Operations)
	b.serve(unchanged)
	got, err := b.run(insert("a"), "999z", listed)
	if err != nil || !strings.Contains(got, `{"error":{"code":"invalid_request","message":"a request must be a JSON object"}},{"error":{"code":"too_many_operations"`) || b.names() != "a" {
		t.Errorf("got %s, %v, and %q is stored", got, err, b.names())
	}
}

// TestData_Deadline: an operation that waits, here for SQLite's only writer, ends
// with its invocation.
func TestData_Deadline(t *testing.T) {
	t.Parallel()
	b := setupData(t, store.Config{}, object.Operations)
	b.serve(func(e *host.Endpoint) { e.TimeoutMS = 300 })
	tx, err := b.db.BeginRecords(context.Background(), b.app.ID)
	check(t, err)
	_, record, err := b.trace(insert("a"))
	if host.CodeOf(err) != host.CodeModuleTimeout || len(record.Logs) != 1 || !strings.Contains(record.Logs[0].Text, "had to wait for those of others") {
		t.Errorf("got %v, and the log is %+v", err, record.Logs)
	}
	check(t, tx.Rollback())
	b.records.update = func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	if _, err := b.run(put("a"), put("a")); host.CodeOf(err) != host.CodeModuleTimeout || b.names() != "" {
		t.Errorf("within the transaction: got %v, and %q is stored", err, b.names())
	}
	if _, err := b.run(insert("b")); err != nil || b.names() != "b" {
		t.Errorf("afterwards: %v, and %q is stored", err, b.names())
	}
}

// TestData_Unavailable: when the database goes away, the client is told so.
func TestData_Unavailable(t *testing.T) {
	t.Parallel()
	b := setupData(t, store.Config{}, object.Operations)
	b.serve(unchanged)
	away := host.Errorf(host.CodeUnavailable, "The database is not available")
	b.records.commit = func() error { return away }
	if _, record, err := b.trace(insert("a")); host.CodeOf(err) != host.CodeUnavailable || !strings.Contains(record.Reason, "not committed: The database") {
		t.Errorf("got %v, reason %q", err, record.Reason)
	}
	b.records.commit, b.records.update = nil, func(context.Context) error { return away }
	for _, end := range []string{"s200", "s500", "!"} {
		id := host.NewID()
		_, err := b.run(insert("a"), `u{"object":"things","record":{"__id":"`+id+`"}}`, `p{"object":"things","id":"`+id+`","patch":{}}`, end)
		if host.CodeOf(err) != host.CodeUnavailable || b.names() != "" {
			t.Errorf("%s: got %v, and %q is stored", end, err, b.names())
		}
	}
}

// TestData_Panics: a fault of an operation is told without its text, and nothing
// is committed then.
func TestData_Panics(t *testing.T) {
	t.Parallel()
	operations := append([]capability.Operation{}, object.Operations...)
	for i := range operations {
		if operations[i].Name == "object_delete" {
			operations[i].Run = func(ctx context.Context, call *capability.Call, _ []byte) ([]byte, error) {
				return nil, call.Data.Write(ctx, func(context.Context, host.RecordTransaction) error { panic("a secret") })
			}
		}
	}
	b := setupData(t, store.Config{}, operations)
	b.serve(unchanged)
	response, record, err := b.trace(insert("a"), "d{}")
	if host.CodeOf(err) != host.CodeInternal || b.names() != "" {
		t.Errorf("got %s, %v, and %q is stored", response.Body, err, b.names())
	}
	if strings.Contains(host.AsError(err).Message, "secret") || strings.Contains(record.Reason, "secret") {
		t.Errorf("%s, %q tell too much", host.AsError(err).Message, record.Reason)
	}
}
