package limit

import (
	"hash/maphash"
	"testing"
	"time"
)

func (t *table[K]) len() int {
	n := 0
	for i := range t.parts {
		n += len(t.parts[i].buckets)
	}
	return n
}

func (t *table[K]) takeOne(now int64, key K, interval, capacity int64) bool {
	_, admitted := t.take(now, []rule[K]{{key, interval, capacity}})
	return admitted
}

// TestTable_Sweep forgets what is full, and only that.
func TestTable_Sweep(t *testing.T) {
	t.Parallel()
	tab := newTable(maxEntries, maphash.Comparable[int])
	for key := range 10_000 {
		tab.takeOne(0, key, int64(time.Second), 10)
		if key%2 == 0 {
			tab.takeOne(0, key, int64(time.Second), 10)
		}
	}
	for place := range shards {
		tab.sweep(place, int64(time.Second))
	}
	if n := tab.len(); n != 5_000 {
		t.Errorf("%d buckets are left, want the 5000 that are not full", n)
	}
	for place := range shards {
		tab.sweep(place, int64(2*time.Second))
	}
	if n := tab.len(); n != 0 {
		t.Errorf("%d buckets are left", n)
	}
}

// TestTable_Bounded floods a table: its size stays within the bound, and a
// bucket that is far from full survives.
func TestTable_Bounded(t *testing.T) {
	t.Parallel()
	const most = 64 * 100
	tab := newTable(most, maphash.Comparable[int])
	victims := 0
	for victim := -100; victim < 0; victim++ {
		for tab.takeOne(0, victim, int64(time.Hour), 10) {
		}
	}
	for key := range 20 * most {
		tab.takeOne(0, key, int64(time.Second), 10)
	}
	if n := tab.len(); n > most {
		t.Errorf("%d buckets, the bound is %d", n, most)
	}
	for victim := -100; victim < 0; victim++ {
		if tab.takeOne(0, victim, int64(time.Hour), 10) {
			victims++
		}
	}
	// One goes only when eight looked at in a row are all such.
	if victims > 5 {
		t.Errorf("%d of 100 limits that were used up are forgotten", victims)
	}
}
