package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// shop is a bundle with an object orders, by whose field customer queries are
// quick, and a second way to its records: sqlx.
type shop struct {
	*databundle
	orders *host.Object
	sql    *sqlx.DB
	table  string
	field  string // customer in SQL
	terms  string // makes terms of $6
}

// customers have perCustomer orders each.
const customers, perCustomer = 200, 10

func order(customer int) string {
	return fmt.Sprintf(`{"customer":"customer-%d","status":"open","total":12.50,"lines":[{"sku":"A-1","count":2},{"sku":"B-2","count":1}],"address":{"city":"London","street":"Dorset Street 1"}}`, customer)
}

// inShops runs a benchmark on both databases.
func inShops(b *testing.B, run func(b *testing.B, s *shop)) {
	b.Run("SQLite", func(b *testing.B) {
		dir := b.TempDir()
		s := openShop(b, store.Config{Dir: dir})
		s.connect("sqlite", "file:"+filepath.Join(dir, "postern.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_txlock=immediate")
		s.field, s.terms = `terms->>'$."customer"'`, "jsonb($6)"
		run(b, s)
	})
	b.Run("Postgres", func(b *testing.B) {
		url := storetest.Postgres(b)
		s := openShop(b, store.Config{URL: url})
		s.connect("postgres", url)
		s.field, s.terms = `(terms->>'customer') COLLATE "C"`, "$6"
		run(b, s)
	})
}

func openShop(b *testing.B, c store.Config) *shop {
	b.Helper()
	s := &shop{databundle: setupData(b, c, object.Operations), orders: host.NewObject("")}
	s.orders.AppID, s.orders.Name, s.orders.IndexedFields = s.app.ID, "orders", []string{"customer"}
	check(b, s.db.CreateObject(b.Context(), s.orders))
	s.table = "record_" + strings.ReplaceAll(s.orders.ID, "-", "")
	s.serve(unchanged)
	d, err := object.Compile(s.orders)
	check(b, err)
	for customer := range customers {
		docs := []json.RawMessage{}
		for range perCustomer {
			docs = append(docs, json.RawMessage(order(customer)))
		}
		check(b, object.Write(b.Context(), s.db, s.app.ID, func(tx host.RecordTransaction) error {
			_, _, err := object.Insert(b.Context(), tx, d, docs, false)
			return err
		}))
	}
	return s
}

func (s *shop) connect(driver, source string) {
	s.t.Helper()
	db, err := sqlx.Open(driver, source)
	check(s.t, err)
	s.t.Cleanup(func() { check(s.t, db.Close()) })
	s.sql = db
}

// script has the endpoint carry out a script.
func (s *shop) script(b *testing.B, lines string) { s.invoke(b, request(lines)) }

func (s *shop) invoke(b *testing.B, r *host.Request) {
	b.Helper()
	response, err := s.Serve(context.Background(), r)
	if err != nil || bytes.Contains(response.Body, []byte(`"error"`)) {
		b.Fatalf("%s, %v", response.Body, err)
	}
}

// against times two ways to do the same, in turns, and reports what one of each
// took and how the second, which has the name, compares with the first.
func against(b *testing.B, name string, each int, operation, other func()) {
	operation()
	other()
	var took [2]time.Duration
	for b.Loop() {
		for i, run := range []func(){operation, other} {
			began := time.Now()
			run()
			took[i] += time.Since(began)
		}
	}
	n := float64(b.N * each)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took[0].Microseconds())/n, "operation-µs")
	b.ReportMetric(float64(took[1].Microseconds())/n, name+"-µs")
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), name+"/operation")
}

