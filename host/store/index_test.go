package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// newObject creates an object.
func newObject(t testing.TB, db *store.DB, app *host.App, name string, unique, indexed []string) *host.Object {
	t.Helper()
	o := host.NewObject(app.ID)
	o.Name, o.UniqueFields, o.IndexedFields = name, unique, indexed
	if err := db.CreateObject(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

// insert adds n records, each the document that fn makes.
func insert(t testing.TB, db *store.DB, o *host.Object, n int, document func(i int) string) {
	t.Helper()
	for done := 0; done < n; {
		tx, err := db.BeginRecords(t.Context(), o.AppID)
		if err != nil {
			t.Fatal(err)
		}
		for range min(10_000, n-done) {
			if err := tx.InsertRecord(t.Context(), o, newRecord(t, document(done))); err != nil {
				t.Fatal(err)
			}
			done++
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func newRecord(t testing.TB, document string) *host.Record {
	t.Helper()
	_, data, err := host.ParseDocument(json.RawMessage(document))
	if err != nil {
		t.Fatal(err)
	}
	now := host.Now()
	return &host.Record{ID: host.NewID(), CreatedAt: now, UpdatedAt: now, Version: 1, Data: data}
}

func parseQuery(t testing.TB, raw string) *host.Query {
	t.Helper()
	q, err := host.ParseQuery(json.RawMessage(raw))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// indexedQueries are queries that must read an index, and nothing else that
// grows with the number of records.
var indexedQueries = []struct{ index, query string }{
	{"n", `{"filter":{"n":500}}`},
	{"n", `{"filter":{"n":[500,501,"x"]}}`},
	{"n", `{"filter":{"n":{">":10,"<":20}}}`},
	{"n", `{"sort":["n"]}`},
	{"n", `{"sort":["-n"],"limit":5}`},
	{"customer.name", `{"filter":{"customer.name":"Name 500"}}`},
	{"customer.name", `{"filter":{"customer.name":{"ieq":"nAME 500"}}}`},
	{"customer.name", `{"filter":{"customer.name":{">=":"name 50","<":"name 51"}},"sort":["customer.name"]}`},
	{"customer.name", `{"sort":["customer.name","__id"],"limit":5}`},
	{"customer.name", `{"sort":["-customer.name"],"limit":5}`},
	{`it's \"100%\" {$1}`, `{"filter":{"it's \\\"100%\\\" {$1}":7},"limit":5}`},
	{"_created", `{"sort":["-__created_at"],"limit":5}`},
	{"_updated", `{"filter":{"__updated_at":{">":"2100-01-01T00:00:00Z"}},"sort":["__updated_at"]}`},
	{"key", `{"sort":["__id"],"limit":5}`},
	{"key", `{"sort":["-__id"],"limit":5}`},
}

// TestIndex_Used covers that equality, ranges and orders read an index, and
// that a cursor goes on reading it where the last page ended.
func TestIndex_Used(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		o := newObject(t, db, newApp(t, db, newOrganization(t, db)), "o", []string{"n"}, []string{"customer.name", `it's "100%" {$1}`})
		insert(t, db, o, 3000, func(i int) string {
			return fmt.Sprintf(`{"n":%d,"customer":{"name":"Name %d"},"it's \"100%%\" {$1}":%d}`, i, i, i)
		})
		if writers, _ := db.Connections(); c.URL != "" { // as PostgreSQL does by itself
			if _, err := writers[0].Exec("ANALYZE " + store.TableName(o)); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range indexedQueries {
			q := parseQuery(t, tt.query)
			wantIndex(t, db, o, q, strings.ReplaceAll(tt.index, `\"`, `"`))
			found, err := db.ReadRecords(o.AppID).QueryRecords(t.Context(), o, q)
			if err != nil {
				t.Fatal(err)
			}
			if q.Cursor = found.Cursor; q.Cursor != "" {
				if _, plan := db.Explain(t, o, q); !strings.Contains(plan, "Index Cond") && !strings.Contains(plan, "SEARCH") {
					t.Errorf("%s: the cursor begins at the beginning:\n%s", tt.query, plan)
				}
			}
		}
		if _, plan := db.Explain(t, o, parseQuery(t, `{"filter":{"other":5},"sort":["other"]}`)); indexUsed(plan, store.IndexName(o, "n")) {
			t.Errorf("this test cannot fail:\n%s", plan)
		}
	})
}

// sorted is a plan that sorts all records, and not those only that are alike in
// what an index has put in order already.
var sorted = regexp.MustCompile(`(^|->  )Sort |USE TEMP B-TREE FOR ORDER BY`)

func indexUsed(plan, index string) bool {
	return strings.Contains(plan, index) && !strings.Contains(plan, "Seq Scan") && !sorted.MatchString(plan)
}

// wantIndex checks that a query reads an index and sorts no more than records
// that are alike.
func wantIndex(t *testing.T, db *store.DB, o *host.Object, q *host.Query, field string) (plan string) {
	t.Helper()
	statement, plan := db.Explain(t, o, q)
	names := []string{store.IndexName(o, field)}
	if field == "key" {
		names = []string{store.TableName(o) + "_pkey", "sqlite_autoindex_" + store.TableName(o)}
	}
	for _, name := range names {
		if indexUsed(plan, name) || len(q.Sort) == 0 && strings.Contains(plan, name) {
			return plan
		}
	}
	t.Errorf("%s\nis run without an index:\n%s", statement, plan)
	return plan
}

// TestIndex_Sweep leaves behind what crashes could, and what belongs to others.
func TestIndex_Sweep(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		o := newObject(t, db, newApp(t, db, newOrganization(t, db)), "o", []string{"n"}, []string{"m"})
		writers, _ := db.Connections()
		table, orphan := store.TableName(o), "record_"+strings.Repeat("0", 32)
		leftover := table + "_i_0123456789abcdef"
		for _, statement := range []string{
			"CREATE INDEX " + leftover + " ON " + table + " (version)",
			"CREATE TABLE " + orphan + " (id TEXT)",
			"CREATE TABLE record_keeping (id TEXT)",
			"CREATE INDEX " + table + "_mine ON " + table + " (version)",
		} {
			if _, err := writers[0].Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		open(t, c) // another process
		for name, there := range map[string]bool{
			leftover: false, orphan: false, "record_keeping": true, table + "_mine": true, table: true,
			store.IndexName(o, "n"): true, store.IndexName(o, "m"): true, table + "_created": true, table + "_updated": true,
		} {
			if exists(t, db, name) != there {
				t.Errorf("%s: there %v, want %v", name, !there, there)
			}
		}
	})
}

// exists tells whether there is a table or an index of the name.
func exists(t *testing.T, db *store.DB, name string) bool {
	t.Helper()
	writers, _ := db.Connections()
	for _, catalog := range []string{"SELECT name FROM sqlite_master WHERE name = $1", "SELECT relname FROM pg_class WHERE relname = $1"} {
		var found []string
		if err := writers[0].Select(&found, catalog, name); err == nil {
			return len(found) > 0
		}
	}
	t.Fatal("the database has no catalog that is known here")
	return false
}

// TestIndex_DroppedWithTheObject covers that nothing stays of what is deleted.
func TestIndex_DroppedWithTheObject(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		one, two := newObject(t, db, app, "one", []string{"n"}, nil), newObject(t, db, app, "two", nil, []string{"m"})
		if _, err := db.UpdateObject(t.Context(), app.ID, "two", func(o *host.Object) error { o.IndexedFields = []string{"k"}; return nil }); err != nil {
			t.Fatal(err)
		}
		if exists(t, db, store.IndexName(two, "m")) {
			t.Error("the index that nobody asks for is there")
		}
		if err := db.DeleteObject(t.Context(), app.ID, "one"); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteApp(t.Context(), app.ID); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{store.TableName(one), store.TableName(two), store.IndexName(one, "n")} {
			if exists(t, db, name) {
				t.Errorf("%s is there", name)
			}
		}
	})
}

// TestIndex_InvalidLeftover leaves the index of a build that failed half-way,
// of the very field that is then indexed.
func TestIndex_InvalidLeftover(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		if c.URL == "" {
			t.Skip("indexes are built within transactions")
		}
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		o := newObject(t, db, app, "o", nil, nil)
		insert(t, db, o, 2, func(int) string { return `{"n":1}` })
		wanted := *o
		wanted.UniqueFields = []string{"n"}
		name := store.IndexName(&wanted, "n")
		writers, _ := db.Connections()
		if _, err := writers[0].Exec("CREATE UNIQUE INDEX CONCURRENTLY " + name + " ON " + store.TableName(o) + " ((version))"); err == nil {
			t.Fatal("the index was built")
		}
		if !exists(t, db, name) {
			t.Fatal("nothing is left behind: this test cannot fail")
		}
		setUnique := func(o *host.Object) error { o.UniqueFields = []string{"n"}; return nil }
		if _, err := db.UpdateObject(t.Context(), app.ID, "o", setUnique); host.CodeOf(err) != host.CodeConflict {
			t.Fatalf("duplicates: %v", err)
		}
		if exists(t, db, name) {
			t.Error("the index that could not be built is there")
		}
		if _, err := writers[0].Exec("DELETE FROM " + store.TableName(o)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.UpdateObject(t.Context(), app.ID, "o", setUnique); err != nil {
			t.Fatal(err)
		}
	})
}

// TestIndex_WritersGoOn builds an index while a transaction that began before
// holds the build up: others must not wait for it.
func TestIndex_WritersGoOn(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		if c.URL == "" {
			t.Skip("there is one writer")
		}
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		o := newObject(t, db, app, "o", nil, nil)
		insert(t, db, o, 100, func(i int) string { return fmt.Sprintf(`{"n":%d}`, i) })
		old, err := db.BeginRecords(t.Context(), app.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer old.Rollback()
		if err := old.InsertRecord(t.Context(), o, newRecord(t, `{"n":100}`)); err != nil {
			t.Fatal(err)
		}
		built := make(chan error, 1)
		go func() {
			_, err := db.UpdateObject(t.Context(), app.ID, "o", func(o *host.Object) error { o.UniqueFields = []string{"n"}; return nil })
			built <- err
		}()
		waitForBuild(t, c.URL)
		insert(t, db, o, 10, func(i int) string { return fmt.Sprintf(`{"n":%d}`, 200+i) })
		if found, err := db.ReadRecords(app.ID).QueryRecords(t.Context(), o, &host.Query{Count: true}); err != nil || found.Count != 110 {
			t.Errorf("%+v, %v", found, err)
		}
		select {
		case err := <-built:
			t.Fatalf("the build ended before the transaction: this test cannot fail; %v", err)
		default:
		}
		if err := old.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-built; err != nil {
			t.Fatal(err)
		}
		if _, plan := db.Explain(t, o, parseQuery(t, `{"sort":["n"]}`)); plan == "" {
			t.Error("no plan")
		}
		now, err := db.Object(t.Context(), app.ID, "o")
		if err != nil {
			t.Fatal(err)
		}
		tx, err := db.BeginRecords(t.Context(), app.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		for _, n := range []int{5, 100, 205} {
			if err := tx.InsertRecord(t.Context(), now, newRecord(t, fmt.Sprintf(`{"n":%d}`, n))); host.CodeOf(err) != host.CodeConflict {
				t.Errorf("%d is there twice: %v", n, err)
			}
		}
	})
}

// waitForBuild returns when an index is being built and waits for others.
func waitForBuild(t *testing.T, url string) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for {
		var waiting bool
		err := db.QueryRowContext(context.Background(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'CREATE UNIQUE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock')`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
	}
}
