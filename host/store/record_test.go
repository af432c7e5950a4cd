package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// begin starts a transaction that ends with the test at the latest.
func begin(t testing.TB, db *store.DB, appID string) host.RecordTransaction {
	t.Helper()
	tx, err := db.BeginRecords(t.Context(), appID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

// TestTransaction_Serialization lets two transactions change what both have
// read: the second must be told to begin again, and can do nothing else.
func TestTransaction_Serialization(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		if c.URL == "" {
			t.Skip("there is one writer")
		}
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		o := newObject(t, db, app, "o", []string{"n"}, nil)
		r := newRecord(t, `{"n":1}`)
		first := begin(t, db, app.ID)
		if err := errors.Join(first.InsertRecord(t.Context(), o, r), first.Commit()); err != nil {
			t.Fatal(err)
		}
		first, second := begin(t, db, app.ID), begin(t, db, app.ID)
		for _, tx := range []host.RecordTransaction{first, second} {
			if _, err := tx.Record(t.Context(), o, r.ID); err != nil {
				t.Fatal(err)
			}
		}
		r.Version = 2
		if err := errors.Join(first.UpdateRecord(t.Context(), o, r), first.Commit()); err != nil {
			t.Fatal(err)
		}
		lost := func(what string, err error) {
			t.Helper()
			if host.CodeOf(err) != host.CodeConflict || !errors.Is(err, host.ErrSerialization) {
				t.Errorf("%s: %v", what, err)
			}
		}
		lost("update", second.Try(t.Context(), func() error { return second.UpdateRecord(t.Context(), o, r) }))
		_, err := second.Record(t.Context(), o, r.ID)
		lost("read", err)
		_, err = second.QueryRecords(t.Context(), o, &host.Query{})
		lost("query", err)
		lost("insert", second.InsertRecord(t.Context(), o, newRecord(t, `{}`)))
		lost("delete", second.DeleteRecord(t.Context(), o, r.ID))
		lost("try", second.Try(t.Context(), func() error { t.Error("tried"); return nil }))
		lost("commit", second.Commit())
	})
}

