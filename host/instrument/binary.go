package instrument

import (
	"bytes"
	"strings"
)

// Section ids of the binary format, in the order a module has them.
// dataCount stands between elements and code.
const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
)

// Kinds of imports and exports, as the format numbers them.
const (
	kindFunc = iota
	kindTable
	kindMemory
	kindGlobal
)

var kindNames = []string{"func", "table", "memory", "global"}

// spelled are the kinds in sentences.
var spelled = []string{"function", "table", "memory", "global"}

// binary is a module as far as it is decoded here: its outline, without
// segments and initial values.
type binary struct {
	sections       []section // all of them, as they lie in the file
	types          []funcType
	imports        []imported
	funcs          []uint32 // type of every function, imported ones first
	declared       int      // how many of them are not imported
	tables         []table  // imported ones are not among them
	tablesImported int
	memories       []limits // likewise
	memoryImported bool
	globals        int      // imported ones included
	written        []global // the types of those that are declared here
	exports        []exported
	code           []function
	facts          facts
}

// section is one section of the file: its body, and with its header.
type section struct {
	id          int
	body, whole []byte
}

// global is the type of a global, as encoded.
type global struct {
	typ     byte
	mutable bool
}

type funcType struct{ params, results []string }

type imported struct {
	module, name string
	kind         byte
	typ          funcType // of a function
}

type exported struct {
	name  string
	kind  byte
	index uint32
}

// table is one declared table. elem is its element type as encoded.
type table struct {
	elem []byte
	limits
}

// limits are the bounds of a table (in entries) or memory (in pages).
type limits struct {
	min    uint32
	max    uint32
	hasMax bool
}

// decode reads a module whole: its outline, then what its code does.
func decode(wasm []byte) (*binary, error) {
	m, err := parse(wasm)
	if err != nil {
		return nil, err
	}
	if err := m.scan(); err != nil {
		return nil, err
	}
	return m, m.affordable()
}

// parse decodes the outline of a module.
func parse(wasm []byte) (*binary, error) {
	if err := checkHeader(wasm); err != nil {
		return nil, err
	}
	m := &binary{}
	r := &reader{b: wasm, pos: 8}
	for last := 0; r.more(); {
		start := r.pos
		id := int(r.byte())
		body := r.sub(r.u32())
		if r.err != nil {
			break
		}
		if id != sectionCustom {
			if rank(id) <= last {
				r.pos = start
				r.fail("section out of order")
				break
			}
			last = rank(id)
		}
		m.sections = append(m.sections, section{id, body.b, wasm[start:r.pos]})
		m.section(id, body)
		r.err = body.err
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, m.check()
}

// rank is the place of a section in the prescribed order; larger than any for
// an unknown one, which section refuses.
func rank(id int) int {
	switch {
	case id == sectionDataCount:
		return 2*sectionElement + 1
	default:
		return 2 * id
	}
}

// checkHeader tells a module from the other things people upload.
func checkHeader(wasm []byte) error {
	text := bytes.TrimSpace(wasm[:min(len(wasm), 4096)])
	switch {
	case len(wasm) == 0:
		return invalid("The module is empty")
	case bytes.HasPrefix(text, []byte("(module")), bytes.HasPrefix(text, []byte("(component")),
		bytes.HasPrefix(text, []byte("(;")), bytes.HasPrefix(text, []byte(";;")):
		return invalid("The module is WebAssembly text (WAT); upload the binary made from it")
	case !bytes.HasPrefix(wasm, []byte("\x00asm")):
		return invalid("The module is not WebAssembly: it does not begin with \\0asm")
	case len(wasm) < 8:
		return invalid("The module is malformed: it ends within its header")
	case wasm[6] != 0 || wasm[7] != 0:
		return invalid("The module is a WebAssembly component; upload a core module")
	case !bytes.Equal(wasm[4:8], []byte{1, 0, 0, 0}):
		return invalid("The module has an unknown WebAssembly version; only version 1 can run")
	}
	return nil
}

// section decodes one section and demands that its length was right. The
// bytes of data segments are left to the compiler.
func (m *binary) section(id int, r *reader) {
	switch id {
	case sectionCustom:
		r.name()
		return
	case sectionType:
		m.readTypes(r)
	case sectionImport:
		m.readImports(r)
	case sectionFunction:
		m.readFunctions(r)
	case sectionTable:
		m.readTables(r)
	case sectionMemory:
		m.readMemories(r)
	case sectionGlobal:
		m.readGlobals(r)
	case sectionExport:
		m.readExports(r)
	case sectionStart:
		r.index("start function", len(m.funcs))
	case sectionDataCount:
		r.u32()
	case sectionElement:
		m.readElements(r)
	case sectionCode:
		m.readCode(r)
	case sectionData:
		m.readData(r)
	default:
		r.refuse("The module has a section of the unknown kind %d", id)
	}
	r.end()
}

// check holds what needs more than one section.
func (m *binary) check() error {
	seen := make(map[string]bool, len(m.exports))
	for _, e := range m.exports {
		if seen[e.name] {
			return invalid("The module is malformed: it exports %s twice", label(e.name))
		}
		seen[e.name] = true
		if int64(e.index) >= int64(m.count(e.kind)) {
			return invalid("The module is malformed: its export %s names a %s that is not there", label(e.name), spelled[e.kind])
		}
		if strings.HasPrefix(e.name, ExportPrefix) {
			return invalid("The module exports %s; names that begin with %s are the host's", label(e.name), ExportPrefix)
		}
	}
	if len(m.code) != m.declared {
		return invalid("The module is malformed: it declares %d functions and has %d bodies", m.declared, len(m.code))
	}
	return nil
}

// count is how many there are of a kind that can be exported.
func (m *binary) count(kind byte) int {
	switch {
	case kind == kindFunc:
		return len(m.funcs)
	case kind == kindTable:
		return m.tablesImported + len(m.tables)
	case kind == kindGlobal:
		return m.globals
	case m.memoryImported:
		return 1
	default:
		return len(m.memories)
	}
}
