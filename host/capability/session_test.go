package capability_test

import (
	"context"
	"errors"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// ledger is a store that counts what becomes of transactions, and fails as a test
// wants. Real ones are in the tests of packages object and gateway.
type ledger struct {
	begun, committed, rolled int
	begin, commit            error
}

func (l *ledger) ReadRecords(string) host.RecordReader { return nil }

func (l *ledger) BeginRecords(context.Context, string) (host.RecordTransaction, error) {
	if l.begin != nil {
		return nil, l.begin
	}
	l.begun++
	return &entry{ledger: l}, nil
}

// entry is a transaction.
type entry struct {
	host.RecordTransaction
	ledger *ledger
}

func (e *entry) Commit() error {
	e.ledger.committed++
	return e.ledger.commit
}

func (e *entry) Rollback() error {
	e.ledger.rolled++
	return nil
}

var others = host.Caused(host.CodeConflict, host.ErrSerialization, "others")

// writing is a write that ends with err.
func writing(s *capability.Session, err error) error {
	return s.Write(context.Background(), func(context.Context, host.RecordTransaction) error { return err })
}

func reading(s *capability.Session) error {
	return s.Read(context.Background(), func(context.Context, host.RecordReader) error { return nil })
}

// TestSession_Breaks covers what a transaction survives.
func TestSession_Breaks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		err   error
		after host.Code // of all that follows, the commit included
	}{
		{"refusal", host.Errorf(host.CodeInvalid, "no"), ""},
		{"taken", host.Errorf(host.CodeConflict, "taken"), ""},
		{"others", others, host.CodeConflict},
		{"away", host.Errorf(host.CodeUnavailable, "away"), host.CodeUnavailable},
		{"deadline", context.DeadlineExceeded, host.CodeUnavailable},
		{"fault", errors.New("fault"), host.CodeInternal},
	} {
		l := &ledger{}
		s := capability.NewSession(t.Context(), l, "app", true)
		if err := writing(s, nil); err != nil {
			t.Fatal(err)
		}
		if err := writing(s, tt.err); tt.after != "" && host.CodeOf(err) != tt.after {
			t.Errorf("%s: got %v", tt.name, err)
		}
		for range 2 {
			if write, read := writing(s, nil), reading(s); host.CodeOf(write) != tt.after || host.CodeOf(read) != tt.after {
				t.Errorf("%s: afterwards %v, %v", tt.name, write, read)
			}
		}
		s.Finish(true)
		want := ledger{begun: 1, committed: 1}
		if tt.after != "" {
			want = ledger{begun: 1, rolled: 1}
		}
		if *l != want || host.CodeOf(s.Over()) != tt.after || s.MayRepeat() != (tt.err == others) {
			t.Errorf("%s: in the end %+v, %v", tt.name, *l, s.Over())
		}
	}
}

// TestSession_Begin: a transaction that does not begin may be tried again.
func TestSession_Begin(t *testing.T) {
	t.Parallel()
	l := &ledger{begin: host.Errorf(host.CodeUnavailable, "away")}
	s := capability.NewSession(t.Context(), l, "app", true)
	if err := writing(s, nil); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	l.begin = nil
	if err := writing(s, nil); err != nil {
		t.Error(err)
	}
	s.Finish(true)
	if l.committed != 1 || s.Over() != nil {
		t.Errorf("%+v, %v", l, s.Over())
	}
}

// TestSession_Reads: reading begins nothing.
func TestSession_Reads(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	s := capability.NewSession(t.Context(), l, "app", true)
	if err := reading(s); err != nil {
		t.Error(err)
	}
	s.Finish(true)
	if *l != (ledger{}) || s.Over() != nil {
		t.Errorf("%+v, %v", l, s.Over())
	}
}

// TestSession_Canceled: a context that has ended begins nothing that stays.
func TestSession_Canceled(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	s := capability.NewSession(t.Context(), l, "app", true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Write(ctx, func(context.Context, host.RecordTransaction) error { return nil })
	if s.Finish(true); host.CodeOf(err) != host.CodeUnavailable || l.begun != l.rolled || l.committed != 0 {
		t.Errorf("got %v, %+v", err, l)
	}
}

// TestWrite: a transaction that is its own is tried again, but not for ever.
func TestWrite(t *testing.T) {
	t.Parallel()
	for _, conflicts := range []int{0, 1, 9, 10, 99} {
		l, times := &ledger{}, 0
		err := capability.Write(t.Context(), l, "app", capability.MaxTransaction, func(context.Context, host.RecordTransaction) error {
			if times++; times <= conflicts {
				return others
			}
			return nil
		})
		if want := min(conflicts+1, 10); times != want || l.begun != want || (err == nil) != (conflicts < 10) || l.committed+l.rolled != want {
			t.Errorf("%d conflicts: %v after %d times, %+v", conflicts, err, times, l)
		}
	}
	l := &ledger{}
	refused := host.Errorf(host.CodeInvalid, "no")
	err := capability.Write(t.Context(), l, "app", capability.MaxTransaction, func(context.Context, host.RecordTransaction) error { return refused })
	if err != error(refused) || *l != (ledger{begun: 1, rolled: 1}) {
		t.Errorf("got %v, %+v", err, l)
	}
}
