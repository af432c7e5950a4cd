package instrument

// Rewritten is a module as the engine compiles it, with the names of the
// exports that were added. An empty name means that the module has none: code
// that was not rewritten that far, or that needs none.
type Rewritten struct {
	// Wasm is the derived binary. The stored and hashed bytes stay the
	// original ones.
	Wasm []byte
	// Budget is a mutable i32 global, counted down as the guest runs. When it
	// is below zero at a check, the guest refills it with BudgetSize and leaves
	// to Go: it asks the memory's allocator for YieldBytes, more than any
	// guest may have. The allocator does what is due and answers nil, after
	// which the guest goes on; an allocator that panics ends it. (A runtime must
	// not cap memories below 65,536 pages, or it answers in the allocator's
	// place.)
	Budget string
	// Snapshot is a function without parameters and results that copies the
	// mutable globals, the tables that code writes and the logical size of
	// memory to shadows; Restore copies them back and clears nothing else. The
	// memory that wazero knows may be larger than its logical size; what lies
	// between must read as zero when the guest grows into it, which is up to the
	// one who restores the memory's contents.
	Snapshot, Restore string
	// Dirty is a mutable i32 global that is not zero once something happened
	// that Restore cannot undo; "" if the code cannot do such a thing.
	Dirty string
}

const (
	// YieldBytes is the size that a guest asks the allocator for when its
	// budget is used up.
	YieldBytes = 1 << 32
	// BudgetSize is what the guest refills its budget with: about as many
	// instructions, ten or twenty microseconds. Whoever waits for a core waits as
	// long for each guest before it.
	BudgetSize = 1 << 15
	// ExportPrefix begins the names of exports that Rewrite adds. No upload may
	// have it.
	ExportPrefix = "$postern."
)
