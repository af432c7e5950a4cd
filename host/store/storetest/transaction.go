package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/posternhq/postern/host"
)

// bump adds one to the number n of the record, in a transaction that may be
// done again.
func (b bundle) bump(o *host.Object, id string) error {
	tx, err := b.BeginRecords(b.t.Context(), o.AppID)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	r, err := tx.Record(b.t.Context(), o, id)
	if err != nil {
		return err
	}
	var n int
	if _, err := fmt.Sscanf(string(r.Data), `{"n":%d}`, &n); err != nil {
		return err
	}
	r.Version++
	r.Data = fmt.Appendf(nil, `{"n":%d}`, n+1)
	if err := tx.UpdateRecord(b.t.Context(), o, r); err != nil {
		return err
	}
	return tx.Commit()
}

var transactionTests = []test{
	{"Rollback", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "o", nil, nil)
		b.records(o, `{"n":1}`)
		tx := b.begin(o.AppID)
		if err := tx.InsertRecord(t.Context(), o, b.newRecord(`{"n":2}`)); err != nil {
			t.Fatal(err)
		}
		if found := b.query(tx, o, `{"count":true}`); found.Count != 2 {
			t.Errorf("inside: %+v", found)
		}
		for range 2 {
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
		if err := tx.Commit(); err == nil {
			t.Error("a commit after the rollback says that it worked")
		}
		b.wantQuery(o, `{}`, `{"n":1}`)
	}},
	{"Try", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "o", []string{"n"}, nil)
		refusal := errors.New("no")
		b.transact(o.AppID, func(tx host.RecordTransaction) {
			insert := func(n int) error { return tx.InsertRecord(t.Context(), o, b.newRecord(fmt.Sprintf(`{"n":%d}`, n))) }
			try := func(fn func() error) error { return tx.Try(t.Context(), fn) }
			if err := try(func() error { return insert(1) }); err != nil {
				t.Fatal(err)
			}
			if err := try(func() error { return errors.Join(insert(2), refusal) }); !errors.Is(err, refusal) {
				t.Error(err)
			}
			wantError(t, try(func() error { return errors.Join(insert(3), insert(1)) }), host.CodeConflict, "n is already taken by another record")
			if err := try(func() error {
				_ = try(func() error { return errors.Join(insert(4), refusal) })
				return errors.Join(insert(5), try(func() error { return insert(6) }))
			}); err != nil {
				t.Error(err)
			}
		})
		b.wantQuery(o, `{"sort":["n"]}`, `{"n":1}`, `{"n":5}`, `{"n":6}`)
	}},
	{"ContextEnds", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "o", nil, nil)
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := b.BeginRecords(ctx, o.AppID)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.InsertRecord(ctx, o, b.newRecord(`{"n":1}`)); err != nil {
			t.Fatal(err)
		}
		cancel()
		wantError(t, tx.InsertRecord(t.Context(), o, b.newRecord(`{"n":2}`)), host.CodeUnavailable, "")
		_, err = tx.QueryRecords(t.Context(), o, &host.Query{})
		wantError(t, err, host.CodeUnavailable, "")
		wantError(t, tx.Commit(), host.CodeUnavailable, "")
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if _, err := b.BeginRecords(ctx, o.AppID); host.CodeOf(err) != host.CodeUnavailable {
			t.Errorf("begun with a context that has ended: %v", err)
		}
		b.records(o, `{"n":3}`) // nothing is locked any more
		b.wantQuery(o, `{}`, `{"n":3}`)
	}},
	{"OperationEnds", func(t *testing.T, b bundle) {
		// What begins with a context that has ended does nothing.
		o := b.object(b.app("A"), "o", nil, nil)
		id := b.records(o, `{"n":1}`)[0]
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for _, operation := range []func(host.RecordTransaction) error{
			func(tx host.RecordTransaction) error { _, err := tx.Record(ended, o, id); return err },
			func(tx host.RecordTransaction) error { return tx.InsertRecord(ended, o, b.newRecord(`{"n":2}`)) },
			func(tx host.RecordTransaction) error { return tx.DeleteRecord(ended, o, id) },
		} {
			tx := b.begin(o.AppID)
			wantError(t, operation(tx), host.CodeUnavailable, "")
			wantError(t, tx.Commit(), host.CodeUnavailable, "")
		}
		b.wantQuery(o, `{}`, `{"n":1}`)
	}},
	{"ObjectGone", func(t *testing.T, b bundle) {
		app := b.app("A")
		o, other := b.object(app, "o", nil, nil), b.object(app, "other", nil, nil)
		if err := b.DeleteObject(t.Context(), app.ID, o.Name); err != nil {
			t.Fatal(err)
		}
		tx := b.begin(app.ID)
		wantError(t, tx.InsertRecord(t.Context(), o, b.newRecord(`{}`)), host.CodeNotFound, "Object not found")
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		b.records(other, `{}`)
	}},
	{"NothingIsLost", func(t *testing.T, b bundle) {
		// Counting up by reading and writing loses nothing, whoever else does it.
		const writers, each = 4, 10
		o := b.object(b.app("A"), "o", nil, nil)
		ids := b.records(o, `{"n":0}`)
		var again atomic.Int64
		b.atOnce(writers, func(int) {
			for done := 0; done < each; {
				switch err := b.bump(o, ids[0]); {
				case err == nil:
					done++
				case errors.Is(err, host.ErrSerialization) && host.CodeOf(err) == host.CodeConflict:
					again.Add(1)
				default:
					t.Error(err)
					return
				}
			}
		})
		b.wantQuery(o, `{}`, fmt.Sprintf(`{"n":%d}`, writers*each))
		t.Logf("%d transactions were done again", again.Load())
	}},
	{"WriteSkew", func(t *testing.T, b bundle) {
		// Each transaction inserts a record if there is none: one of them may.
		o := b.object(b.app("A"), "o", nil, nil)
		var inserted atomic.Int64
		b.atOnce(4, func(int) {
			tx, err := b.BeginRecords(t.Context(), o.AppID)
			if err != nil {
				t.Error(err)
				return
			}
			defer tx.Rollback()
			found, err := tx.QueryRecords(t.Context(), o, &host.Query{Count: true})
			if err == nil && found.Count > 0 {
				return
			}
			if err == nil {
				err = tx.InsertRecord(t.Context(), o, b.newRecord(`{"only":true}`))
			}
			if err == nil {
				err = tx.Commit()
			}
			if err == nil {
				inserted.Add(1)
			} else if !errors.Is(err, host.ErrSerialization) {
				t.Error(err)
			}
		})
		if n := inserted.Load(); n != 1 {
			t.Errorf("%d transactions inserted the only record", n)
		}
	}},
	{"UniqueAtOnce", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "o", []string{"n"}, nil)
		ids := b.records(o, `{"n":"a"}`, `{"n":"b"}`, `{"n":"c"}`, `{"n":"d"}`)
		b.atOnce(4, func(i int) {
			tx, err := b.BeginRecords(t.Context(), o.AppID)
			if err != nil {
				t.Error(err)
				return
			}
			defer tx.Rollback()
			if i%2 == 0 {
				err = tx.InsertRecord(t.Context(), o, b.newRecord(`{"n":"same"}`))
			} else {
				err = tx.UpdateRecord(t.Context(), o, &host.Record{ID: ids[i], Version: 2, UpdatedAt: host.Now(), Data: []byte(`{"n":"same"}`)})
			}
			if err == nil {
				err = tx.Commit()
			}
			if err != nil && host.CodeOf(err) != host.CodeConflict {
				t.Error(err)
			}
		})
		b.wantQuery(o, `{"filter":{"n":"same"}}`, `{"n":"same"}`)
	}},
}
