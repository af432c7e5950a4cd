package instrument

// Bounds of what the engine's compiler is given, which cannot be interrupted
// and takes a time and memory that depend on more than the size of a module: a
// function of 18 kB with a thousand locals and a thousand ifs keeps a core busy
// for seven seconds. Each bound lies several times above what a Go module of
// 32 MiB, the largest upload by default, or an unoptimised C program needs.
const (
	// maxAllLocals bounds the locals of all functions: eight bytes each.
	maxAllLocals = 5_000_000
	// maxLabels bounds the labels in the br_tables of a function: 2 kB each.
	maxLabels = 25_000
	// maxBody bounds a function: 70 bytes for each of its own.
	maxBody = 4 << 20
	// maxEffort and maxAllEffort bound the effort of a function, and of all: 20
	// seconds and a minute of one core at the very worst, for code that uses
	// every local after every block, or has no locals and 17,000 blocks.
	maxEffort    = 4_000_000
	maxAllEffort = 12_000_000
)

// effort is what a function takes to compile at most, in units of about five
// microseconds. Where ways meet, the compiler asks for every local that is used
// later which value it has there; at the heads of loops it has to ask again. It
// also compares blocks, and loops more so, with each other.
func (f *function) effort() int {
	blocks, loops := f.blocks, len(f.loops)
	return (blocks+4*loops)*int(f.locals) + 4*f.labels + blocks*blocks/80 + loops*loops/12
}

// affordable refuses a module that would take too much to compile.
func (m *binary) affordable() error {
	locals, effort := 0, 0
	for i := range m.code {
		f := &m.code[i]
		locals += int(f.locals)
		effort += f.effort()
		switch {
		case len(f.raw) > maxBody:
			return invalid("The module has a function of %d bytes; the limit is %d", len(f.raw), maxBody)
		case f.labels > maxLabels:
			return invalid("The module has a function with %d labels in its br_tables; the limit is %d", f.labels, maxLabels)
		case f.effort() > maxEffort:
			return invalid("The module has a function with %d locals and %d blocks, which would take too long to compile; split it", f.locals, f.blocks)
		}
	}
	if locals > maxAllLocals {
		return invalid("The module's functions have %d locals; the limit is %d", locals, maxAllLocals)
	}
	if effort > maxAllEffort {
		return invalid("The module has too many functions with many locals and blocks: it would take too long to compile")
	}
	return nil
}
