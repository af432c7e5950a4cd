package instrument

import "slices"

// nameSection is the name of the custom section that names functions, and
// parts of it, in the order they have.
const (
	nameSection    = "name"
	namesModule    = 0
	namesFunctions = 1
)

// names writes the name section anew from what a module says there: the names
// of the module and of functions, which traps show. They are hearsay: what is
// not true or not decent is left out, and from the first malformed part on
// everything. The names of locals, which nothing shows, would take the engine
// sixteen times their size in memory.
func (m *binary) names() []byte {
	i := slices.IndexFunc(m.sections, section.hasNames)
	if i < 0 {
		return nil
	}
	r := &reader{b: m.sections[i].body}
	content := appendName(nil, r.name())
	for last := -1; r.more(); {
		id, part := int(r.byte()), r.sub(r.u32())
		if part.err != nil || id <= last {
			break
		}
		last = id
		switch id {
		case namesModule:
			if name := part.name(); part.err == nil {
				content = appendPart(content, namesModule, appendName(nil, name))
			}
		case namesFunctions:
			content = appendPart(content, namesFunctions, m.functionNames(part))
		}
	}
	return appendPart(nil, sectionCustom, content)
}

func (s section) hasNames() bool {
	r := &reader{b: s.body}
	return s.id == sectionCustom && r.name() == nameSection
}

// functionNames writes the names of those functions that are there, by rising
// index.
func (m *binary) functionNames(r *reader) []byte {
	var list []byte
	kept := 0
	next := uint32(0)
	for range r.count(2) {
		index, name := r.u32(), r.name()
		if r.err != nil || index < next || int64(index) >= int64(len(m.funcs)) {
			break
		}
		next = index + 1
		list = appendName(appendU32(list, index), name)
		kept++
	}
	return append(appendU32(nil, uint32(kept)), list...)
}

// appendPart appends a section or a part of one: its number, length and content.
func appendPart(b []byte, id int, content []byte) []byte {
	return append(appendU32(append(b, byte(id)), uint32(len(content))), content...)
}

func appendName(b []byte, name string) []byte {
	return append(appendU32(b, uint32(len(name))), name...)
}
