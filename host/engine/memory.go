package engine

import "github.com/tetratelabs/wazero/experimental"

// budget counts the bytes that one call holds against its memory limit.
type budget struct{ limit, used, peak uint64 }

// take reserves n bytes, or reports false and reserves nothing.
func (b *budget) take(n uint64) bool {
	if n > b.limit || b.used > b.limit-n {
		return false
	}
	b.used += n
	b.peak = max(b.peak, b.used)
	return true
}

// fits reports whether no more is held than may be.
func (b *budget) fits() bool { return b.used <= b.limit }

// give returns n bytes that take reserved.
func (b *budget) give(n uint64) { b.used -= n }

// memory is a guest's linear memory within a budget, which can be put back to
// what it was. wazero calls Reallocate to grow it, and Free at the end.
type memory interface {
	experimental.LinearMemory
	// snapshot keeps content and size as they are. It is called once.
	snapshot() error
	// restore brings the content of the snapshot back and reports whether the
	// size has to follow: then the next Reallocate answers with the old size,
	// whatever it is asked for. After an error the content is undefined.
	restore() (grown bool, err error)
}
