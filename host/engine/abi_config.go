package engine

// config_get(name) block: the value of the call's configuration under the name
// in a block, or else of the manifest's; 0 for none. The name's block stays the
// guest's.
func configGet(s *state, stack []uint64) {
	s.private("config_get")
	name := s.text(stack[0])
	value, ok := s.call.Config[name]
	if !ok {
		value, ok = s.call.code.upload.Config[name]
	}
	stack[0] = 0
	if ok {
		stack[0] = s.give([]byte(value))
	}
}
