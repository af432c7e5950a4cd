package instrument

// Distances between checks, in instructions.
const (
	// stride is how many instructions may pass without a check.
	stride = 1024
	// tail is how many may follow a call of unknown depth without one: as many
	// run for each of the callers that such calls return to.
	tail = 128
	// mostCharged bounds what one check counts, so that code which is long but
	// mostly jumped over does not empty the budget for nothing, such as the loop
	// of an interpreter; mostStretched is the bound for a check in a long stretch.
	mostCharged   = 64
	mostStretched = 256
	// hostCall is what a call of the host counts.
	hostCall = 8
)

// weight is what a caller must know about a function.
type weight struct {
	state    state
	checked  bool // the budget is tested at its entry
	charge   int  // by that test
	prefix   int  // instructions that may pass in it before the first check
	residual int  // instructions that may have passed since the last one at its end
}

// state is how far the walk along the calls has come with a function.
type state byte

const (
	unseen state = iota
	entered
	weighed
)

// weigh decides where the checks go. Functions are taken callees first; one
// that is called while it is entered may recurse, and is checked at its entry.
func (m *binary) weigh() {
	type step struct {
		f    *function
		next int
	}
	var (
		steps []step
		w     weigher
	)
	for i := range m.code {
		if m.code[i].state != unseen {
			continue
		}
		m.code[i].state = entered
		steps = append(steps, step{f: &m.code[i]})
		for len(steps) > 0 {
			top := &steps[len(steps)-1]
			if top.next == len(top.f.calls) {
				w.weigh(m, top.f)
				top.f.state = weighed
				steps = steps[:len(steps)-1]
				continue
			}
			callee := &m.code[top.f.calls[top.next]]
			top.next++
			switch callee.state {
			case unseen:
				callee.state = entered
				steps = append(steps, step{f: callee})
			case entered:
				callee.checked = true
			}
		}
	}
}

// path is the longest way to a place in a function: since the last check, and
// from the entry without any. Both are -1 where no way leads.
type path struct{ since, fresh int }

var nowhere = path{-1, -1}

func join(a, b path) path { return path{max(a.since, b.since), max(a.fresh, b.fresh)} }

// weigher walks one function along its longest paths.
type weigher struct {
	m      *binary
	f      *function
	now    path
	frames []block
	loops  int // begun so far
}

// block is a frame with the path that its start was reached by, and the
// longest one of those that lead to its end.
type block struct {
	frame
	start, end path
}

func (w *weigher) weigh(m *binary, f *function) {
	w.m, w.f, w.now, w.loops = m, f, path{}, 0
	w.frames = append(w.frames[:0], block{frame: frame{op: opBlock, loop: -1}, end: nowhere})
	for b := m.body(f); b.next(); {
		w.step(&b.in)
	}
	w.f.residual = max(w.now.since, 0)
	w.passed()
	if f.checked {
		f.charge, f.prefix = charge(f.prefix, mostCharged), 0
	}
}

func charge(distance, most int) int { return min(max(distance, 1), most) }

// passed notes the distance from the entry at a first check or at the end.
func (w *weigher) passed() { w.f.prefix = max(w.f.prefix, w.now.fresh) }

// check puts a check before the instruction at a place.
func (w *weigher) check(at, most int) {
	if n := len(w.f.checks); n == 0 || w.f.checks[n-1].at != at {
		w.f.checks = append(w.f.checks, check{at, charge(w.now.since, most)})
	}
	w.passed()
	w.now = path{0, -1}
}

// advance counts instructions.
func (w *weigher) advance(n int) {
	w.now.since += n
	if w.now.fresh >= 0 {
		w.now.fresh += n
	}
}

func (w *weigher) step(in *instr) {
	if w.now.since >= 0 {
		if w.now.since >= stride && in.op != opEnd && in.op != opElse {
			w.check(in.at, mostStretched)
		}
		w.advance(1)
		w.call(in)
	}
	switch in.op {
	case opBlock, opIf:
		w.frames = append(w.frames, block{frame{op: in.op, loop: -1}, w.now, nowhere})
	case opLoop:
		w.enterLoop()
	case opElse:
		top := &w.frames[len(w.frames)-1]
		top.op, top.end = opElse, join(top.end, w.now)
		w.now = top.start
	case opEnd:
		w.leave()
	case opBr:
		w.branch(int(in.index[0]))
		w.now = nowhere
	case opBrIf:
		w.branch(int(in.index[0]))
	case opBrTable:
		for _, depth := range in.labels {
			w.branch(int(depth))
		}
		w.now = nowhere
	case opReturn, opReturnCall, opReturnCallIndirect:
		w.branch(len(w.frames) - 1)
		w.now = nowhere
	case opUnreachable:
		w.now = nowhere
	}
}

// call counts what a called function may do since its last check, or makes
// sure that there is one before it.
func (w *weigher) call(in *instr) {
	switch in.op {
	case opCallIndirect, opReturnCallIndirect:
		w.check(in.at, mostCharged)
		w.now.since = stride - tail
	case opCall, opReturnCall:
		own := int(in.index[0]) - (len(w.m.funcs) - w.m.declared)
		if own < 0 {
			w.advance(hostCall)
			return
		}
		callee := &w.m.code[own]
		switch {
		case callee.checked && callee.state == entered:
			w.passed()
			w.now = path{stride - tail, -1}
		case callee.checked:
			w.passed()
			w.now = path{callee.residual, -1}
		default:
			if w.now.since+callee.prefix >= stride {
				w.check(in.at, mostStretched)
			}
			w.advance(callee.prefix)
			w.now.since = max(w.now.since, callee.residual)
		}
	}
}

// enterLoop begins a loop. One that is gone through again has a check at its
// head.
func (w *weigher) enterLoop() {
	if w.f.loops[w.loops].back && w.now.since >= 0 {
		w.passed()
		w.now = path{0, -1}
	}
	w.frames = append(w.frames, block{frame{op: opLoop, loop: w.loops}, w.now, nowhere})
	w.loops++
}

// leave ends a block: the paths that lead to its end meet.
func (w *weigher) leave() {
	top := w.frames[len(w.frames)-1]
	w.frames = w.frames[:len(w.frames)-1]
	if top.op == opIf {
		w.now = join(w.now, top.start)
	}
	w.now = join(w.now, top.end)
}

// branch follows a branch: to a loop's head, which is checked, or to the end
// of a block.
func (w *weigher) branch(depth int) {
	if w.now.since < 0 {
		return
	}
	to := &w.frames[len(w.frames)-1-depth]
	if to.loop >= 0 {
		l := &w.f.loops[to.loop]
		l.charge = max(l.charge, w.now.since)
		return
	}
	to.end = join(to.end, w.now)
}
