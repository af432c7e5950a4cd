package engine

import "github.com/tetratelabs/wazero/experimental"

// budget counts the bytes that one call holds against its memory limit.
type budget struct{ limit, used uint64 }

// take reserves n bytes, or reports false and reserves nothing.
func (b *budget) take(n uint64) bool {
	if n > b.limit-b.used {
		return false
	}
	b.used += n
	return true
}

// give returns n bytes that take reserved.
func (b *budget) give(n uint64) { b.used -= n }

// linearMemory is a guest's memory on the Go heap, within a budget. Its
// capacity is what is counted, since that is what the process holds.
type linearMemory struct {
	budget *budget
	bytes  []byte
}

// allocator makes wazero take a guest's memory from b.
func allocator(b *budget) experimental.MemoryAllocator {
	return experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		return &linearMemory{budget: b}
	})
}

// Reallocate grows the memory to size bytes; nil refuses, and memory.grow
// answers -1. It asks for half as much again, as a guest that grows page by
// page would copy its memory each time, and settles for what is left.
func (m *linearMemory) Reallocate(size uint64) []byte {
	have := uint64(cap(m.bytes))
	if size > have {
		want := max(size, have+have/2)
		if !m.budget.take(want - have) {
			want = size
			if !m.budget.take(want - have) {
				return nil
			}
		}
		grown := make([]byte, size, want)
		copy(grown, m.bytes)
		m.bytes = grown
	}
	m.bytes = m.bytes[:size]
	return m.bytes
}

// Free gives the memory back to the budget and to the collector.
func (m *linearMemory) Free() {
	m.budget.give(uint64(cap(m.bytes)))
	m.bytes = nil
}
