package capability

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/posternhq/postern/host"
)

// MaxTransaction is how long a transaction of a module may last. Waiting for it
// to begin does not count.
const MaxTransaction = time.Second

// commitPatience is how long a commit may take, which is the last thing an
// invocation waits for.
const commitPatience = 5 * time.Second

// Session is the data of one run of a module. It is used by one goroutine at a
// time, and finished in any case.
//
// If it is atomic, the first write begins a transaction, which everything after
// it belongs to, and which Finish commits or rolls back; a failure that leaves
// no way on (see over) is the answer to all that follows. If it is not, each
// write is a transaction of its own.
type Session struct {
	ctx    context.Context
	store  host.RecordStore
	appID  string
	atomic bool
	effect bool

	most  time.Duration
	tx    host.RecordTransaction // nil before the first write and after the end
	began time.Time
	life  context.Context // of tx
	kill  context.CancelFunc
	timer *time.Timer
	over  error // why the transaction cannot be committed
	late  bool  // whether the time was up before one began
}

// NewSession returns a session of an app. ctx has the values that the store may
// want; it does not bound the session. If atomic is set, the writes are one
// transaction.
func NewSession(ctx context.Context, store host.RecordStore, appID string, atomic bool) *Session {
	return newSession(ctx, store, appID, atomic, MaxTransaction)
}

func newSession(ctx context.Context, store host.RecordStore, appID string, atomic bool, most time.Duration) *Session {
	return &Session{ctx: context.WithoutCancel(ctx), store: store, appID: appID, atomic: atomic, most: most}
}

// Read lets fn read: what is committed or, after the first write of an atomic
// session, what the transaction sees.
func (s *Session) Read(ctx context.Context, fn func(context.Context, host.RecordReader) error) error {
	if s.tx == nil && s.over == nil {
		return fn(ctx, s.store.ReadRecords(s.appID))
	}
	return s.within(ctx, func(ctx context.Context, tx host.RecordTransaction) error { return fn(ctx, tx) })
}

// Write lets fn write. If fn fails, nothing of what it wrote may stay; in an
// atomic session fn sees to that itself (see host.RecordTransaction.Try). In
// others fn may run several times.
func (s *Session) Write(ctx context.Context, fn func(context.Context, host.RecordTransaction) error) error {
	if !s.atomic {
		return Write(ctx, s.store, s.appID, s.most, fn)
	}
	if s.tx == nil && s.over == nil {
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	return s.within(ctx, fn)
}

// begin opens the transaction. It ends by itself in time, whatever the guest
// does meanwhile.
func (s *Session) begin(ctx context.Context) error {
	life, kill := context.WithCancel(s.ctx)
	stop := context.AfterFunc(ctx, kill) // bounds the wait for the transaction, not its life
	tx, err := s.store.BeginRecords(life, s.appID)
	if !stop() && err == nil {
		err = errors.Join(ctx.Err(), tx.Rollback())
	}
	if err != nil {
		kill()
		s.late = ctx.Err() != nil
		return unavailable(err)
	}
	s.tx, s.life, s.kill, s.began = tx, life, kill, time.Now()
	s.timer = time.AfterFunc(s.most, kill)
	return nil
}

// unavailable gives an error of a context a code; others have theirs.
func unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return host.Caused(host.CodeUnavailable, err, "The time of the invocation is up")
	}
	return err
}

