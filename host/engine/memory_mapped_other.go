//go:build !linux

package engine

// newMemory makes a memory that can be restored.
func newMemory(b *budget, most uint64) memory { return newHeapMemory(b, most) }
