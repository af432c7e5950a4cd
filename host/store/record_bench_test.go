package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// orders is an object with n records in a new database.
func orders(b *testing.B, c store.Config, n int) (*store.DB, *host.Object) {
	c.Sealer = newSealer(b)
	db, err := store.Open(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	o := newObject(b, db, newApp(b, db, newOrganization(b, db)), "orders", []string{"number"}, []string{"customer.name"})
	insert(b, db, o, n, order)
	if writers, _ := db.Connections(); c.URL != "" { // as PostgreSQL does by itself
		if _, err := writers[0].Exec("VACUUM ANALYZE " + store.TableName(o)); err != nil {
			b.Fatal(err)
		}
	}
	return db, o
}

func order(i int) string {
	return fmt.Sprintf(`{"number":%d,"customer":{"name":"Customer %d","address":{"city":"Zürich","street":"Bahnhofstrasse 1"}},
		"lines":[{"item":"a-%d","quantity":3,"price":12.50},{"item":"b-%d","quantity":1,"price":199}],"total":236.50,"status":"open","paid":false}`, i, i/10, i, i)
}

// eachBench runs a benchmark for each database.
func eachBench(b *testing.B, run func(b *testing.B, c store.Config)) {
	b.Run("SQLite", func(b *testing.B) { run(b, store.Config{Dir: b.TempDir()}) })
	b.Run("Postgres", func(b *testing.B) { run(b, store.Config{URL: storetest.Postgres(b)}) })
}

// versus runs two ways of doing the same in turns and reports how much of the
// speed of the second, plain one the first has.
// What prepare does before each is not measured.
func versus(b *testing.B, prepare, ours, plain func()) {
	var times [2]time.Duration
	for b.Loop() {
		prepare()
		for way, do := range []func(){ours, plain} {
			begin := time.Now()
			do()
			times[way] += time.Since(begin)
		}
	}
	b.ReportMetric(float64(times[0].Nanoseconds())/float64(b.N), "ns/ours")
	b.ReportMetric(float64(times[1].Nanoseconds())/float64(b.N), "ns/sqlx")
	b.ReportMetric(float64(times[1])/float64(times[0]), "ratio")
}

// BenchmarkQueryRecords reads ten records by an indexed field, and as JSON,
// beside the same SQL by sqlx.
func BenchmarkQueryRecords(b *testing.B) {
	eachBench(b, func(b *testing.B, c store.Config) {
		db, o := orders(b, c, 10_000)
		statement, args := db.Statement(b, o, parseQuery(b, `{"filter":{"customer.name":"Customer 500"}}`))
		_, readers := db.Connections()
		type row struct {
			ID        string `db:"id"`
			Version   int64  `db:"version"`
			CreatedAt int64  `db:"created_at"`
			UpdatedAt int64  `db:"updated_at"`
			Data      []byte `db:"data"`
		}
		versus(b, func() {}, func() {
			found, err := db.ReadRecords(o.AppID).QueryRecords(b.Context(), o, parseQuery(b, `{"filter":{"customer.name":"Customer 500"}}`))
			if err != nil || len(found.Records) != 10 {
				b.Fatal(len(found.Records), err)
			}
			var out []byte
			for _, r := range found.Records {
				out = r.AppendJSON(out, nil)
			}
		}, func() {
			var rows []row
			if err := readers[0].SelectContext(b.Context(), &rows, statement, args...); err != nil || len(rows) != 10 {
				b.Fatal(len(rows), err)
			}
		})
	})
}

// BenchmarkInsertRecord inserts a record in a transaction, from the bytes that
// a client sends, beside the same SQL by sqlx with everything prepared.
func BenchmarkInsertRecord(b *testing.B) {
	eachBench(b, func(b *testing.B, c store.Config) {
		db, o := orders(b, c, 1000)
		writers, _ := db.Connections()
		terms := "$6"
		if c.URL == "" {
			terms = "jsonb($6)"
		}
		text := "INSERT INTO " + store.TableName(o) + " (id, version, created_at, updated_at, bytes, terms, data) VALUES ($1, $2, $3, $4, $5, " + terms + ", $7) ON CONFLICT DO NOTHING"
		n := 1000
		var document string
		var args []any
		versus(b, func() {
			n += 2
			document = order(n)
			r := newRecord(b, order(n+1))
			terms, err := store.Terms(r.Data)
			if err != nil {
				b.Fatal(err)
			}
			args = []any{r.ID, 1, 5, 5, len(r.Data), terms, string(r.Data)}
		}, func() {
			tx := benchBegin(b, db, o)
			if err := tx.InsertRecord(b.Context(), o, newRecord(b, document)); err != nil {
				b.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				b.Fatal(err)
			}
		}, func() {
			plainInsert(b, writers[0], text, args...)
		})
	})
}

func benchBegin(b *testing.B, db *store.DB, o *host.Object) host.RecordTransaction {
	tx, err := db.BeginRecords(b.Context(), o.AppID)
	if err != nil {
		b.Fatal(err)
	}
	return tx
}

func plainInsert(b *testing.B, db *sqlx.DB, text string, args ...any) {
	tx, err := db.BeginTxx(b.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tx.ExecContext(b.Context(), text, args...); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkScale queries by an indexed field among 10⁶ records and among 10³.
func BenchmarkScale(b *testing.B) {
	if os.Getenv("POSTERN_SCALE") == "" {
		b.Skip("set POSTERN_SCALE=1 to fill an object with a million records, which takes minutes")
	}
	eachBench(b, func(b *testing.B, c store.Config) {
		c.AppRecords, c.AppRecordBytes = 10_000_000, 100<<30
		small, few := orders(b, c, 1000)
		large := newObject(b, small, &host.App{ID: few.AppID}, "many", few.UniqueFields, few.IndexedFields)
		insert(b, small, large, 1_000_000, order)
		if writers, _ := small.Connections(); c.URL != "" {
			if _, err := writers[0].Exec("VACUUM ANALYZE " + store.TableName(large)); err != nil {
				b.Fatal(err)
			}
		}
		for name, raw := range map[string]string{
			"equal": `{"filter":{"customer.name":"Customer 50"}}`, "fold": `{"filter":{"customer.name":{"ieq":"customer 50"}}}`,
			"range": `{"filter":{"number":{">":500}},"sort":["number"],"limit":10}`, "newest": `{"sort":["-__created_at"],"limit":10}`,
		} {
			b.Run(name, func(b *testing.B) {
				query := func(o *host.Object) func() {
					return func() {
						found, err := small.ReadRecords(o.AppID).QueryRecords(b.Context(), o, parseQuery(b, raw))
						if err != nil || len(found.Records) != 10 {
							b.Fatal(len(found.Records), err)
						}
					}
				}
				versus(b, func() {}, query(large), query(few))
			})
		}
	})
}
