package engine

// variableCost is what a variable takes from the budget beside its bytes.
const variableCost = 128

// var_get(name) block: a copy of the variable under the name in a block, which
// is freed; 0 if it is not set.
func varGet(s *state, stack []uint64) {
	s.private("var_get")
	name := s.text(stack[0])
	s.free(stack[0])
	stack[0] = 0
	if value, ok := s.variables[name]; ok {
		stack[0] = s.give(value)
	}
}

// var_set(name, value): sets a variable for the rest of this call, or deletes
// it if value is 0. Both blocks are freed. Variables count towards the memory
// limit; past it the guest ends.
func varSet(s *state, stack []uint64) {
	s.private("var_set")
	name, addr := s.text(stack[0]), stack[1]
	s.free(stack[0])
	if old, ok := s.variables[name]; ok {
		s.budget.give(variableSize(name, old))
		delete(s.variables, name)
	}
	if addr == 0 {
		return
	}
	value := append([]byte{}, s.blocks.bytes(addr)...)
	s.free(addr)
	if !s.budget.take(variableSize(name, value)) {
		refuse("var_set: the memory limit is reached")
	}
	if s.variables == nil {
		s.variables = map[string][]byte{}
	}
	s.variables[name] = value
}

func variableSize(name string, value []byte) uint64 {
	return uint64(len(name)+len(value)) + variableCost
}
