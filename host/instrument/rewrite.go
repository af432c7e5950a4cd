package instrument

import (
	"bytes"
	"strings"
)

// Rewrite derives the code that the engine compiles in place of the uploaded
// bytes:
//
//   - A budget is counted down where code could go on for long: at the heads of
//     loops, at the entries of functions that may recurse, before indirect calls,
//     between long stretches, and by bulk operations. When it is empty the guest
//     leaves to Go, where a deadline can end it.
//   - Mutable globals, tables that the code writes and the size of memory get
//     shadows, with functions that copy to and from them. memory.size and
//     memory.grow work on a logical size, because memory itself cannot shrink.
//   - The maximum of every table is capped, because the engine's memory limit
//     does not see tables.
//
// What is added is appended, so that no index shifts and the name section stays
// right, as far as it was (names.go); sections with debug information, whose
// offsets do shift, are dropped.
// A module without a memory gets an empty one.
//
// Errors: CodeInvalid for what cannot be decoded or is not offered, the same as
// Inspect's.
func Rewrite(wasm []byte) (*Rewritten, error) {
	m, err := decode(wasm)
	if err != nil {
		return nil, err
	}
	m.weigh()
	m.capTables()
	a := m.plan()
	out := &Rewritten{
		Budget:   a.export("budget", kindGlobal, a.budget),
		Snapshot: a.export("snapshot", kindFunc, a.snapshot),
		Restore:  a.export("restore", kindFunc, a.restore),
	}
	if m.facts.dirties {
		out.Dirty = a.export("dirty", kindGlobal, a.dirty)
	}
	out.Wasm = m.assemble(wasm, a)
	return out, nil
}

// capTables gives every table a maximum.
func (m *binary) capTables() {
	for i := range m.tables {
		t := &m.tables[i]
		most := max(t.min, tableGrowth)
		if !t.hasMax || t.max > most {
			t.hasMax, t.max = true, most
		}
	}
}

// changed are the sections that Rewrite writes, in their order.
var changed = []int{
	sectionType, sectionFunction, sectionTable, sectionMemory, sectionGlobal, sectionExport, sectionCode,
}

// assemble writes the module: sections that stay are copied, those that change
// are written anew, and those that were not there come where they belong.
func (m *binary) assemble(wasm []byte, a *additions) []byte {
	out := append(make([]byte, 0, len(wasm)+len(wasm)/4), wasm[:8]...)
	left := changed
	// missing writes what belongs before the section of a rank.
	missing := func(before int) {
		for len(left) > 0 && rank(left[0]) < before {
			out = a.section(out, left[0], nil)
			left = left[1:]
		}
	}
	for _, s := range m.sections {
		if s.id == sectionCustom {
			if !debug(s.body) && !s.hasNames() {
				out = append(out, s.whole...)
			}
			continue
		}
		missing(rank(s.id))
		if len(left) > 0 && left[0] == s.id {
			out = a.section(out, s.id, s.body)
			left = left[1:]
		} else {
			out = append(out, s.whole...)
		}
	}
	missing(rank(sectionData))
	return append(out, m.names()...)
}

// debug reports whether a custom section holds DWARF, or says where it lies.
func debug(body []byte) bool {
	r := &reader{b: body}
	name := r.name()
	return strings.HasPrefix(name, ".debug_") || name == "sourceMappingURL" || name == "external_debug_info"
}

// section writes one section that changes; body is what it was, nil if it was
// not there.
func (a *additions) section(dst []byte, id int, body []byte) []byte {
	count, old := 0, []byte(nil)
	if body != nil {
		r := &reader{b: body}
		count = int(r.u32())
		old = body[r.pos:]
	}
	var added [][]byte
	switch id {
	case sectionType:
		added = [][]byte{{0x60, 0, 0}, {0x60, 1, 0x7f, 1, 0x7f}, {0x60, 3, 0x7f, 0x7f, 0x7f, 0}}
	case sectionFunction:
		added = a.functions
	case sectionTable:
		old = nil
		for i := range a.m.tables {
			old = append(old, a.m.tables[i].encode()...)
		}
		added = a.tables
	case sectionMemory:
		count, old, added = 0, nil, a.memory()
	case sectionGlobal:
		added = a.globals
	case sectionExport:
		added = a.exports
	case sectionCode:
		old = a.code(len(body))
		added = a.bodies
	}
	if count+len(added) == 0 {
		return dst
	}
	content := append(appendU32(nil, uint32(count+len(added))), old...)
	content = append(content, bytes.Join(added, nil)...)
	return appendPart(dst, id, content)
}

// memory is the memory without a maximum: that is kept by growBody, and wazero
// must let yieldBody's question through to the allocator.
func (a *additions) memory() [][]byte {
	if a.m.memoryImported {
		return nil
	}
	pages := uint32(0)
	if a.virtual {
		pages = a.m.memories[0].min
	}
	return [][]byte{appendU32([]byte{0}, pages)}
}

// code writes the functions of the module anew.
func (a *additions) code(size int) []byte {
	out := make([]byte, 0, size+size/4)
	e := &emitter{m: a.m, add: a}
	for i := range a.m.code {
		out = e.function(out, &a.m.code[i])
	}
	return out
}

// appendU32 appends n in unsigned LEB128.
func appendU32(b []byte, n uint32) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}
