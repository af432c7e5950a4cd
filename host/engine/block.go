package engine

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// The address of the first block, the space between blocks and their
// alignment. A gap makes a run past a block's end miss its neighbour.
const (
	firstBlock = 64
	blockGap   = 16
)

// blockCost is what a block takes from the budget beside its bytes, so that a
// guest cannot exhaust the host with empty bookkeeping.
const blockCost = 64

// keptBlocks is for how many blocks an idle instance keeps room.
const keptBlocks = 64

// blocks are the Extism memory of one call: what a guest reads and writes by
// 64-bit addresses through load and store. An address means something only
// within a block; anywhere else a load gives 0 and a store does nothing.
type blocks struct {
	budget *budget
	held   uint64  // bytes taken from budget
	list   []block // by rising address
	gone   int     // how many of list are empty places
	next   uint64  // address of the next block
	hit    int     // place of the block that was found last
}

type block struct {
	addr uint64
	data []byte // nil for an empty place
	// freed says that the guest gave the block back while its bytes still
	// serve as output: no longer a handle, but readable.
	freed bool
}

func newBlocks(b *budget) *blocks { return &blocks{budget: b, next: firstBlock} }

// alloc makes a block of n zero bytes and returns its address, or 0 if n is 0
// or the memory limit is reached.
func (b *blocks) alloc(n uint64) uint64 {
	if !b.take(n) {
		return 0
	}
	return b.add(make([]byte, n))
}

// adopt makes data itself a block; see alloc.
func (b *blocks) adopt(data []byte) uint64 {
	if !b.take(uint64(len(data))) {
		return 0
	}
	return b.add(slices.Clip(data))
}

// write makes a block of a copy of data; see alloc.
func (b *blocks) write(data []byte) uint64 {
	if !b.take(uint64(len(data))) {
		return 0
	}
	return b.add(bytes.Clone(data))
}

// take reserves what a block of n bytes needs, if there is such a block.
func (b *blocks) take(n uint64) bool {
	return n > 0 && n <= b.budget.limit && b.budget.take(n+blockCost)
}

// add makes a block for which there is room.
func (b *blocks) add(data []byte) uint64 {
	n := uint64(len(data))
	b.held += n + blockCost
	addr := b.next
	b.list = append(b.list, block{addr: addr, data: data})
	b.next = addr + (n+2*blockGap-1)/blockGap*blockGap
	return addr
}

// free gives the block at addr back. If keep is set its bytes stay readable
// until the call ends. An address that is no block's is ignored.
func (b *blocks) free(addr uint64, keep bool) {
	i, ok := b.handle(addr)
	if !ok {
		return
	}
	if keep {
		b.list[i].freed = true
		return
	}
	size := uint64(len(b.list[i].data)) + blockCost
	b.budget.give(size)
	b.held -= size
	b.list[i].data = nil
	b.gone++
	b.tidy()
}

// tidy drops empty places at the end, so that a guest which allocates and
// frees in turn stays at low addresses, and the others once they are half.
func (b *blocks) tidy() {
	for n := len(b.list); n > 0 && b.list[n-1].data == nil; n-- {
		b.next = b.list[n-1].addr
		b.list = b.list[:n-1]
		b.gone--
	}
	if b.gone <= len(b.list)/2 {
		return
	}
	kept := b.list[:0]
	for _, bl := range b.list {
		if bl.data != nil {
			kept = append(kept, bl)
		}
	}
	clear(b.list[len(kept):])
	b.list, b.gone, b.hit = kept, 0, 0
}

// find returns the place of the block whose bytes include addr.
func (b *blocks) find(addr uint64) (int, bool) {
	if b.hit < len(b.list) && b.list[b.hit].has(addr) {
		return b.hit, true
	}
	i := sort.Search(len(b.list), func(i int) bool { return b.list[i].addr > addr }) - 1
	if i < 0 || !b.list[i].has(addr) {
		return 0, false
	}
	b.hit = i
	return i, true
}

func (bl *block) has(addr uint64) bool {
	return addr >= bl.addr && addr-bl.addr < uint64(len(bl.data))
}

// handle returns the place of the block that begins at addr and is not freed.
func (b *blocks) handle(addr uint64) (int, bool) {
	i, ok := b.find(addr)
	return i, ok && b.list[i].addr == addr && !b.list[i].freed
}

// bytes returns the whole block at addr, nil if there is none. It is the
// guest's: copy what must outlive the next host function.
func (b *blocks) bytes(addr uint64) []byte {
	if i, ok := b.handle(addr); ok {
		return b.list[i].data
	}
	return nil
}

// span returns n bytes from addr on, nil unless all are in one block.
func (b *blocks) span(addr, n uint64) []byte {
	i, ok := b.find(addr)
	if !ok {
		return nil
	}
	rest := b.list[i].data[addr-b.list[i].addr:]
	if n > uint64(len(rest)) {
		return nil
	}
	return rest[:n]
}

func (b *blocks) load8(addr uint64) byte {
	if s := b.span(addr, 1); s != nil {
		return s[0]
	}
	return 0
}

func (b *blocks) load64(addr uint64) uint64 {
	if s := b.span(addr, 8); s != nil {
		return binary.LittleEndian.Uint64(s)
	}
	return 0
}

func (b *blocks) store8(addr uint64, v byte) {
	if s := b.span(addr, 1); s != nil {
		s[0] = v
	}
}

func (b *blocks) store64(addr, v uint64) {
	if s := b.span(addr, 8); s != nil {
		binary.LittleEndian.PutUint64(s, v)
	}
}

// clone copies the blocks and counts the copy.
func (b *blocks) clone() *blocks {
	c := *b
	c.list = slices.Clone(b.list)
	for i := range c.list {
		c.list[i].data = bytes.Clone(c.list[i].data)
	}
	c.budget.used += c.held // which fitted when the copy was first made
	return &c
}

// reset frees every block. Room for the next call's is kept, unless this one's
// were many.
func (b *blocks) reset() {
	b.budget.give(b.held)
	list := b.list[:cap(b.list)]
	if len(list) > keptBlocks {
		list = nil
	}
	clear(list)
	*b = blocks{budget: b.budget, list: list[:0], next: firstBlock}
}
