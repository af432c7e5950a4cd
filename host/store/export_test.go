package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/posternhq/postern/host"
)

// Connections gives tests the pools behind an open database, those that write
// and those that read.
func (db *DB) Connections() (writers, readers []*sqlx.DB) {
	for _, p := range db.pools {
		writers, readers = append(writers, p.writer), append(readers, p.reader)
	}
	return writers, readers
}

// CountDuringCommit is how many records an app has that had none, when a count of
// it finds some while a transaction commits a change of their number.
func CountDuringCommit(t testing.TB, found, change int64) int64 {
	t.Helper()
	q := newQuota(growth{}, func(context.Context, string) (growth, error) { return growth{records: found}, nil })
	defer q.close()
	_, _ = q.of("app")
	q.tasks.Wait()
	before := q.now("app")
	q.recount("app", q.apps["app"])
	q.add("app", growth{records: change}, before)
	has, _ := q.of("app")
	return has.records
}

// FirstCount is what the first write of an app learns of its records, of which a
// count finds so many.
func FirstCount(t testing.TB, found int64) (records int64, known bool) {
	t.Helper()
	q := newQuota(growth{}, func(context.Context, string) (growth, error) { return growth{records: found}, nil })
	defer q.close()
	has, known := q.of("app")
	return has.records, known
}

// Waiting is how many wait for a transaction of records.
func (db *DB) Waiting() (n int) {
	t := db.main.writing
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.lines {
		n += len(l.waiting)
	}
	return n
}

// Turns is how many transactions of records may begin without waiting.
func (db *DB) Turns() int {
	db.main.writing.mu.Lock()
	defer db.main.writing.mu.Unlock()
	return db.main.writing.free
}

// HoldQueries keeps all queries waiting until release is called.
func (db *DB) HoldQueries(t testing.TB) (release func()) {
	t.Helper()
	reading := db.main.reading
	held := reading.free
	for range held {
		if err := reading.take(t.Context(), host.NewID()); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for range held {
			reading.give()
		}
	}
}

// Unavailable tells whether an error of the driver means that the database is
// away.
func (db *DB) Unavailable(err error) bool { return db.main.dialect.kind(err) == unavailable }

// PurgeSecure deletes secure values that have expired, as the database does by
// itself now and then.
func (db *DB) PurgeSecure(ctx context.Context) error { return db.purgeSecure(ctx) }

// Term is what values are compared by, and Folded what the terms of texts begin
// with that are the same but for case.
func Term(value any) string     { return term(value) }
func Folded(text string) string { return folded(text) + foldEnd }

// Explain is how the database would run the first statement of a query.
func (db *DB) Explain(t testing.TB, o *host.Object, q *host.Query) (statement, plan string) {
	t.Helper()
	statement, args := db.Statement(t, o, q)
	explain := "EXPLAIN "
	if db.main.dialect.records.concurrent == "" {
		explain += "QUERY PLAN "
	}
	rows, err := db.main.reader.Queryx(explain+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		columns, err := rows.SliceScan()
		if err != nil {
			t.Fatal(err)
		}
		plan += fmt.Sprintln(columns[len(columns)-1])
	}
	return statement, plan
}

// IndexName is the name of the index of a field.
func IndexName(o *host.Object, field string) string {
	indexes, err := indexesOf(o)
	if err != nil {
		panic(err)
	}
	for _, i := range indexes {
		if i.field == field {
			return i.name
		}
	}
	return tableName(o.ID) + field
}

// TableName is where the records of an object are.
func TableName(o *host.Object) string { return tableName(o.ID) }

// Sweep removes what a crash left behind, as Open does.
func (db *DB) Sweep(ctx context.Context) error { return db.sweep(ctx) }

// SealedColumns lists the columns that a new master key has to know.
func SealedColumns() (names []string) {
	for _, s := range sealedColumns {
		names = append(names, s.table+"."+s.column)
	}
	return names
}

// Counted tells whether it is known what an app keeps, and sees to it.
func (db *DB) Counted(appID string) bool {
	_, known := db.quota.of(appID)
	return known
}

// Statement is the first statement of a query, with its parameters.
func (db *DB) Statement(t testing.TB, o *host.Object, q *host.Query) (text string, args []any) {
	t.Helper()
	s, err := db.newSelection(o, tableName(o.ID), q)
	if err != nil {
		t.Fatal(err)
	}
	first := s.statement(s.parts()[0], s.limit+1)
	return first.text, first.args
}

// Terms is what the column terms of a document holds.
func Terms(document []byte) (string, error) {
	terms, err := appendTerms(nil, document)
	return string(terms), err
}

// FieldTerm is the term of a member of a document, and whether it is an object.
func FieldTerm(document []byte, name string) (term string, object bool) {
	v := fieldTerm(document, host.Path{name})
	return v.term, v.object
}

// EscapeName is the name of a member in the column terms.
func EscapeName(name string) string { return escapeName(name) }