// TestTransaction_Waits covers that a writer waits for its turn as long as its
// context lets it.
func TestTransaction_Waits(t *testing.T) {
	t.Parallel()
	db := open(t, store.Config{Dir: t.TempDir(), Sealer: newSealer(t)})
	app := newApp(t, db, newOrganization(t, db))
	o := newObject(t, db, app, "o", nil, nil)
	first := begin(t, db, app.ID)
	if err := first.InsertRecord(t.Context(), o, newRecord(t, `{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error, 2)
	go func() {
		_, err := db.BeginRecords(ctx, app.ID)
		waited <- err
	}()
	cancel()
	if err := <-waited; host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("a writer that may not wait: %v", err)
	}
	go func() {
		tx, err := db.BeginRecords(t.Context(), app.ID)
		if err == nil {
			err = errors.Join(tx.InsertRecord(t.Context(), o, newRecord(t, `{"n":2}`)), tx.Commit())
		}
		waited <- err
	}()
	if found, err := db.ReadRecords(app.ID).QueryRecords(t.Context(), o, &host.Query{}); err != nil || len(found.Records) != 0 {
		t.Errorf("readers see or wait for what is not committed: %+v, %v", found, err)
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	if found, err := db.ReadRecords(app.ID).QueryRecords(t.Context(), o, &host.Query{Count: true}); err != nil || found.Count != 2 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestQuota covers that an app keeps no more than it may, and that what goes
// makes room.
func TestQuota(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.AppRecords, c.AppRecordBytes = 5, 200
		full := newFullApp(t, c) // by another process, so that they must be counted
		db := open(t, c)
		app, o := full.app, full.object
		waitForCount(t, db, app.ID)
		tx := begin(t, db, app.ID)
		refused := func(err error, message string) {
			t.Helper()
			if e := host.AsError(err); e.Code != host.CodeQuota || e.Message != message {
				t.Errorf("error %v, want %s", err, message)
			}
		}
		refused(tx.InsertRecord(t.Context(), o, newRecord(t, `{}`)), "The app has 5 records, as many as it may have")
		if err := tx.DeleteRecord(t.Context(), o, full.ids[0]); err != nil {
			t.Fatal(err)
		}
		refused(tx.InsertRecord(t.Context(), o, newRecord(t, `{"n":"`+strings.Repeat("x", 192)+`"}`)), "The records of the app have 24 bytes; at most 200 are allowed")
		if err := tx.InsertRecord(t.Context(), o, newRecord(t, `{"n":"`+strings.Repeat("x", 92)+`"}`)); err != nil {
			t.Fatal(err)
		}
		refused(tx.InsertRecord(t.Context(), o, newRecord(t, `{}`)), "The app has 5 records, as many as it may have")
		r, err := tx.Record(t.Context(), o, full.ids[1])
		if err != nil {
			t.Fatal(err)
		}
		r.Version, r.Data = 2, []byte(`{"n":"`+strings.Repeat("y", 92)+`"}`)
		refused(tx.UpdateRecord(t.Context(), o, r), "The records of the app have 124 bytes; at most 200 are allowed")
		r.Data = []byte(`{"n":"` + strings.Repeat("y", 70) + `"}`)
		undone := errors.New("undone")
		for range 2 {
			if err := tx.Try(t.Context(), func() error { return errors.Join(tx.UpdateRecord(t.Context(), o, r), undone) }); host.CodeOf(err) != host.CodeInternal || !errors.Is(err, undone) {
				t.Errorf("an update that fits: %v", err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		again := begin(t, db, app.ID)
		refused(again.InsertRecord(t.Context(), o, newRecord(t, `{}`)), "The app has 5 records, as many as it may have")
		if err := again.Rollback(); err != nil {
			t.Fatal(err)
		}
		other := host.NewApp(app.OrganizationID)
		other.Name = "Other"
		if err := db.CreateApp(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		insert(t, db, newObject(t, db, other, "o", nil, nil), 5, func(int) string { return `{}` })
	})
}

// TestQuota_Count covers that what is counted while it is committed is not
// counted twice.
func TestQuota_Count(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ found, change, want int64 }{{5, 2, 5}, {5, -2, 3}} {
		if got := store.CountDuringCommit(t, tt.found, tt.change); got != tt.want {
			t.Errorf("%+v: got %d", tt, got)
		}
	}
}

// TestQuota_First covers that the first write waits for the first count: what it
// commits before would not be counted for a minute.
func TestQuota_First(t *testing.T) {
	t.Parallel()
	if got, known := store.FirstCount(t, 5); got != 5 || !known {
		t.Errorf("got %d, %t", got, known)
	}
}

// TestQuota_DeleteObject covers that an object that goes makes room at once.
func TestQuota_DeleteObject(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.AppRecords = 5
		full := newFullApp(t, c)
		db := open(t, c)
		waitForCount(t, db, full.app.ID)
		if err := db.DeleteObject(t.Context(), full.app.ID, full.object.Name); err != nil {
			t.Fatal(err)
		}
		insert(t, db, newObject(t, db, full.app, "o", nil, nil), 5, func(int) string { return `{}` })
	})
}

type fullApp struct {
	app    *host.App
	object *host.Object
	ids    []string
}

// newFullApp makes an app with five records of six bytes.
func newFullApp(t *testing.T, c store.Config) fullApp {
	db := open(t, c)
	f := fullApp{app: newApp(t, db, newOrganization(t, db))}
	f.object = newObject(t, db, f.app, "o", nil, nil)
	tx := begin(t, db, f.app.ID)
	for range 5 {
		r := newRecord(t, `{"":5}`)
		f.ids = append(f.ids, r.ID)
		if err := tx.InsertRecord(t.Context(), f.object, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return f
}

// waitForCount returns when the store knows what an app keeps.
func waitForCount(t *testing.T, db *store.DB, appID string) {
	t.Helper()
	for !db.Counted(appID) {
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCopy_Records covers that a backup has the records.
func TestCopy_Records(t *testing.T) {
	t.Parallel()
	c := store.Config{Dir: t.TempDir(), Sealer: newSealer(t)}
	db := open(t, c)
	o := newObject(t, db, newApp(t, db, newOrganization(t, db)), "o", []string{"n"}, nil)
	insert(t, db, o, 3, func(i int) string { return fmt.Sprintf(`{"n":%d}`, i) })
	to := filepath.Join(t.TempDir(), store.MainFile)
	if err := store.Copy(t.Context(), c.Dir, store.MainFile, to); err != nil {
		t.Fatal(err)
	}
	c.Dir = filepath.Dir(to)
	restored := open(t, c)
	found, err := restored.ReadRecords(o.AppID).QueryRecords(t.Context(), o, parseQuery(t, `{"filter":{"n":2}}`))
	if err != nil || len(found.Records) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}
