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
		case kindMemory:
			r.limits("memory")
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
		m.memories = append(m.memories, r.limits("memory"))
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

// globalType skips the type of a global: this host offers none to import.
func (r *reader) globalType() {
	if b := r.byte(); r.err == nil && valueTypes[b] == "" {
		r.refuse("The module has a global of the type 0x%02x, which this host does not know", b)
	}
	if mut := r.byte(); mut > 1 {
		r.fail("global neither constant nor mutable")
	}
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
