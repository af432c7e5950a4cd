package instrument

import "slices"

// emitter writes the bodies of functions anew: what does not change is copied
// in stretches.
type emitter struct {
	m    *binary
	add  *additions
	out  []byte
	from int // start of the stretch that is not copied yet
	// frames are the blocks around the place; each one knows how many loops
	// around it were wrapped, itself included.
	frames []wrapping
	temp   uint32 // the local that was added
}

type wrapping struct {
	loop  *loop // if it was wrapped
	depth int
}

// Labels inside of a wrapped loop. Around it stand, from the inside, a block
// whose end makes the guest leave to Go, a loop that comes back from there,
// and a block to get out of that loop at the end:
//
//	block r  loop  block  loop r  (br_if 1 (empty))  …  end  br 2  end  call $yield  br 0  end  unreachable  end
//
// The call stands outside of the inner loop, because the compiler would
// otherwise keep that loop's values in memory instead of registers.
//
// For the same reason a function that is checked at its entry becomes a block
// of its own, whose label is the function's to the branches in it:
//
//	loop  block  (br_if 0 (empty))  block r  …  end  return  end  call $yield  br 0  end  unreachable
const (
	labelsAdded = 3
	labelYield  = 1
)

// function writes one function of the code section with its length.
func (e *emitter) function(dst []byte, f *function) []byte {
	e.out, e.from, e.frames = e.out[:0], 0, append(e.frames[:0], wrapping{})
	b := e.m.body(f)
	if f.tested() {
		e.locals(f)
	}
	e.enter(f)
	checks, loops := f.checks, f.loops
	for b.next() {
		in := &b.in
		if len(checks) > 0 && checks[0].at == in.at {
			e.flush(f, in.at)
			e.check(checks[0].charge)
			checks = checks[1:]
		}
		switch in.op {
		case opLoop:
			e.loop(f, in, &loops[0])
			loops = loops[1:]
		case opBlock, opIf:
			e.frames = append(e.frames, wrapping{depth: e.depth()})
		case opEnd:
			e.end(f, in)
		case opBr, opBrIf:
			e.branch(f, in)
		case opBrTable:
			e.branches(f, in)
		default:
			e.replace(f, in)
		}
	}
	e.flush(f, len(f.raw))
	e.exit(f)
	dst = appendU32(dst, uint32(len(e.out)))
	return append(dst, e.out...)
}

// wrapped reports whether a function becomes a block of its own.
func (f *function) wrapped() bool { return f.checked && f.result != 0 }

// enter checks at the entry of a function.
func (e *emitter) enter(f *function) {
	if f.wrapped() {
		e.op(opLoop, noValue, opBlock, noValue)
		e.count(f.charge)
		e.op(opBrIf, 0, opBlock, f.result)
	} else if f.checked {
		e.check(f.charge)
	}
}

// exit ends what was put around a function, whose own end is that of a block.
func (e *emitter) exit(f *function) {
	if f.wrapped() {
		e.op(opReturn, opEnd)
		e.out = appendIndex(e.out, opCall, e.add.yield)
		e.op(opBr, 0, opEnd, opUnreachable, opEnd)
	}
}

// tested reports whether the budget is counted down within a function.
func (f *function) tested() bool {
	return f.checked || len(f.checks) > 0 || slices.ContainsFunc(f.loops, func(l loop) bool { return l.back })
}

// locals copies the declaration of the locals and adds one for the checks.
func (e *emitter) locals(f *function) {
	r := &reader{b: f.raw}
	groups := r.u32()
	e.out = appendU32(e.out, groups+1)
	e.from = r.pos
	e.flush(f, f.header)
	e.op(1, 0x7f)
	e.temp = f.locals
}

// flush copies what lies before a place.
func (e *emitter) flush(f *function, to int) {
	e.out = append(e.out, f.raw[e.from:to]...)
	e.from = to
}

func (e *emitter) op(bytes ...byte) { e.out = append(e.out, bytes...) }

// count counts the budget down and leaves on the stack whether it is empty.
func (e *emitter) count(charge int) {
	e.out = appendIndex(e.out, opGlobalGet, e.add.budget)
	e.out = appendConst(e.out, int32(charge))
	e.op(opI32Sub)
	e.out = appendIndex(e.out, opLocalTee, e.temp)
	e.out = appendIndex(e.out, opGlobalSet, e.add.budget)
	e.out = appendIndex(e.out, opLocalGet, e.temp)
	e.out = appendConst(e.out, 0)
	e.op(opI32LtS)
}

