package instrument

const (
	// bulkShift makes 16 bytes or entries count as much as an instruction.
	bulkShift = 4
	// piece is how many bytes are filled or copied without a check: as many as
	// use a whole budget up.
	piece = BudgetSize << bulkShift
)

// Locals of fillBody and copyBody: where to, what or where from, how many.
const (
	localTo = iota
	localFrom
	localCount
)

// appendCharge counts the budget down by what amount leaves on the stack, and
// leaves to Go if it is empty.
func (a *additions) appendCharge(b []byte, amount ...byte) []byte {
	b = append(appendIndex(b, opGlobalGet, a.budget), amount...)
	b = append(b, opI32Const, bulkShift, opI32ShrU, opI32Sub)
	b = appendIndex(b, opGlobalSet, a.budget)
	b = appendIndex(b, opGlobalGet, a.budget)
	b = append(b, opI32Const, 0, opI32LtS, opIf, noValue)
	return append(appendIndex(b, opCall, a.yield), opEnd)
}

// bulkBody charges for an instruction that works through as many items as its
// parameter says, and returns it.
func (a *additions) bulkBody() []byte {
	return append(a.appendCharge([]byte{0}, opLocalGet, 0), opLocalGet, 0, opEnd)
}

// fillBody is memory.fill in pieces.
func (a *additions) fillBody() []byte {
	fill := []byte{prefixMisc, opMemoryFill & 0xff, 0}
	return a.inPieces(fill, []byte{localTo}, func(b []byte) []byte {
		b = append(b, opLocalGet, localTo, opLocalGet, localFrom)
		b = append(appendConst(b, piece), fill...)
		return appendAdvance(b, localTo)
	})
}

// copyBody is memory.copy in pieces: from the front if it moves down, else from
// the back, because the ranges may overlap.
func (a *additions) copyBody() []byte {
	move := []byte{prefixMisc, opMemoryCopy & 0xff, 0, 0}
	return a.inPieces(move, []byte{localTo, localFrom}, func(b []byte) []byte {
		b = append(b, opLocalGet, localTo, opLocalGet, localFrom, opI32GtU, opIf, noValue)
		for _, local := range []byte{localTo, localFrom} {
			b = append(b, opLocalGet, local, opLocalGet, localCount, opI32Add)
			b = append(appendConst(b, piece), opI32Sub)
		}
		b = append(append(appendConst(b, piece), move...), opElse)
		b = append(b, opLocalGet, localTo, opLocalGet, localFrom)
		b = append(appendConst(b, piece), move...)
		return append(appendAdvance(appendAdvance(b, localTo), localFrom), opEnd)
	})
}

// inPieces writes a function that does what an instruction does to ranges of
// localCount bytes which begin at the values of some locals. The instruction
// itself does all of it if that is little, and if a range wraps around, which
// makes it trap. It also looks, by doing nothing at the end, whether the ranges
// are there, because nothing may change if they are not. one does a piece.
func (a *additions) inPieces(instruction, ranges []byte, one func(b []byte) []byte) []byte {
	all := []byte{opLocalGet, localTo, opLocalGet, localFrom, opLocalGet, localCount}
	do := append(append(all, instruction...), opReturn, opEnd)
	b := []byte{0, opLoop, noValue}
	b = append(appendConst(append(b, opLocalGet, localCount), piece), opI32LeU, opIf, noValue)
	b = append(a.appendCharge(b, opLocalGet, localCount), do...)
	for _, local := range ranges {
		b = append(b, opLocalGet, local, opLocalGet, localCount, opI32Add, opLocalGet, local, opI32LtU, opIf, noValue)
		b = append(b, do...)
	}
	for _, local := range []byte{localTo, localFrom} {
		b = append(b, opLocalGet, local, opLocalGet, localCount, opI32Add)
	}
	b = append(append(b, opI32Const, 0), instruction...)
	b = a.appendCharge(b, appendConst(nil, piece)...)
	b = append(one(b), opLocalGet, localCount)
	b = append(appendConst(b, piece), opI32Sub)
	b = appendIndex(b, opLocalSet, localCount)
	return append(b, opBr, 0, opEnd, opEnd)
}

// appendAdvance adds a piece to a local.
func appendAdvance(b []byte, local byte) []byte {
	b = append(appendConst(append(b, opLocalGet, local), piece), opI32Add)
	return appendIndex(b, opLocalSet, uint32(local))
}
