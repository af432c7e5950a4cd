package engine

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/posternhq/postern/host"
)

// memories are the ways to keep a guest's memory on this system, by how they
// restore it.
var memories = map[string]func(b *budget, most uint64) memory{"copy": newHeapMemory, "best": newMemory}

// Memories are the names of all memories.
func Memories() []string { return slices.Sorted(maps.Keys(memories)) }

// UseMemory has an engine keep the memory of guests in another way.
func (e *Engine) UseMemory(name string) { e.memory = memories[name] }

// TestMemory_Restore writes and grows at random, in more rounds than heat is
// learned in, and expects the snapshot back after each.
func TestMemory_Restore(t *testing.T) {
	t.Parallel()
	for name, newMemory := range memories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const page = host.PageBytes
			b := &budget{limit: 16 * page}
			m := newMemory(b, 16*page)
			defer m.Free()
			mem := m.Reallocate(2 * page)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range page {
				mem[i] = byte(random.Uint32()) // the second page stays zero
			}
			if err := m.snapshot(); err != nil {
				t.Fatal(err)
			}
			want, used := slices.Clone(mem), b.used
			for round := range 2100 {
				for range random.IntN(40) {
					mem[random.IntN(len(mem))]++
				}
				mem[5000]++ // always: it becomes hot
				if random.IntN(4) == 0 {
					if larger := m.Reallocate(uint64(len(mem) + page*random.IntN(4))); larger != nil {
						mem = larger
						mem[len(mem)-1] = 1
					}
				}
				before := len(mem)
				grown, err := m.restore()
				if err != nil || grown != (before > len(want)) {
					t.Fatalf("round %d: restore: %v, %v", round, grown, err)
				}
				if grown {
					mem = m.Reallocate(uint64(before + page))
				}
				if !bytes.Equal(mem, want) || b.used != used {
					t.Fatalf("round %d: the memory is not as it was, or %d bytes are counted instead of %d", round, b.used, used)
				}
				if round%100 == 0 {
					if larger := m.Reallocate(4 * page); !bytes.Equal(larger[2*page:], make([]byte, 2*page)) {
						t.Fatalf("round %d: what the memory grew by is not zero", round)
					} else {
						mem = larger
					}
				}
			}
		})
	}
}

// TestMemory_Limit: what does not fit into the budget is refused.
func TestMemory_Limit(t *testing.T) {
	t.Parallel()
	for name, newMemory := range memories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &budget{limit: 4 * host.PageBytes}
			m := newMemory(b, 8*host.PageBytes)
			if m.Reallocate(host.PageBytes) == nil || !b.take(2*host.PageBytes) {
				t.Fatal("what fits is refused")
			}
			if m.Reallocate(3*host.PageBytes) != nil || m.Reallocate(2*host.PageBytes) == nil {
				t.Errorf("of four pages three are used, but %d bytes are counted", b.used)
			}
			m.Free()
			if b.used != 2*host.PageBytes || b.peak != 4*host.PageBytes {
				t.Errorf("after Free %d bytes are counted, at most %d were", b.used, b.peak)
			}
		})
	}
}

// TestMemory_Empty: a module may have a memory of no pages.
func TestMemory_Empty(t *testing.T) {
	t.Parallel()
	for name, newMemory := range memories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory(&budget{limit: 4 * host.PageBytes}, 2*host.PageBytes)
			defer m.Free()
			if mem := m.Reallocate(0); len(mem) > 0 {
				t.Fatalf("got %v", mem)
			}
			if err := m.snapshot(); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				m.Reallocate(host.PageBytes)[7] = 1
				if grown, err := m.restore(); err != nil || !grown {
					t.Fatal(grown, err)
				}
				if mem := m.Reallocate(host.PageBytes); len(mem) != 0 {
					t.Fatalf("%d bytes are left", len(mem))
				}
			}
		})
	}
}

func BenchmarkMemory_Restore(b *testing.B) {
	for name, newMemory := range memories {
		for _, pages := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/%d", name, pages), func(b *testing.B) {
				m := newMemory(&budget{limit: 1 << 30}, 1<<30)
				defer m.Free()
				mem := m.Reallocate(4 << 20)
				for i := range mem {
					mem[i] = byte(i)
				}
				if err := m.snapshot(); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					for p := range pages {
						mem[p*3*4096]++
					}
					if _, err := m.restore(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