// check counts down and leaves to Go if the budget is empty.
func (e *emitter) check(charge int) {
	e.count(charge)
	e.op(opIf, noValue)
	e.out = appendIndex(e.out, opCall, e.add.yield)
	e.op(opEnd)
}

func (e *emitter) depth() int { return e.frames[len(e.frames)-1].depth }

// mostWrapped bounds the loops in each other that are wrapped: the compiler's
// time grows with the square of the depth.
const mostWrapped = 32

// loop begins a loop. One with parameters is rare, and checked within, like one
// that is nested absurdly deep.
func (e *emitter) loop(f *function, in *instr, l *loop) {
	if !l.back || l.params || e.depth() == mostWrapped {
		e.frames = append(e.frames, wrapping{depth: e.depth()})
		if l.back {
			e.flush(f, in.end)
			e.check(charge(l.charge, mostCharged))
		}
		return
	}
	typ := f.raw[in.at+1 : in.end]
	e.flush(f, in.at)
	e.from = in.end
	e.op(opBlock)
	e.op(typ...)
	e.op(opLoop, noValue, opBlock, noValue, opLoop)
	e.op(typ...)
	e.count(charge(l.charge, mostCharged))
	e.op(opBrIf, labelYield)
	e.frames = append(e.frames, wrapping{l, e.depth() + 1})
}

// end ends a block, and what was put around a loop.
func (e *emitter) end(f *function, in *instr) {
	top := e.frames[len(e.frames)-1]
	e.frames = e.frames[:len(e.frames)-1]
	if top.loop == nil {
		return
	}
	e.flush(f, in.end)
	e.op(opBr, 2, opEnd)
	e.out = appendIndex(e.out, opCall, e.add.yield)
	e.op(opBr, 0, opEnd, opUnreachable, opEnd)
}

// shifted is a label's depth with the labels that were added on the way.
func (e *emitter) shifted(depth uint32) uint32 {
	target := e.frames[len(e.frames)-1-int(depth)]
	return depth + labelsAdded*uint32(e.depth()-target.depth)
}

func (e *emitter) branch(f *function, in *instr) {
	to := e.shifted(in.index[0])
	if to == in.index[0] {
		return
	}
	e.instead(f, in, byte(in.op), to)
}

func (e *emitter) branches(f *function, in *instr) {
	e.flush(f, in.at)
	e.out = appendIndex(e.out, opBrTable, uint32(len(in.labels)-1))
	for _, depth := range in.labels {
		e.out = appendU32(e.out, e.shifted(depth))
	}
	e.from = in.end
}

// replace puts something in place of, or before, an instruction that touches
// what is virtual, cannot be undone or takes time by its operands.
func (e *emitter) replace(f *function, in *instr) {
	switch in.op {
	case opMemorySize:
		if e.add.virtual {
			e.instead(f, in, opGlobalGet, e.add.pages)
		}
	case opMemoryGrow:
		if e.add.virtual {
			e.instead(f, in, opCall, e.add.grow)
		}
	case opMemoryFill:
		e.instead(f, in, opCall, e.add.fill)
	case opMemoryCopy:
		e.instead(f, in, opCall, e.add.copy)
	case opMemoryInit, opTableInit, opTableCopy, opTableFill:
		e.flush(f, in.at)
		e.out = appendIndex(e.out, opCall, e.add.bulk)
	case opTableGrow:
		e.flush(f, in.at)
		e.out = appendIndex(e.out, opCall, e.add.bulk)
		e.dirty()
	case opDataDrop, opElemDrop:
		e.flush(f, in.at)
		e.dirty()
	}
}

// instead writes one instruction in place of another.
func (e *emitter) instead(f *function, in *instr, op byte, index uint32) {
	e.flush(f, in.at)
	e.out = appendIndex(e.out, op, index)
	e.from = in.end
}

func (e *emitter) dirty() {
	e.out = appendConst(e.out, 1)
	e.out = appendIndex(e.out, opGlobalSet, e.add.dirty)
}

// noValue is the type of a block without parameters and results.
const noValue = 0x40

// appendIndex appends an instruction whose only immediate is a number.
func appendIndex(b []byte, op byte, index uint32) []byte { return appendU32(append(b, op), index) }

// appendConst appends i32.const.
func appendConst(b []byte, v int32) []byte {
	b = append(b, opI32Const)
	for v < -0x40 || v >= 0x40 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7f)
}