// BenchmarkData_Query is a query by an indexed field with ten records, through a
// data operation and by the same SQL in Go. (goal: 0.8)
func BenchmarkData_Query(b *testing.B) {
	const times = 500
	inShops(b, func(b *testing.B, s *shop) {
		query := "SELECT id, version, created_at, updated_at, data FROM " + s.table + " WHERE " + s.field + " IN ($1) ORDER BY id LIMIT 101 OFFSET 0"
		type row struct {
			ID        string
			Version   int64
			CreatedAt int64 `db:"created_at"`
			UpdatedAt int64 `db:"updated_at"`
			Data      []byte
		}
		ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // as servers have one
		defer cancel()
		against(b, "sql", times, func() {
			s.script(b, fmt.Sprintf(`%dq{"object":"orders","filter":{"customer":"customer-7"}}`, times))
		}, func() {
			for range times {
				var rows []row
				if err := s.sql.SelectContext(ctx, &rows, query, "3CUSTOMER-7\x01customer-7"); err != nil || len(rows) != perCustomer {
					b.Fatal(len(rows), err)
				}
			}
		})
	})
}

// insertion returns a function that inserts an order by SQL.
func (s *shop) insertion(b *testing.B) func(tx *sqlx.Tx) {
	b.Helper()
	var terms string
	check(b, s.sql.Get(&terms, "SELECT "+map[bool]string{true: "json(terms)", false: "terms"}[s.sql.DriverName() == "sqlite"]+" FROM "+s.table+" LIMIT 1"))
	statement := "INSERT INTO " + s.table + " (id, version, created_at, updated_at, bytes, terms, data) VALUES ($1, $2, $3, $4, $5, " + s.terms + ", $7) ON CONFLICT DO NOTHING"
	doc := order(7)
	return func(tx *sqlx.Tx) {
		now := time.Now().UnixMilli()
		if _, err := tx.ExecContext(b.Context(), statement, host.NewID(), 1, now, now, len(doc), terms, doc); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkData_Insert inserts one record in a transaction of its own: through an
// atomic invocation and by the same SQL in Go. (goal: 0.8)
func BenchmarkData_Insert(b *testing.B) {
	inShops(b, func(b *testing.B, s *shop) {
		s.insertMany(b, 1)
	})
}

// BenchmarkData_Inserts inserts many records one by one in a transaction.
func BenchmarkData_Inserts(b *testing.B) {
	inShops(b, func(b *testing.B, s *shop) {
		s.insertMany(b, 200)
	})
}

func (s *shop) insertMany(b *testing.B, times int) {
	insert := s.insertion(b)
	against(b, "sql", times, func() {
		s.script(b, fmt.Sprintf(`%di{"object":"orders","record":%s}`, times, order(7)))
	}, func() {
		tx, err := s.sql.BeginTxx(b.Context(), nil)
		check(b, err)
		for range times {
			insert(tx)
		}
		check(b, tx.Commit())
	})
}

// BenchmarkData_Invocation changes a record in an atomic invocation, and in the
// bare transaction that it makes. The database is in memory, so that what is
// between them is not lost in the noise of a disk. (goal: 50 µs)
func BenchmarkData_Invocation(b *testing.B) {
	if _, err := os.Stat("/dev/shm"); err == nil {
		b.Setenv("TMPDIR", "/dev/shm")
	}
	inShops(b, func(b *testing.B, s *shop) {
		things, err := s.db.Object(b.Context(), s.app.ID, "things")
		check(b, err)
		s.script(b, put("a"))
		var took [2]time.Duration
		for b.Loop() {
			r := request(put("a"))
			began := time.Now()
			s.invoke(b, r)
			took[0] += time.Since(began)
			began = time.Now()
			tx, err := s.db.BeginRecords(b.Context(), s.app.ID)
			check(b, err)
			thing, err := tx.Record(b.Context(), things, known)
			check(b, err)
			thing.Version, thing.UpdatedAt = thing.Version+1, host.Now() // which has an index
			check(b, tx.UpdateRecord(b.Context(), things, thing))
			check(b, tx.Commit())
			took[1] += time.Since(began)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(took[0].Microseconds())/float64(b.N), "invocation-µs")
		b.ReportMetric(float64(took[1].Microseconds())/float64(b.N), "transaction-µs")
		b.ReportMetric(float64((took[0]-took[1]).Microseconds())/float64(b.N), "over-µs")
	})
}
