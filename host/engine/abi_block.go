package engine

import "github.com/tetratelabs/wazero/api"

// alloc(length) block: a block of zeros; 0 if length is 0 or memory is used up.
func blockAlloc(s *state, stack []uint64) { stack[0] = s.blocks.alloc(stack[0]) }

// free(block): gives a block back; anything else is ignored.
func blockFree(s *state, stack []uint64) { s.free(stack[0]) }

// length(block) and length_unsafe(block): the block's size, 0 for no block.
// The unsafe one is a shortcut of the reference kernel that trusts its
// argument; here both check.
func blockLength(s *state, stack []uint64) { stack[0] = uint64(len(s.blocks.bytes(stack[0]))) }

// load_u8(address) i32
func blockLoad8(s *state, stack []uint64) { stack[0] = uint64(s.blocks.load8(stack[0])) }

// load_u64(address) i64: eight bytes, the lowest first.
func blockLoad64(s *state, stack []uint64) { stack[0] = s.blocks.load64(stack[0]) }

// store_u8(address, value i32): stores the lowest eight bits.
func blockStore8(s *state, stack []uint64) {
	s.blocks.store8(stack[0], byte(api.DecodeU32(stack[1])))
}

// store_u64(address, value)
func blockStore64(s *state, stack []uint64) { s.blocks.store64(stack[0], stack[1]) }

// reset(): frees every block, the input included.
func blockReset(s *state, _ []uint64) { s.reset() }

// memory_bytes() i64: how much memory the blocks take.
func blockBytes(s *state, stack []uint64) { stack[0] = s.blocks.held }
