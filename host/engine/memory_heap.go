package engine

import "slices"

// heapMemory is a memory on the Go heap. Its capacity is what is counted,
// since that is what the process holds. It works everywhere, and restores by
// copying all of it.
type heapMemory struct {
	budget *budget
	bytes  []byte

	image     []byte // what snapshot kept
	kept      []byte // bytes at that moment, with its capacity
	shrinking bool   // the next Reallocate takes bytes back to kept
}

func newHeapMemory(b *budget, _ uint64) memory { return &heapMemory{budget: b, bytes: []byte{}} }

// Reallocate grows the memory to size bytes; nil refuses, and memory.grow
// answers -1. It asks for half as much again, or for half of what is left, as a
// guest that grows page by page would copy its memory each time.
func (m *heapMemory) Reallocate(size uint64) []byte {
	if m.shrinking {
		m.shrinking = false
		return m.bytes
	}
	have, left := uint64(cap(m.bytes)), m.budget.limit-m.budget.used
	if size > have {
		want := max(size, have+min(have, left)/2)
		if !m.budget.take(want - have) {
			return nil
		}
		grown := make([]byte, size, want)
		copy(grown, m.bytes)
		m.bytes = grown
	}
	m.bytes = m.bytes[:size]
	return m.bytes
}

func (m *heapMemory) snapshot() error {
	m.image, m.kept = slices.Clone(m.bytes), m.bytes
	return nil
}

func (m *heapMemory) restore() (grown bool, err error) {
	grown = len(m.bytes) > len(m.kept)
	clear(m.bytes[len(m.kept):])
	m.budget.give(uint64(cap(m.bytes) - cap(m.kept)))
	m.bytes = m.kept
	copy(m.bytes, m.image)
	m.shrinking = grown
	return grown, nil
}

// Free gives the memory back to the budget and to the collector.
func (m *heapMemory) Free() {
	m.budget.give(uint64(cap(m.bytes)))
	m.bytes, m.image, m.kept = nil, nil, nil
}
