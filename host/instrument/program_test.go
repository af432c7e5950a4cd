package instrument_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
)

// program writes a module from bytes that say what comes next; when they are
// used up only the simplest things do. It is always valid, and its loops and
// calls use up a fuel that is a global, so that it ends.
type program struct {
	choices []byte
	code    []byte
	labels  []bool // of the blocks around: whether it is a loop
	depth   int    // of expressions
	// stretches counts the long ones, of which a few are enough.
	stretches int
}

// Parts of the module: three functions (i32, i64) -> i64 with two locals more,
// a mutable i64, the fuel, a memory of one to three pages, and a table.
const (
	programFunctions = 3
	globalValue      = 0
	globalFuel       = 1
)

func (p *program) choose(n int) int {
	if len(p.choices) == 0 {
		return 0
	}
	c := int(p.choices[0]) % n
	p.choices = p.choices[1:]
	return c
}

func (p *program) op(b ...byte) { p.code = append(p.code, b...) }

// module writes the whole.
func (p *program) module() []byte {
	types := section(1, 1, 0x60, 2, 0x7f, 0x7e, 1, 0x7e)
	functions := section(3, programFunctions, 0, 0, 0)
	table := section(4, 1, 0x70, 0, programFunctions)
	memory := section(5, 1, 1, 1, 3)
	globals := section(6, 2, 0x7e, 1, 0x42, 5, 0x0b, 0x7f, 1, 0x41, 0xf4, 3, 0x0b) // fuel: 500
	exports := section(7, bytes.Join([][]byte{{3}, str("run"), {0, 0}, str("memory"), {2, 0}, str("value"), {3, 0}}, nil)...)
	elements := section(9, 1, 0, 0x41, 0, 0x0b, programFunctions, 0, 1, 2)
	code := []byte{programFunctions}
	for range programFunctions {
		p.code = []byte{2, 1, 0x7f, 1, 0x7e} // local 2: i32, local 3: i64
		p.labels, p.depth = []bool{false}, 0
		p.statements(6)
		p.long()
		p.op(0x0b)
		code = append(append(code, leb(len(p.code))...), p.code...)
	}
	return build(types, functions, table, memory, globals, exports, elements,
		append(append([]byte{10}, leb(len(code))...), code...))
}

