package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// queue is who waits for a transaction of records.
type queue struct {
	t       *testing.T
	db      *store.DB
	waiting int
	came    chan string
}

// join has an app wait for a transaction, which it ends at once when it comes.
func (q *queue) join(ctx context.Context, name, appID string) {
	q.t.Helper()
	go func() {
		tx, err := q.db.BeginRecords(ctx, appID)
		if err != nil {
			name += ": " + host.AsError(err).Message
		}
		q.came <- name
		if err == nil {
			_ = tx.Rollback()
		}
	}()
	q.waiting++
	q.await()
}

// await returns when all who joined wait.
func (q *queue) await() {
	q.t.Helper()
	for q.db.Waiting() != q.waiting {
		if err := q.db.Ping(q.t.Context()); err != nil {
			q.t.Fatal(err)
		}
	}
}

// TestTurns: an app that has many transactions waiting holds up another for one
// of them.
func TestTurns(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		const busy, other = "0190b5a0-0000-7000-8000-00000000000a", "0190b5a0-0000-7000-8000-00000000000b"
		var held []host.RecordTransaction
		for range db.Turns() {
			held = append(held, begin(t, db, busy))
		}
		q := &queue{t: t, db: db, came: make(chan string)}
		for _, name := range []string{"busy 1", "busy 2", "busy 3"} {
			q.join(t.Context(), name, busy)
		}
		ctx, cancel := context.WithCancel(t.Context())
		q.join(ctx, "gone", busy)
		q.join(t.Context(), "other 1", other)
		q.join(t.Context(), "other 2", other)
		cancel()
		if got := <-q.came; got != "gone: Others keep the database busy; try again" {
			t.Errorf("got %s", got)
		}
		if err := held[0].Rollback(); err != nil {
			t.Fatal(err)
		}
		var order []string
		for range 5 {
			order = append(order, <-q.came)
		}
		if want := []string{"busy 1", "other 1", "busy 2", "other 2", "busy 3"}; !slices.Equal(order, want) {
			t.Errorf("they came as %q, want %q", order, want)
		}
		for _, tx := range held[1:] {
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestTurns_End: a turn ends once, however the transaction does.
func TestTurns_End(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		appID, turns := host.NewID(), db.Turns()
		for _, end := range []func(host.RecordTransaction, func()) error{
			func(tx host.RecordTransaction, _ func()) error { return tx.Commit() },
			func(tx host.RecordTransaction, _ func()) error { return tx.Rollback() },
			func(_ host.RecordTransaction, cancel func()) error { cancel(); return nil },
			func(tx host.RecordTransaction, cancel func()) error { cancel(); return tx.Rollback() },
		} {
			for range turns + 1 {
				ctx, cancel := context.WithCancel(t.Context())
				tx, err := db.BeginRecords(ctx, appID)
				if err == nil {
					err = end(tx, cancel)
				}
				if err != nil {
					t.Fatal(err)
				}
				_ = tx.Rollback() // once more
				cancel()
			}
		}
		var held []host.RecordTransaction
		for range turns {
			held = append(held, begin(t, db, appID))
		}
		if left := db.Turns(); left != 0 {
			t.Errorf("%d turns are left", left)
		}
		for _, tx := range held {
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestTurns_Query: queries take turns, too, and wait no longer than they may.
func TestTurns_Query(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.Sealer = newSealer(t)
		db := open(t, c)
		o := newObject(t, db, newApp(t, db, newOrganization(t, db)), "o", nil, nil)
		query := func(ctx context.Context) error {
			_, err := db.ReadRecords(o.AppID).QueryRecords(ctx, o, &host.Query{})
			return err
		}
		release := db.HoldQueries(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := query(ctx); host.CodeOf(err) != host.CodeUnavailable || host.AsError(err).Message != "Others keep the database busy; try again" {
			t.Errorf("got %v", err)
		}
		release()
		for range 30 { // more than there are turns
			if err := query(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
