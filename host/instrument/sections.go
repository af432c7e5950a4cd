package instrument

// valueTypes are the types of parameters and results by their encoding.
var valueTypes = map[byte]string{
	0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128",
	0x70: "funcref", 0x6f: "externref",
}

func (r *reader) values() []string {
	n := r.bounded("parameters or results of a function", maxValues, 1)
	if n == 0 {
		return nil
	}
	names := make([]string, 0, n)
	for range n {
		b := r.byte()
		name, ok := valueTypes[b]
		if !ok && r.err == nil {
			r.refuse("The module uses the value type 0x%02x, which this host does not know", b)
		}
		names = append(names, name)
	}
	return names
}

func (m *binary) readTypes(r *reader) {
	n := r.bounded("function types", maxTypes, 3)
	m.types = make([]funcType, 0, n)
	for i := 0; i < n && r.err == nil; i++ {
		if form := r.byte(); r.err == nil && form != 0x60 {
			r.refuse("The module uses the type form 0x%02x, which this host does not know", form)
		}
		m.types = append(m.types, funcType{params: r.values(), results: r.values()})
	}
}

// funcType resolves an index of the type section.
func (m *binary) funcType(r *reader, index uint32) funcType {
	if r.err != nil {
		return funcType{}
	}
	if int64(index) >= int64(len(m.types)) {
		r.fail("function of an undeclared type")
		return funcType{}
	}
	return m.types[index]
}

func (m *binary) readImports(r *reader) {
	n := r.bounded("imports", maxImports, 4)
	m.imports = make([]imported, 0, n)
	for i := 0; i < n && r.err == nil; i++ {
		im := imported{module: r.name(), name: r.name(), kind: r.byte()}
		switch im.kind {
		case kindFunc:
			index := r.u32()
			im.typ = m.funcType(r, index)
			m.funcs = append(m.funcs, index)
		case kindTable:
			r.elemType()
			r.limits("table")
			m.tablesImported++
		case kindMemory:
			r.limits("memory")
			m.memoryImported = true
		case kindGlobal:
			r.globalType()
			m.globals++
		default:
			r.fail("import of an unknown kind")
		}
		m.imports = append(m.imports, im)
	}
}

func (m *binary) readFunctions(r *reader) {
	for n := r.bounded("functions", maxFunctions, 1); n > 0 && r.err == nil; n-- {
		index := r.u32()
		m.funcType(r, index)
		m.funcs = append(m.funcs, index)
		m.declared++
	}
}

func (m *binary) readTables(r *reader) {
	for n := r.bounded("tables", maxTables, 3); n > 0 && r.err == nil; n-- {
		t := table{elem: r.elemType()}
		t.limits = r.limits("table")
		if r.err == nil && t.hasMax && t.max < t.min {
			r.fail("table larger than its maximum")
		}
		m.tables = append(m.tables, t)
	}
}

func (m *binary) readMemories(r *reader) {
	for n := r.bounded("memories", 1, 2); n > 0 && r.err == nil; n-- {
		if m.memoryImported {
			r.refuse("The module has a memory beside an imported one; the limit is 1")
		}
		l := r.limits("memory")
		if r.err == nil && (l.min > wholePages || l.hasMax && (l.max < l.min || l.max > wholePages)) {
			r.fail("memory of an impossible size")
		}
		m.memories = append(m.memories, l)
	}
}

func (m *binary) readGlobals(r *reader) {
	n := r.bounded("globals", maxGlobals, 3)
	m.written = make([]global, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		m.written = append(m.written, r.globalType())
		m.constant(r)
		m.globals++ // after its own value, which cannot be itself
	}
}

