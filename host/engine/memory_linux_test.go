package engine

func init() { memories["pagemap"] = newReadMemory }

// newReadMemory makes a memory that learns what was written as kernels before
// Linux 6.7 tell it.
func newReadMemory(b *budget, most uint64) memory {
	m, err := newMappedMemory(b, min(most, b.limit))
	if err != nil {
		panic(err)
	}
	m.written = readPages
	return m
}
