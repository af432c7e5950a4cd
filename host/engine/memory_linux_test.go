package engine

import (
	"slices"
	"testing"

	"github.com/posternhq/postern/host"
)

func init() { memories["pagemap"] = newReadMemory }

// newReadMemory makes a memory that learns what was written as kernels before
// Linux 6.7 tell it.
func newReadMemory(b *budget, most uint64) memory {
	m, err := newMappedMemory(b, min(most, b.limit))
	if err != nil {
		panic(err)
	}
	m.writes = reader{}
	return m
}

// TestMemory_WritesOnAnyStack asks for so many written pages that the kernel
// has to be asked twice, with stacks of all sizes: one that grows in between is
// moved.
func TestMemory_WritesOnAnyStack(t *testing.T) {
	t.Parallel()
	const size = 16 * host.PageBytes
	m, err := newMappedMemory(&budget{limit: size}, size)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	space := m.Reallocate(size)
	if err := m.snapshot(); err != nil {
		t.Fatal(err)
	}
	var want []span
	for at := 0; at < size; at += 2 * pageBytes {
		space[at] = 1
		want = append(want, span{at, at + pageBytes})
	}
	for depth := range 600 {
		found := make(chan []span)
		go func() { found <- findBelow(depth, m.writes, space) }()
		if got := <-found; !slices.Equal(got, want) {
			t.Fatalf("%d calls deep: got %v, want %v", depth, got, want)
		}
	}
}

//go:noinline
func findBelow(depth int, w writes, space []byte) []span {
	if depth > 0 {
		return findBelow(depth-1, w, space)
	}
	spans, err := w.find(nil, space)
	if err != nil {
		panic(err)
	}
	return spans
}
