package engine

// input_length() i64
func inputLength(s *state, stack []uint64) { stack[0] = s.input.size }

// input_offset() i64: address of the input, 0 for none.
func inputOffset(s *state, stack []uint64) { stack[0] = s.input.addr }

// input_load_u8(offset) i32: a byte of the input, 0 outside of it.
func inputLoad8(s *state, stack []uint64) {
	offset := stack[0]
	stack[0] = 0
	if offset < s.input.size {
		stack[0] = uint64(s.blocks.load8(s.input.addr + offset))
	}
}

// input_load_u64(offset) i64: eight bytes of the input, 0 unless all are.
func inputLoad64(s *state, stack []uint64) {
	offset := stack[0]
	stack[0] = 0
	if s.input.size >= 8 && offset <= s.input.size-8 {
		stack[0] = s.blocks.load64(s.input.addr + offset)
	}
}

// input_set(address, length): makes part of a block the input. Ignored if it
// is not within one block.
func inputSet(s *state, stack []uint64) {
	if s.blocks.span(stack[0], stack[1]) != nil {
		s.input = extent{stack[0], stack[1]}
	}
}

// output_set(address, length): makes part of a block the answer. Ignored if it
// is not within one block, as the reference kernel does.
func outputSet(s *state, stack []uint64) {
	if s.blocks.span(stack[0], stack[1]) != nil {
		s.output = extent{stack[0], stack[1]}
	}
}

// output_length() i64
func outputLength(s *state, stack []uint64) { stack[0] = s.output.size }

// output_offset() i64
func outputOffset(s *state, stack []uint64) { stack[0] = s.output.addr }

// error_set(block): the block holds the text the call fails with; 0 takes an
// error back.
func errorSet(s *state, stack []uint64) {
	if stack[0] == 0 || s.blocks.span(stack[0], 1) != nil {
		s.failed = stack[0]
	}
}

// error_get() block: 0 for no error.
func errorGet(s *state, stack []uint64) { stack[0] = s.failed }
