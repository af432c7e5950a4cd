package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// TestPlans: statements that come again are prepared, and forgotten when there
// are too many, while others use them, within transactions and outside.
func TestPlans(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		o := newObject(t, db, app, "o", nil, []string{"n"})
		insert(t, db, o, 3, func(i int) string { return fmt.Sprintf(`{"n":%d}`, i) })
		// Each shape is a statement of its own. More than are kept come in turns.
		shapes := make([]*host.Query, 400)
		for i := range shapes {
			shapes[i] = parseQuery(t, fmt.Sprintf(`{"filter":{"n":{">=":1},"field%d":null}}`, i))
		}
		query := func(r host.RecordReader, q *host.Query) error {
			found, err := r.QueryRecords(t.Context(), o, q)
			if err == nil && len(found.Records) != 2 {
				err = fmt.Errorf("found %d records", len(found.Records))
			}
			return err
		}
		var wait sync.WaitGroup
		for worker := range 4 {
			wait.Go(func() {
				for i := range 2 * len(shapes) {
					q := shapes[(i/3+worker*100)%len(shapes)] // three times in a row
					if err := query(db.ReadRecords(app.ID), q); err != nil {
						t.Error(err)
						return
					}
					if i%10 > 0 {
						continue
					}
					tx, err := db.BeginRecords(t.Context(), app.ID)
					if err == nil {
						err = errors.Join(query(tx, q), query(tx, q), tx.Rollback())
					}
					if err != nil && !errors.Is(err, host.ErrSerialization) {
						t.Error(err)
						return
					}
				}
			})
		}
		wait.Wait()
	})
}

// TestPlans_Table: what is prepared follows what becomes of the table.
func TestPlans_Table(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		o := newObject(t, db, app, "o", nil, nil)
		insert(t, db, o, 1, func(int) string { return `{"n":1}` })
		q := parseQuery(t, `{"filter":{"n":1},"sort":["n"]}`)
		queried := func() host.Code {
			t.Helper()
			_, err := db.ReadRecords(app.ID).QueryRecords(t.Context(), o, q)
			return host.CodeOf(err)
		}
		for _, indexed := range [][]string{{}, {"n"}, {}} {
			if _, err := db.UpdateObject(t.Context(), app.ID, "o", func(o *host.Object) error {
				o.IndexedFields = indexed
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if code := queried(); code != "" {
					t.Errorf("indexed %v: %s", indexed, code)
				}
			}
		}
		if err := db.DeleteObject(t.Context(), app.ID, "o"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if code := queried(); code != host.CodeNotFound {
				t.Errorf("without its table: %q", code)
			}
		}
	})
}
