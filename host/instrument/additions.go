package instrument

import "slices"

// additions are what Rewrite appends to a module: their indices follow those
// that were there, so that none of those shifts.
type additions struct {
	m *binary

	// Types.
	nothing, number, triple uint32 // () -> (), (i32) -> i32, (i32, i32, i32) -> ()
	// Functions.
	yield, bulk, grow uint32
	fill, copy        uint32
	snapshot, restore uint32
	// Globals.
	budget, dirty, pages uint32
	virtual              bool // memory has a logical size: pages

	functions, globals, tables, exports [][]byte // their entries
	bodies                              [][]byte
	shadows                             []shadow
}

// shadow is a pair of a global or table and its copy.
type shadow struct {
	table     bool
	own, copy uint32
}

// plan decides what is added to a module, and writes it.
func (m *binary) plan() *additions {
	a := &additions{
		m: m, virtual: len(m.memories) > 0,
		nothing: uint32(len(m.types)), number: uint32(len(m.types)) + 1, triple: uint32(len(m.types)) + 2,
	}
	a.budget = a.global(0x7f, appendConst(nil, BudgetSize))
	a.dirty = a.global(0x7f, appendConst(nil, 0))
	if a.virtual {
		a.pages = a.global(0x7f, appendConst(nil, int32(m.memories[0].min)))
		a.shadow(shadow{own: a.pages, copy: a.global(0x7f, appendConst(nil, 0))})
	}
	a.shadowGlobals()
	a.shadowTables()

	a.yield = a.function(a.nothing, a.yieldBody())
	a.bulk = a.function(a.number, a.bulkBody())
	a.fill = a.function(a.triple, a.fillBody())
	a.copy = a.function(a.triple, a.copyBody())
	if a.virtual {
		a.grow = a.function(a.number, a.growBody())
	}
	a.snapshot = a.function(a.nothing, a.snapshotBody())
	a.restore = a.function(a.nothing, a.restoreBody())
	return a
}

// global adds a mutable global; value is the expression of its initial value.
func (a *additions) global(typ byte, value []byte) uint32 {
	a.globals = append(a.globals, append(append([]byte{typ, 1}, value...), opEnd))
	return uint32(a.m.globals + len(a.globals) - 1)
}

func (a *additions) function(typ uint32, body []byte) uint32 {
	a.functions = append(a.functions, appendU32(nil, typ))
	a.bodies = append(a.bodies, append(appendU32(nil, uint32(len(body))), body...))
	return uint32(len(a.m.funcs) + len(a.functions) - 1)
}

func (a *additions) shadow(s shadow) { a.shadows = append(a.shadows, s) }

// export adds an export and returns its name.
func (a *additions) export(name string, kind byte, index uint32) string {
	name = ExportPrefix + name
	a.exports = append(a.exports, appendU32(append(appendName(nil, name), kind), index))
	return name
}

// shadowGlobals adds a copy of every global that the code writes. Imported ones
// belong to someone else.
func (a *additions) shadowGlobals() {
	imported := a.m.globals - len(a.m.written)
	for i, g := range a.m.written {
		own := uint32(imported + i)
		if g.mutable && a.m.facts.globals[own] {
			a.shadow(shadow{own: own, copy: a.global(g.typ, zero(g.typ))})
		}
	}
}

// zero is the expression of a type's zero value.
func zero(typ byte) []byte {
	switch typ {
	case 0x7f:
		return []byte{opI32Const, 0}
	case 0x7e:
		return []byte{opI64Const, 0}
	case 0x7d:
		return append([]byte{opF32Const}, make([]byte, 4)...)
	case 0x7c:
		return append([]byte{opF64Const}, make([]byte, 8)...)
	case 0x7b:
		return append([]byte{prefixVector, opV128Const & 0xff}, make([]byte, 16)...)
	default:
		return []byte{opRefNull, typ}
	}
}

// shadowTables adds a copy of every table that the code writes.
func (a *additions) shadowTables() {
	for i, t := range a.m.tables {
		own := uint32(a.m.tablesImported + i)
		if a.m.facts.tables[own] {
			a.shadow(shadow{table: true, own: own, copy: uint32(a.m.count(kindTable) + len(a.tables))})
			a.tables = append(a.tables, t.encode())
		}
	}
}

