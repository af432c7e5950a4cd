package instrument

import "slices"

// Bounds of function bodies: what tools write stays below (Haskell's nests 1,700
// blocks). The engine's compiler takes a time that grows with the square of the
// depth, a second for 4,000 loops.
const (
	maxLocals = 50_000
	maxDepth  = 2_500
	maxLoops  = 1_000
)

// function is one function of the code section.
type function struct {
	raw    []byte // its entry: locals, then instructions
	base   int    // where raw lies in the file
	header int    // length of the locals' declaration
	locals uint32 // parameters included
	result byte   // type of a block with its results; 0 if it has several

	calls  []uint32 // functions of the code section that it calls directly
	loops  []loop   // in the order they begin
	blocks int      // loops and ifs included
	labels int      // of br_tables
	checks []check  // in the order of their places
	weight
}

// loop is what is known about a loop of a function.
type loop struct {
	back   bool // a branch leads back to its head
	params bool // it takes parameters
	charge int  // of one iteration
}

// check is a place before an instruction where the budget is tested.
type check struct{ at, charge int }

// body reads the instructions of one function. The same checks are made on
// every pass, so that none of them meets anything unexpected.
type body struct {
	m  *binary
	f  *function
	r  *reader
	in instr
}

// instr is one instruction.
type instr struct {
	op      uint16
	at, end int       // where it lies in the function's raw
	index   [2]uint32 // its indices, in the order of the table; a label's depth
	labels  []uint32  // of br_table, the default last; reused for the next one
	params  bool      // of a block: it takes parameters
}

func (m *binary) body(f *function) *body {
	return &body{m: m, f: f, r: &reader{b: f.raw, base: f.base, pos: f.header}}
}

// next reads an instruction and reports whether there was one.
func (b *body) next() bool {
	if !b.r.more() {
		return false
	}
	in, r := &b.in, b.r
	in.at, in.params, in.index = r.pos, false, [2]uint32{}
	in.op = r.opcode()
	known := &instructions[page(in.op)][byte(in.op)]
	if !known.known && r.err == nil {
		r.pos = in.at
		r.refuse("The module uses the instruction 0x%02x at byte %d, which this host does not know", in.op, r.base+r.pos)
	}
	n := 0
	for _, kind := range known.immediates {
		if v, is := b.immediate(kind); is {
			in.index[n] = v
			n++
		}
	}
	in.end = r.pos
	return r.err == nil
}

// opcode reads one opcode with its prefix. After that of vectors wazero takes a
// single byte, so that only the shortest form of a number means the same to both.
func (r *reader) opcode() uint16 {
	first := r.byte()
	if first != prefixMisc && first != prefixVector {
		return uint16(first)
	}
	start := r.pos
	n := r.u32()
	if n > 0xff || first == prefixVector && r.pos-start != len(appendU32(nil, n)) {
		r.pos = start - 1
		r.refuse("The module uses the instruction 0x%02x 0x%x at byte %d, which this host does not know", first, n, r.base+r.pos)
		return 0
	}
	return uint16(first)<<8 | uint16(n)
}

// immediate reads one immediate; v is an index or a depth if is holds.
func (b *body) immediate(kind imm) (v uint32, is bool) {
	r, m := b.r, b.m
	switch kind {
	case immBlock:
		b.in.params = m.blockType(r)
	case immLabel:
		return r.u32(), true
	case immLabels:
		b.in.labels = r.labels(b.in.labels[:0])
	case immFunc:
		return r.index("function", len(m.funcs)), true
	case immType:
		return r.index("type", len(m.types)), true
	case immTable:
		return r.index("table", m.tablesImported+len(m.tables)), true
	case immLocal:
		return r.index("local", int(b.f.locals)), true
	case immGlobal:
		return r.index("global", m.globals), true
	case immData, immElem:
		return r.u32(), true
	case immMemarg:
		m.needMemory(r)
		if align := r.u32(); align >= 32 {
			r.fail("alignment too large")
		}
		r.u32()
	case immMemory:
		m.needMemory(r)
		if r.byte() != 0 {
			r.fail("memory that is not there")
		}
	default:
		r.literal(kind)
	}
	return 0, false
}

// literal reads an immediate that is a value or names a type.
func (r *reader) literal(kind imm) {
	switch kind {
	case immTypes:
		r.values()
	case immRef:
		if b := r.byte(); b != 0x70 && b != 0x6f {
			r.fail("unknown type of a reference")
		}
	case immS32:
		r.signed(32)
	case immS64:
		r.signed(64)
	case immF32:
		r.take(4)
	case immF64:
		r.take(8)
	case immV128:
		r.take(16)
	case immLane:
		r.byte()
	}
}

// index reads an index of something of which there are n. Rewriting appends to
// functions, globals, tables and locals, and must not make a wrong index right.
func (r *reader) index(of string, n int) uint32 {
	v := r.u32()
	if r.err == nil && int64(v) >= int64(n) {
		r.fail(of + " that is not there")
	}
	return v
}

// needMemory refuses an access to memory in a module without one, which would
// be valid once rewriting has added it.
func (m *binary) needMemory(r *reader) {
	if r.err == nil && !m.memoryImported && len(m.memories) == 0 {
		r.fail("use of a memory that is not there")
	}
}

// blockType skips the type of a block and reports whether it has parameters.
func (m *binary) blockType(r *reader) bool {
	if r.left() > 0 && r.b[r.pos] >= 0x40 && r.b[r.pos] < 0x80 {
		if b := r.byte(); b != 0x40 && valueTypes[b] == "" {
			r.fail("unknown type of a block")
		}
		return false
	}
	v := r.signed(33)
	if r.err == nil && (v < 0 || v >= int64(len(m.types))) {
		r.fail("unknown type of a block")
	}
	return r.err == nil && len(m.types[v].params) > 0
}

// labels reads the labels of br_table into list.
func (r *reader) labels(list []uint32) []uint32 {
	n := r.count(1)
	list = slices.Grow(list, n+1)
	for range n + 1 {
		list = append(list, r.u32())
	}
	return list
}

// result is how the type of a block says the results of a function, 0 if there
// are several: that takes a type of its own.
func (t funcType) result() byte {
	switch len(t.results) {
	case 0:
		return noValue
	case 1:
		for encoded, name := range valueTypes {
			if name == t.results[0] {
				return encoded
			}
		}
	}
	return 0
}

// readCode splits the code section into functions and reads their locals.
func (m *binary) readCode(r *reader) {
	n := r.bounded("function bodies", maxFunctions, 3)
	imported := len(m.funcs) - m.declared
	if r.err == nil && n != m.declared {
		r.fail("other number of bodies than of functions")
		return
	}
	m.code = make([]function, n)
	for i := range m.code {
		f := &m.code[i]
		sub := r.sub(r.u32())
		f.raw, f.base = sub.b, sub.base
		typ := m.types[m.funcs[imported+i]]
		f.result = typ.result()
		locals := uint64(len(typ.params))
		for groups := sub.count(2); groups > 0 && sub.err == nil; groups-- {
			locals += uint64(sub.u32())
			if b := sub.byte(); sub.err == nil && valueTypes[b] == "" {
				sub.refuse("The module has a local of the type 0x%02x, which this host does not know", b)
			}
		}
		if locals > maxLocals {
			sub.refuse("The module has a function with %d locals; the limit is %d", locals, maxLocals)
		}
		f.header, f.locals = sub.pos, uint32(locals)
		if r.err = sub.err; r.err != nil {
			return
		}
	}
}
