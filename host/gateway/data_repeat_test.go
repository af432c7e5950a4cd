package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// known is the id of the thing that invocations get into each other's way with.
const known = "0190b5a0-0000-7000-8000-000000000001"

// put is the line of a script that gives that thing a name.
func put(name string) string {
	return `u{"object":"things","record":{"__id":"` + known + `","name":"` + name + `"}}`
}

// ran is how often the module of an invocation ran.
func ran(record *host.Invocation) (times int) {
	for _, stage := range record.Stages {
		if stage.Name == "module" {
			times++
		}
	}
	return times
}

// TestRepeat_Postgres: invocations that get into each other's way go one after
// the other. The second comes while the first is about to write.
func TestRepeat_Postgres(t *testing.T) {
	t.Parallel()
	t.Run("the same record", func(t *testing.T) {
		t.Parallel()
		b := setupData(t, store.Config{URL: storetest.Postgres(t)}, object.Operations)
		b.serve(unchanged)
		_, err := b.run(put("old"))
		check(t, err)
		b.records.update = func(context.Context) error {
			b.records.update = nil
			_, err := b.run(put("the second"), insert("x"))
			return err
		}
		_, record, err := b.trace(insert("y"), put("the first"))
		if err != nil || b.names() != "the first x y" || ran(record) != 2 {
			t.Errorf("got %v, and %q is stored after the module ran %d times", err, b.names(), ran(record))
		}
	})
	t.Run("what the other read", func(t *testing.T) {
		t.Parallel()
		b := setupData(t, store.Config{URL: storetest.Postgres(t)}, object.Operations)
		b.serve(unchanged)
		b.records.commit = func() error {
			b.records.commit = nil
			_, err := b.run(insert("x"), listed)
			return err
		}
		response, record, err := b.trace(insert("y"), listed)
		check(t, err)
		if got := summary(t, string(response.Body)); got != "[y] [x y]" || ran(record) != 2 {
			t.Errorf("got %s after the module ran %d times", got, ran(record))
		}
	})
}

// conflicting makes the first so many transactions fail because of others, in
// an operation or, with that, in the commit.
func conflicting(b *databundle, times int, inCommit bool) {
	conflict := func() error {
		if times--; times < 0 {
			return nil
		}
		return host.Caused(host.CodeConflict, host.ErrSerialization, "Conflict")
	}
	if inCommit {
		b.records.commit = conflict
	} else {
		b.records.update = func(context.Context) error { return conflict() }
	}
}

// TestRepeat_Limit: after three repetitions it is enough.
func TestRepeat_Limit(t *testing.T) {
	t.Parallel()
	for _, inCommit := range []bool{false, true} {
		for _, tt := range []struct {
			conflicts, ran int
			end            string
			code           host.Code
			stored         string
		}{
			{1, 2, "s200", "", "new"},
			{3, 4, "s200", "", "new"},
			{4, 4, "s200", host.CodeConflict, "old"},
			{99, 4, "s201", host.CodeConflict, "old"},
		} {
			t.Run(fmt.Sprint(inCommit, tt.conflicts), func(t *testing.T) {
				t.Parallel()
				b := setupData(t, store.Config{}, object.Operations)
				b.serve(unchanged)
				_, err := b.run(put("old"))
				check(t, err)
				conflicting(b, tt.conflicts, inCommit)
				_, record, err := b.trace(put("new"), tt.end)
				if host.CodeOf(err) != tt.code || ran(record) != tt.ran || b.names() != tt.stored {
					t.Errorf("got %v after %d runs, and %q is stored; want %+v", err, ran(record), b.names(), tt)
				}
				if tt.code != "" && !strings.Contains(record.Reason, "not committed: The data was changed by others") {
					t.Errorf("the reason is %q", record.Reason)
				}
			})
		}
	}
}

// TestRepeat_Answers: what others are to blame for is the answer, whatever the
// module makes of it.
func TestRepeat_Answers(t *testing.T) {
	t.Parallel()
	b := setupData(t, store.Config{}, object.Operations)
	b.serve(unchanged)
	_, err := b.run(put("old"))
	check(t, err)
	for _, end := range []string{"s200", "!", "s500", "s422", `r{"status":99}`} {
		conflicting(b, 99, false)
		if _, record, err := b.trace(put("new"), listed, end); host.CodeOf(err) != host.CodeConflict || b.names() != "old" || ran(record) != 4 {
			t.Errorf("%s: got %v after %d runs, and %q is stored", end, err, ran(record), b.names())
		}
		conflicting(b, 1, false)
		if _, record, err := b.trace(put("new"), listed, end); host.CodeOf(err) == host.CodeConflict || ran(record) != 2 {
			t.Errorf("%s: got %v after %d runs", end, err, ran(record))
		}
		conflicting(b, 0, false)
		_, err := b.run(put("old"))
		check(t, err)
	}
}

// TestRepeat_Effect: what cannot be taken back is not done twice.
func TestRepeat_Effect(t *testing.T) {
	t.Parallel()
	operations := slices.Clone(object.Operations)
	for i := range operations {
		if operations[i].Name == "object_delete" {
			operations[i].Run = func(_ context.Context, call *capability.Call, _ []byte) ([]byte, error) {
				call.Data.Effect()
				return []byte("{}"), nil
			}
		}
	}
	b := setupData(t, store.Config{}, operations)
	b.serve(unchanged)
	_, err := b.run(put("old"))
	check(t, err)
	conflicting(b, 1, true)
	_, record, err := b.trace("d{}", put("new"))
	if host.CodeOf(err) != host.CodeConflict || ran(record) != 1 || b.names() != "old" {
		t.Errorf("got %v after %d runs, and %q is stored", err, ran(record), b.names())
	}
}

// TestRepeat_Deadline: all runs of an invocation have one deadline.
func TestRepeat_Deadline(t *testing.T) {
	t.Parallel()
	b := setupData(t, store.Config{}, object.Operations)
	b.serve(func(e *host.Endpoint) { e.TimeoutMS = 600 })
	_, err := b.run(put("old"))
	check(t, err)
	conflicting(b, 99, true)
	began := time.Now()
	_, record, err := b.trace("t250", put("new"))
	if took := time.Since(began); err == nil || ran(record) == 4 || b.names() != "old" {
		t.Errorf("got %v after %d runs in %s, and %q is stored", err, ran(record), took, b.names())
	}
}

// TestRepeat_NotAtomic: a write that is its own transaction is made again by
// itself.
func TestRepeat_NotAtomic(t *testing.T) {
	t.Parallel()
	b := setupData(t, store.Config{}, object.Operations)
	b.serve(func(e *host.Endpoint) { e.Atomic = false })
	_, err := b.run(put("old"))
	check(t, err)
	conflicting(b, 5, true)
	if _, record, err := b.trace(insert("a"), put("new")); err != nil || ran(record) != 1 || b.names() != "a new" {
		t.Errorf("got %v after %d runs, and %q is stored", err, ran(record), b.names())
	}
	conflicting(b, 99, true)
	if got, err := b.run(put("newer"), listed); err != nil || summary(t, got) != "[conflict] [a new]" {
		t.Errorf("got %s, %v", got, err)
	}
}
