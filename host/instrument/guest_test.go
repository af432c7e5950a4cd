package instrument_test

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"

	"github.com/posternhq/postern/host/instrument"
)

// gate is what the engine's allocator is to a rewritten guest: it gives memory
// up to a limit, and sees when the guest leaves to Go.
type gate struct {
	limit   uint64
	yielded func() // the guest left to Go; may be nil
}

func (g gate) in(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
		func(_, _ uint64) experimental.LinearMemory { return &memory{gate: g} }))
}

type memory struct {
	gate
	bytes []byte
}

func (m *memory) Reallocate(size uint64) []byte {
	switch {
	case size == instrument.YieldBytes && m.yielded != nil:
		m.yielded()
		return nil
	case size > m.limit:
		return nil
	}
	grown := make([]byte, size)
	copy(grown, m.bytes)
	m.bytes = grown
	return grown
}

func (m *memory) Free() {}
