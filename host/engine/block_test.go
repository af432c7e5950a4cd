package engine

import (
	"encoding/binary"
	"testing"
)

func TestBlocks(t *testing.T) {
	t.Parallel()
	b := &budget{limit: 1000}
	m := newBlocks(b)
	first, second := m.alloc(10), m.alloc(10)
	if first == 0 || second <= first {
		t.Fatalf("blocks at %d and %d", first, second)
	}
	m.store64(first, 0x0807060504030201)
	if got := m.load64(first); got != 0x0807060504030201 {
		t.Errorf("load64 = %#x", got)
	}
	if got := m.load8(first + 7); got != 8 {
		t.Errorf("load8 = %d", got)
	}
	for _, addr := range []uint64{first + 3, first + 10, ^uint64(0), ^uint64(0) - 6, 0, first - 1} {
		m.store64(addr, ^uint64(0))
		if got := m.load64(addr); got != 0 {
			t.Errorf("load64(%#x) = %#x: not within a block", addr, got)
		}
	}
	if got := m.load64(second); got != 0 {
		t.Errorf("a store past the first block reached the second: %#x", got)
	}
	m.free(first, false)
	m.free(first, false)
	m.free(second+1, false)
	if want := uint64(10 + blockCost); b.used != want || m.held != want {
		t.Errorf("%d bytes taken, %d held, want %d", b.used, m.held, want)
	}
	if m.load8(first+7) != 0 || m.bytes(first) != nil || m.bytes(second) == nil {
		t.Error("free left the first block or took the second")
	}
	m.free(second, true)
	if m.bytes(second) != nil || m.span(second, 10) == nil {
		t.Error("a kept block must be readable and no handle")
	}
	m.reset()
	if b.used != 0 || m.span(second, 1) != nil {
		t.Errorf("after reset %d bytes are taken", b.used)
	}
}

// TestBlocks_StayLow: a guest that allocates and frees in turn must not run out
// of the 32-bit addresses that some guests use.
func TestBlocks_StayLow(t *testing.T) {
	t.Parallel()
	m := newBlocks(&budget{limit: 1 << 20})
	kept := m.alloc(1)
	for range 10_000 {
		a, b := m.alloc(100_000), m.alloc(100_000)
		if a == 0 || b > 1<<20 {
			t.Fatalf("blocks at %d and %d", a, b)
		}
		m.free(a, false)
		m.free(b, false)
	}
	if len(m.bytes(kept)) != 1 || len(m.list) != 1 {
		t.Errorf("%d places for one block", len(m.list))
	}
}

// model is what blocks should be: every block that ever was, looked through
// from the start.
type model struct{ blocks []modelBlock }

type modelBlock struct {
	addr        uint64
	data        []byte
	live, freed bool
}

func (m *model) span(addr, n uint64) []byte {
	for _, b := range m.blocks {
		if b.live && addr >= b.addr && addr-b.addr < uint64(len(b.data)) && n <= uint64(len(b.data))-(addr-b.addr) {
			return b.data[addr-b.addr:][:n]
		}
	}
	return nil
}

func (m *model) free(addr uint64, keep bool) {
	for i := range m.blocks {
		if b := &m.blocks[i]; b.live && !b.freed && b.addr == addr {
			b.freed, b.live = keep, keep
		}
	}
}

func (m *model) taken() (sum uint64) {
	for _, b := range m.blocks {
		if b.live {
			sum += uint64(len(b.data)) + blockCost
		}
	}
	return sum
}

// FuzzBlocks runs a program of block operations: nine bytes are one, the first
// says which, the others are its address or size.
func FuzzBlocks(f *testing.F) {
	op := func(code byte, arg uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{code}, arg) }
	program := func(ops ...[]byte) (all []byte) {
		for _, o := range ops {
			all = append(all, o...)
		}
		return all
	}
	f.Add(program(op(0, 8), op(3, 64), op(4, 64), op(1, 64), op(1, 64), op(4, 64)))
	f.Add(program(op(0, 8), op(0, 9), op(2, 64), op(0, 1), op(1, 96), op(4, 70), op(3, 57)))
	f.Add(program(op(0, ^uint64(0)), op(0, 1<<63), op(4, ^uint64(0)), op(3, ^uint64(0)-7)))
	f.Fuzz(func(t *testing.T, code []byte) {
		b := &budget{limit: 1 << 16}
		m, want := newBlocks(b), &model{}
		for ; len(code) >= 9; code = code[9:] {
			arg := binary.LittleEndian.Uint64(code[1:])
			switch code[0] % 5 {
			case 0:
				addr := m.alloc(arg)
				if fits := arg > 0 && arg <= b.limit && want.taken()+arg+blockCost <= b.limit; fits != (addr != 0) {
					t.Fatalf("alloc(%d) = %d with %d bytes taken", arg, addr, want.taken())
				}
				if addr != 0 {
					if want.span(addr, 1) != nil || want.span(addr+arg-1, 1) != nil {
						t.Fatalf("alloc(%d) = %d overlaps", arg, addr)
					}
					want.blocks = append(want.blocks, modelBlock{addr: addr, data: make([]byte, arg), live: true})
				}
			case 1, 2:
				keep := code[0]%5 == 2
				m.free(arg, keep)
				want.free(arg, keep)
			case 3:
				m.store64(arg, arg|1)
				if s := want.span(arg, 8); s != nil {
					binary.LittleEndian.PutUint64(s, arg|1)
				}
			case 4:
				var expect uint64
				if s := want.span(arg, 8); s != nil {
					expect = binary.LittleEndian.Uint64(s)
				}
				if got := m.load64(arg); got != expect {
					t.Fatalf("load64(%d) = %#x, want %#x", arg, got, expect)
				}
			}
			if b.used != want.taken() || m.held != b.used {
				t.Fatalf("%d bytes taken, %d held, want %d", b.used, m.held, want.taken())
			}
		}
	})
}
