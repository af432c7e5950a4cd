package engine

// config_get(name) block: the value of the endpoint's configuration under the
// name in a block, 0 for none. The name's block stays the guest's.
func configGet(s *state, stack []uint64) {
	s.private("config_get")
	value, ok := s.config[s.text(stack[0])]
	stack[0] = 0
	if ok {
		stack[0] = s.give([]byte(value))
	}
}