// constant skips a constant expression. Its indices are checked, since
// rewriting appends to what they count.
func (m *binary) constant(r *reader) {
	for r.err == nil {
		switch op := r.opcode(); op {
		case opEnd:
			return
		case opI32Const:
			r.signed(32)
		case opI64Const:
			r.signed(64)
		case opF32Const:
			r.take(4)
		case opF64Const:
			r.take(8)
		case opV128Const:
			r.take(16)
		case opRefNull:
			r.literal(immRef)
		case opRefFunc:
			r.index("function", len(m.funcs))
		case opGlobalGet:
			r.index("global", m.globals)
		case opI32Add, opI32Sub, opI32Mul, opI64Add, opI64Sub, opI64Mul:
		default:
			r.fail("initial value that is not constant")
		}
	}
}

// readElements skips the element segments. The bits of their first number say
// that one is not active, has a table or is declarative, and holds expressions.
func (m *binary) readElements(r *reader) {
	for n := r.count(2); n > 0 && r.err == nil; n-- {
		flags := r.u32()
		if flags > 7 {
			r.fail("unknown kind of an element segment")
		}
		if flags&1 == 0 {
			table := uint32(0)
			if flags&2 != 0 {
				table = r.u32()
			}
			if r.err == nil && int64(table) >= int64(m.count(kindTable)) {
				r.fail("elements of a table that is not there")
			}
			m.constant(r)
		}
		switch {
		case flags&3 == 0:
		case flags&4 != 0:
			r.elemType()
		case r.byte() != 0:
			r.fail("unknown kind of elements")
		}
		for items := r.count(1); items > 0 && r.err == nil; items-- {
			if flags&4 != 0 {
				m.constant(r)
			} else {
				r.index("function", len(m.funcs))
			}
		}
	}
}

func (m *binary) readData(r *reader) {
	for n := r.count(2); n > 0 && r.err == nil; n-- {
		switch flags := r.u32(); flags {
		case 0, 2:
			m.needMemory(r)
			if flags == 2 && r.u32() != 0 {
				r.fail("data of a memory that is not there")
			}
			m.constant(r)
		case 1:
		default:
			r.fail("unknown kind of a data segment")
		}
		r.take(r.u32())
	}
}

func (m *binary) readExports(r *reader) {
	n := r.bounded("exports", maxExports, 3)
	m.exports = make([]exported, 0, n)
	for i := 0; i < n && r.err == nil; i++ {
		e := exported{name: r.name(), kind: r.byte(), index: r.u32()}
		if r.err == nil && e.kind > kindGlobal {
			r.fail("export of an unknown kind")
		}
		m.exports = append(m.exports, e)
	}
}

// elemType reads the type of a table's entries and returns it as encoded.
func (r *reader) elemType() []byte {
	start := r.pos
	if b := r.byte(); r.err == nil && b != 0x70 && b != 0x6f {
		r.refuse("The module has a table of the element type 0x%02x, which this host does not know", b)
	}
	if r.err != nil {
		return nil
	}
	return r.b[start:r.pos]
}

// globalType reads the type of a global.
func (r *reader) globalType() global {
	typ, mutable := r.byte(), r.byte()
	if r.err == nil && valueTypes[typ] == "" {
		r.refuse("The module has a global of the type 0x%02x, which this host does not know", typ)
	}
	if mutable > 1 {
		r.fail("global neither constant nor mutable")
	}
	return global{typ, mutable == 1}
}

// limits reads bounds. Bit 0 of the flags tells of a maximum, 1 of sharing
// between threads, 2 of 64-bit addresses.
func (r *reader) limits(of string) limits {
	flags := r.byte()
	switch {
	case flags&^7 != 0:
		r.fail("unknown flags of a " + of)
	case flags&4 != 0:
		r.refuse("The module has a %s with 64-bit addresses, which this host does not support", of)
	case flags&2 != 0:
		r.refuse("The module has a shared %s, which this host does not support: it runs without threads", of)
	}
	l := limits{min: r.u32(), hasMax: flags&1 != 0}
	if l.hasMax {
		l.max = r.u32()
	}
	return l
}
