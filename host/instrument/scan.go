package instrument

// facts are what the instructions of a module can do.
type facts struct {
	features feature
	globals  []bool // written by global.set
	tables   []bool // written in any way
	dirties  bool   // what no restore undoes: data.drop, elem.drop, table.grow
}

// frame is a block that a pass is in.
type frame struct {
	op   uint16
	loop int // place in loops, -1 for other blocks
	// loops is how many loops are around its inside.
	loops int
}

// scan reads every body: it refuses what cannot be decoded, and learns the
// facts, which loops are loops, and who calls whom.
func (m *binary) scan() error {
	m.facts.globals = make([]bool, m.globals)
	m.facts.tables = make([]bool, m.tablesImported+len(m.tables))
	var frames []frame
	for i := range m.code {
		var err error
		if frames, err = m.scanBody(m.body(&m.code[i]), frames[:0]); err != nil {
			return err
		}
	}
	return nil
}

func (m *binary) scanBody(b *body, frames []frame) ([]frame, error) {
	frames = append(frames, frame{op: opBlock, loop: -1})
	for b.next() {
		in := &b.in
		m.facts.note(in)
		switch in.op {
		case opBlock, opIf:
			frames = append(frames, frame{in.op, -1, frames[len(frames)-1].loops})
			b.f.blocks++
		case opLoop:
			frames = append(frames, frame{in.op, len(b.f.loops), frames[len(frames)-1].loops + 1})
			b.f.loops = append(b.f.loops, loop{params: in.params})
			b.f.blocks++
		case opElse:
			if top := &frames[len(frames)-1]; top.op == opIf {
				top.op = opElse
			} else {
				b.r.fail("else outside of an if")
			}
		case opEnd:
			if frames = frames[:len(frames)-1]; len(frames) == 0 {
				b.r.end()
				return frames, b.r.err
			}
		case opBr, opBrIf:
			b.target(frames, in.index[0])
		case opBrTable:
			b.f.labels += len(in.labels)
			for _, depth := range in.labels {
				b.target(frames, depth)
			}
		case opCall, opReturnCall:
			if own := int(in.index[0]) - (len(m.funcs) - m.declared); own >= 0 {
				b.f.calls = append(b.f.calls, uint32(own))
			}
		}
		b.limit(frames)
	}
	if b.r.err == nil {
		b.r.fail("function without an end")
	}
	return frames, b.r.err
}

// limit refuses blocks that are nested too deep for the engine's compiler.
func (b *body) limit(frames []frame) {
	if len(frames) > maxDepth {
		b.r.refuse("The module has a function with blocks nested deeper than %d", maxDepth)
	}
	if frames[len(frames)-1].loops > maxLoops {
		b.r.refuse("The module has a function with loops nested deeper than %d", maxLoops)
	}
}

// target notes a branch: one to a loop leads back.
func (b *body) target(frames []frame, depth uint32) {
	if int64(depth) >= int64(len(frames)) {
		b.r.fail("branch out of the function")
		return
	}
	if l := frames[len(frames)-1-int(depth)].loop; l >= 0 {
		b.f.loops[l].back = true
	}
}

// note learns from one instruction. The table was made sure to hold its indices.
func (f *facts) note(in *instr) {
	f.features |= instructions[page(in.op)][byte(in.op)].feature
	switch in.op {
	case opGlobalSet:
		f.globals[in.index[0]] = true
	case opTableSet, opTableFill, opTableCopy: // the destination comes first
		f.tables[in.index[0]] = true
	case opTableInit:
		f.tables[in.index[1]] = true
	case opTableGrow:
		f.tables[in.index[0]], f.dirties = true, true
	case opDataDrop, opElemDrop:
		f.dirties = true
	}
}