func leb(n int) (b []byte) {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

func (p *program) statements(most int) {
	for range p.choose(most) {
		p.statement()
	}
}

func (p *program) statement() {
	if len(p.labels) > 8 {
		return
	}
	switch p.choose(11) {
	case 0:
		p.long()
		p.op(0x21, 3) // local.set
	case 1:
		p.short()
		p.op(0x21, 2)
	case 2:
		p.long()
		p.op(0x24, globalValue)
	case 3:
		p.block(0x02)
	case 4:
		p.block(0x03)
	case 5:
		p.short()
		p.block(0x04)
	case 6: // store
		p.address()
		p.long()
		p.op(0x37, 0, 0)
	case 7: // memory.fill of up to 255 bytes
		p.address()
		p.short()
		p.op(0x41, 0xff, 1, 0xfc, 0x0b, 0)
	case 8:
		p.branchTable()
	case 9:
		p.branch()
	case 10: // a long stretch
		if p.stretches++; p.stretches > 2 {
			return
		}
		for range 300 {
			p.op(0x20, 3, 0x42, 3, 0x7e, 0x42, 1, 0x7c, 0x21, 3)
		}
	}
}

// block writes a block, loop or if with its contents.
func (p *program) block(op byte) {
	p.op(op, 0x40)
	p.labels = append(p.labels, op == 0x03)
	p.statements(4)
	if op == 0x04 && p.choose(2) == 1 {
		p.op(0x05)
		p.statements(4)
	}
	if op == 0x03 {
		p.fuelled()
		p.op(0x0d, 0)
	}
	p.labels = p.labels[:len(p.labels)-1]
	p.op(0x0b)
}

// fuelled uses fuel and leaves whether there is some.
func (p *program) fuelled() {
	p.op(0x23, globalFuel, 0x41, 1, 0x6b, 0x24, globalFuel, 0x23, globalFuel, 0x41, 0, 0x4a)
}

// branch leaves for a label that is not the function's, if there is fuel.
func (p *program) branch() {
	if len(p.labels) == 1 {
		return
	}
	depth := p.choose(len(p.labels) - 1)
	p.fuelled()
	p.op(0x0d, byte(depth))
}

func (p *program) branchTable() {
	n := len(p.labels) - 1
	if n == 0 {
		return
	}
	p.fuelled()
	p.op(0x04, 0x40) // if
	p.short()
	a, b, c := p.choose(n), p.choose(n), p.choose(n)
	p.op(0x0e, 2, byte(a+1), byte(b+1), byte(c+1), 0x0b)
}

// address leaves one within the first page.
func (p *program) address() {
	p.short()
	p.op(0x41, 0xff, 0xff, 1, 0x71) // and 0x7fff
}

// chooseForm returns one of the seven forms of an expression; where expressions
// are nested deeply, one of the first three, which hold no other.
func (p *program) chooseForm() int {
	if p.depth > 4 {
		return p.choose(3)
	}
	return p.choose(7)
}

// short leaves an i32.
func (p *program) short() {
	p.depth++
	defer func() { p.depth-- }()
	switch p.chooseForm() {
	case 0:
		p.op(0x20, 0)
	case 1:
		p.op(0x20, 2)
	case 2:
		p.op(0x41, byte(p.choose(64)))
	case 3:
		p.long()
		p.op(0x50) // eqz
	case 4:
		p.op(0x3f, 0) // memory.size
	case 5:
		p.short()
		p.op(0x41, 1, 0x71, 0x40, 0) // grow by 0 or 1
	case 6:
		p.address()
		p.op(0x2d, 0, 0)
	}
}

// long leaves an i64.
func (p *program) long() {
	p.depth++
	defer func() { p.depth-- }()
	switch p.chooseForm() {
	case 0:
		p.op(0x20, 1)
	case 1:
		p.op(0x20, 3)
	case 2:
		p.op(0x23, globalValue)
	case 3:
		p.long()
		p.long()
		p.op([]byte{0x7c, 0x7d, 0x7e, 0x85}[p.choose(4)])
	case 4:
		p.short()
		p.op(0xad) // extend
	default:
		p.call()
	}
}

// call calls a function, directly or not, if there is fuel.
func (p *program) call() {
	p.fuelled()
	p.op(0x04, 0x7e)
	p.short()
	p.long()
	if which := byte(p.choose(programFunctions)); p.choose(2) == 0 {
		p.op(0x10, which)
	} else {
		p.op(0x41, which, 0x11, 0, 0)
	}
	p.op(0x05, 0x20, 1, 0x0b)
}

// FuzzPrograms runs generated programs as they are and rewritten.
func FuzzPrograms(f *testing.F) {
	for seed := range byte(40) {
		choices := make([]byte, 300)
		state := uint32(seed) + 1
		for i := range choices {
			state = state*1664525 + 1013904223
			choices[i] = byte(state >> 24)
		}
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 500 {
			return
		}
		config := configs["interpreter"]
		if len(choices)%2 == 0 {
			config = configs["compiler"]
		}
		wasm := (&program{choices: choices}).module()
		was, is := perform(t, config, wasm), perform(t, config, rewritten(t, wasm).Wasm)
		if was != is {
			t.Errorf("got %+v\nrewritten %+v\nof %x", was, is, wasm)
		}
	})
}

// performance is what came of a program.
type performance struct {
	result, value uint64
	pages         int
	memory        string
	trap          string
}

func perform(t *testing.T, config wazero.RuntimeConfig, wasm []byte) (p performance) {
	t.Helper()
	ctx := gate{limit: 3 << 16, yielded: func() {}}.in(t.Context())
	r := wazero.NewRuntimeWithConfig(ctx, config)
	defer r.Close(context.Background())
	m, err := r.Instantiate(ctx, wasm)
	if err != nil {
		t.Fatalf("%v\n%x", err, wasm)
	}
	results, err := m.ExportedFunction("run").Call(ctx, 3, 4)
	if err != nil {
		p.trap = outcome(err)
	} else {
		p.result = results[0]
	}
	p.value = m.ExportedGlobal("value").Get()
	p.pages = int(m.Memory().Size())
	all, _ := m.Memory().Read(0, m.Memory().Size())
	p.memory = string(all)
	return p
}
