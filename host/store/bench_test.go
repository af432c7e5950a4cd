package store_test

import (
	"runtime"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// BenchmarkEachKey is how a host reads its keys when it starts. The memory it
// reports is that of the reading, beyond what it hands on.
func BenchmarkEachKey(b *testing.B) {
	const count = 100_000
	db, err := store.Open(b.Context(), store.Config{Dir: b.TempDir(), Sealer: newSealer(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	writers, _ := db.Connections()
	tx, err := writers[0].Beginx()
	if err != nil {
		b.Fatal(err)
	}
	for range count {
		key, _ := host.NewKey("key")
		_, err := tx.Exec(`INSERT INTO key (id, name, prefix, hash, enabled, expires_at, allowed_ips, variables, created_at, updated_at, revision)
			VALUES ($1, $2, $3, $4, TRUE, 0, '["10.0.0.0/8"]', '{"tier":"gold"}', 1, 1, 1)`, key.ID, key.Name, key.Prefix, key.Hash[:])
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var most uint64
		seen := 0
		err := db.EachKey(b.Context(), func(*host.Key) {
			if seen++; seen%10_000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		})
		if err != nil || seen != count {
			b.Fatal(seen, err)
		}
		b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/key")
}