// within lets fn act in the transaction, with a context that ends with ctx or
// with the transaction.
func (s *Session) within(ctx context.Context, fn func(context.Context, host.RecordTransaction) error) (err error) {
	if s.expire(); s.over != nil {
		return s.over
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	whole := false
	defer func() {
		if !whole { // fn panicked: who knows what it had written
			s.abandon(host.Errorf(host.CodeInternal, "Internal error"))
		}
	}()
	err = fn(ctx, s.tx)
	whole = true
	return s.judge(err)
}

// judge ends the transaction if an error says that it cannot go on.
func (s *Session) judge(err error) error {
	if err == nil {
		return nil
	}
	if s.expire(); s.over != nil {
		return s.over
	}
	switch err = unavailable(err); {
	case errors.Is(err, host.ErrSerialization):
		s.abandon(conflict(err))
		return s.over
	case host.CodeOf(err) == host.CodeUnavailable, host.CodeOf(err) == host.CodeInternal:
		s.abandon(err)
	}
	return err
}

// conflict is how a serialization failure is told.
func conflict(err error) error {
	return host.Caused(host.CodeConflict, err, "The data was changed by others at the same time; try again")
}

// expire ends the transaction if its time is up. It does not wait for the
// timer, which may be late while guests have every core.
func (s *Session) expire() {
	if s.tx != nil && time.Since(s.began) >= s.most {
		s.abandon(s.ended())
	}
}

func (s *Session) ended() error {
	return host.Errorf(host.CodeEnded, "The transaction has lasted longer than %s and was rolled back", s.most)
}

// abandon rolls the transaction back, so that it holds up nobody until the
// module has noticed.
func (s *Session) abandon(why error) {
	s.over = why
	_ = s.end(host.RecordTransaction.Rollback) // what is not committed is rolled back, at the latest by the database
}

// end closes the transaction one way or the other.
func (s *Session) end(how func(host.RecordTransaction) error) error {
	tx := s.tx
	s.tx = nil
	s.timer.Stop()
	defer s.kill()
	return how(tx)
}

// Late reports whether the time of the invocation was up before its transaction
// could begin.
func (s *Session) Late() bool { return s.late }

// Open reports whether there is a transaction, or was one.
func (s *Session) Open() bool { return s.tx != nil || s.over != nil }

// Finish ends the session: it commits what was written, or rolls it back. Over
// tells whether it could.
func (s *Session) Finish(commit bool) {
	s.expire()
	if s.tx == nil {
		return
	}
	if !commit {
		_ = s.end(host.RecordTransaction.Rollback)
		return
	}
	if !s.timer.Stop() {
		s.abandon(s.ended())
		return
	}
	s.timer.Reset(commitPatience)
	if err := s.end(host.RecordTransaction.Commit); errors.Is(err, host.ErrSerialization) {
		s.over = conflict(err)
	} else {
		s.over = unavailable(err)
	}
}

// Over is why the transaction cannot be, or was not, committed; nil if nothing is
// in the way. Errors: CodeConflict if other transactions are, CodeModuleTimeout
// if it lasted too long, CodeUnavailable, CodeInternal. Nothing of it is stored,
// unless the database went away in the midst of the commit.
func (s *Session) Over() error {
	if host.CodeOf(s.over) == host.CodeEnded {
		return host.Caused(host.CodeModuleTimeout, s.over, "The module's transaction lasted longer than %s", s.most)
	}
	return s.over
}

// Effect notes that the module did what a rollback does not undo.
func (s *Session) Effect() { s.effect = true }

// MayRepeat reports whether the module may run again from its beginning with a
// new session: other transactions alone are to blame, and it did nothing that
// would then have been done twice.
func (s *Session) MayRepeat() bool { return !s.effect && errors.Is(s.over, host.ErrSerialization) }

// attempts is how often a transaction that is its own is tried.
const attempts = 10

// Write lets fn write in a transaction of its own, which is committed if fn
// succeeds, and lasts no longer than most. While other transactions are in the way
// it is done again, a number of times. Errors beside those of fn: CodeConflict with
// the cause host.ErrSerialization if that was not enough, CodeEnded,
// CodeUnavailable.
func Write(ctx context.Context, store host.RecordStore, appID string, most time.Duration, fn func(context.Context, host.RecordTransaction) error) (err error) {
	for attempt := range attempts {
		s := newSession(ctx, store, appID, true, most)
		err = s.Write(ctx, fn)
		if s.Finish(err == nil); err == nil {
			err = s.over
		}
		if !s.MayRepeat() || !Pause(ctx, attempt) {
			return err
		}
	}
	return err
}

// Pause waits a moment that gets longer from attempt to attempt, and differs, so
// that those who got into each other's way do not meet again. It reports whether
// ctx still stands.
func Pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(rand.N(time.Millisecond << min(attempt, 5)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