// yieldBody refills the budget and leaves to Go, by asking for more memory than
// there can be: the allocator sees it, and refuses.
func (a *additions) yieldBody() []byte {
	b := appendConst([]byte{0}, BudgetSize)
	b = appendIndex(b, opGlobalSet, a.budget)
	b = appendConst(b, wholePages)
	b = append(b, opMemorySize, 0, opI32Sub, opMemoryGrow, 0, opDrop)
	return append(b, opEnd)
}

// growBody is memory.grow on the logical size. Memory itself grows only if it
// is too small: it may be larger than that after a restore.
func (a *additions) growBody() []byte {
	fail := []byte{opIf, noValue, opI32Const, 0x7f, opReturn, opEnd} // -1
	// If more than the most less the size is wanted, fail.
	b := appendConst([]byte{1, 1, 0x7f, opLocalGet, 0}, int32(a.mostPages()))
	b = appendIndex(b, opGlobalGet, a.pages)
	b = append(append(b, opI32Sub, opI32GtU), fail...)
	// The local is the new size. If memory is smaller, it must grow.
	b = appendIndex(append(b, opLocalGet, 0), opGlobalGet, a.pages)
	b = append(b, opI32Add, opLocalTee, 1, opMemorySize, 0, opI32GtU, opIf, noValue)
	b = append(b, opLocalGet, 1, opMemorySize, 0, opI32Sub, opMemoryGrow, 0, opI32Const, 0x7f, opI32Eq)
	b = append(append(b, fail...), opEnd)
	// Return the old size.
	b = appendIndex(b, opGlobalGet, a.pages)
	b = appendIndex(append(b, opLocalGet, 1), opGlobalSet, a.pages)
	return append(b, opEnd)
}

// mostPages is the logical maximum of memory: what the module declares, but
// less than what yieldBody asks for.
func (a *additions) mostPages() uint32 {
	l := a.m.memories[0]
	most := uint32(wholePages - 1)
	if l.hasMax {
		most = min(most, l.max)
	}
	return max(l.min, most)
}

// snapshotBody copies to the shadows. A table may have grown since the start.
func (a *additions) snapshotBody() []byte {
	b := []byte{0}
	for _, s := range a.shadows {
		if !s.table {
			b = appendIndex(appendIndex(b, opGlobalGet, s.own), opGlobalSet, s.copy)
			continue
		}
		elem := a.m.tables[int(s.own)-a.m.tablesImported].elem
		b = append(append(b, opRefNull), elem...)
		b = appendMisc(appendMisc(b, opTableSize, s.own), opTableSize, s.copy)
		b = append(appendMisc(append(b, opI32Sub), opTableGrow, s.copy), opDrop)
		b = appendCopy(b, s.copy, s.own, s.own)
	}
	b = appendIndex(append(b, opI32Const, 0), opGlobalSet, a.dirty)
	return append(b, opEnd)
}

// restoreBody copies from the shadows. What a table has grown by stays, which
// dirty tells.
func (a *additions) restoreBody() []byte {
	b := []byte{0}
	for _, s := range a.shadows {
		if s.table {
			b = appendCopy(b, s.own, s.copy, s.copy)
		} else {
			b = appendIndex(appendIndex(b, opGlobalGet, s.copy), opGlobalSet, s.own)
		}
	}
	return append(b, opEnd)
}

// appendCopy appends the copying of a whole table; size is the one whose size
// counts.
func appendCopy(b []byte, to, from, size uint32) []byte {
	b = append(b, opI32Const, 0, opI32Const, 0)
	b = appendMisc(b, opTableSize, size)
	return appendU32(appendMisc(b, opTableCopy, to), from)
}

func appendMisc(b []byte, op uint16, index uint32) []byte {
	return appendIndex(append(b, prefixMisc), byte(op), index)
}

// encode writes a table's declaration.
func (t *table) encode() []byte {
	b := append(slices.Clone(t.elem), 0)
	if t.hasMax {
		b[len(b)-1] = 1
	}
	b = appendU32(b, t.min)
	if t.hasMax {
		b = appendU32(b, t.max)
	}
	return b
}
