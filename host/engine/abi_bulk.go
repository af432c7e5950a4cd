package engine

import (
	"context"
	"reflect"

	"github.com/tetratelabs/wazero/api"
)

// bulk holds the functions that guests import from postern:host/v1: what
// extism:host/env moves eight bytes at a time, these move at once.
var bulk = map[string]func(ctx context.Context, s *state, guest api.Module, stack []uint64){
	"read":  bulkRead,
	"write": bulkWrite,
}

// read(address i64, ptr i32, len i32): copies len bytes from the address on,
// all within one block, into the guest's memory at ptr. A range that is not
// there ends the guest; no bytes are no range.
func bulkRead(ctx context.Context, s *state, guest api.Module, stack []uint64) {
	address, ptr, n := stack[0], api.DecodeU32(stack[1]), api.DecodeU32(stack[2])
	if n == 0 {
		return
	}
	from := s.blocks.span(address, uint64(n))
	if from == nil {
		refuse("read: %d bytes from the address %d on are not within one block", n, address)
	}
	transfer(ctx, guestBytes(guest, "read", ptr, n), from)
}

// write(ptr i32, len i32) block: makes a block of len bytes of the guest's
// memory at ptr; 0 if len is 0 or the memory limit is reached. A range that is
// not there ends the guest.
func bulkWrite(ctx context.Context, s *state, guest api.Module, stack []uint64) {
	ptr, n := api.DecodeU32(stack[0]), api.DecodeU32(stack[1])
	stack[0] = 0
	if n == 0 {
		return
	}
	from := guestBytes(guest, "write", ptr, n)
	if n <= writtenAtOnce {
		s.checkDeadline()
		stack[0] = s.blocks.write(from)
		return
	}
	if address := s.blocks.alloc(uint64(n)); address != 0 {
		transfer(ctx, s.blocks.bytes(address), from)
		stack[0] = address
	}
}

// writtenAtOnce is up to how many bytes a block is made in one go, which spares
// to clear it first: some milliseconds' worth.
const writtenAtOnce = 8 << 20

// guestBytes is a part of the guest's memory itself, not a copy.
func guestBytes(guest api.Module, function string, ptr, n uint32) []byte {
	var size uint32
	// A module without a memory has a nil pointer here, not a nil interface.
	if memory := guest.Memory(); !reflect.ValueOf(memory).IsNil() {
		if b, ok := memory.Read(ptr, n); ok {
			return b
		}
		size = memory.Size()
	}
	refuse("%s: %d bytes at %d are not within the memory of %d bytes", function, n, ptr, size)
	return nil
}

// transferPiece is how much is copied without a look at the deadline, in
// bytes: some tens of microseconds' worth.
const transferPiece = 256 << 10

// transfer copies from to to, which is as long. It goes piece by piece: one
// copy of a gigabyte would outlast the deadline and hold up the garbage
// collector, which cannot interrupt it.
func transfer(ctx context.Context, to, from []byte) {
	for len(from) > 0 {
		if ctx.Err() != nil {
			refuse("the deadline has passed")
		}
		n := copy(to[:min(len(to), transferPiece)], from)
		to, from = to[n:], from[n:]
	}
}
