package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// state is all that the host keeps for an instance: what its functions act
// on. begin and end enclose a call, and nothing but what is said here lasts
// from one call to the next. It is used on the calling goroutine only.
type state struct {
	budget budget // what linear memory holds of it lasts
	blocks *blocks
	logs   logs

	input  extent
	output extent
	failed uint64 // address of the error's block, 0 for none

	call      *Call             // under way; nil between calls
	variables map[string][]byte // nil before the first
	http      exchange          // the last one
	// openData is nil until the function is called, which comes after the start;
	// data is what it gave, nil before the first data operation.
	openData func() *capability.Call
	data     *capability.Call

	// over ends with the call; a sleeping guest is woken by it.
	over context.Context
	// slept is how long the guest did not run although its call did.
	slept time.Duration

	// kept is what the guest's start left in the Extism memory, for every call
	// to find; nil for nothing.
	kept *leftover

	// starting says that the snapshot is still to be taken, so that the guest
	// must learn nothing that belongs to an app or to a call.
	starting bool
	// drew says that the guest was given random bytes while starting.
	drew bool
	// spoiled says that the guest changed what no reset undoes.
	spoiled bool
}

// leftover is a copy of the Extism memory with what was said about it.
type leftover struct {
	blocks *blocks
	output extent
	failed uint64
}

// extent is a part of a block.
type extent struct{ addr, size uint64 }

// stateKey finds the state in the context that wazero hands to host functions.
type stateKey struct{}

func stateOf(ctx context.Context) *state { return ctx.Value(stateKey{}).(*state) }

func newState(pages uint32) *state {
	s := &state{budget: budget{limit: uint64(pages) * host.PageBytes}}
	s.blocks = newBlocks(&s.budget)
	return s
}

// begin makes the state that of a call.
func (s *state) begin(ctx context.Context, c *Call) {
	s.call = c
	s.over = ctx
	s.slept = 0
	s.logs.open(c.Log, ctx)
	if own, ok := ctx.(*callContext); ok {
		own.state = s
	}
	if c.outer != nil {
		s.logs.room = c.outer.logs.room
	}
	s.budget.peak = s.budget.used
}

// measure says what a call took that began then. It is deferred.
func (s *state) measure(r *Result, began time.Time) {
	r.Run = time.Since(began) - s.slept
	r.PeakBytes = s.budget.peak
}

// end drops what belongs to the call.
func (s *state) end() {
	s.logs.close()
	s.reset()
	if s.kept != nil {
		s.blocks = s.kept.blocks.clone()
		s.output, s.failed = s.kept.output, s.kept.failed
	}
	for name, value := range s.variables {
		s.budget.give(variableSize(name, value))
	}
	s.call, s.variables, s.openData, s.data, s.over = nil, nil, nil, nil, nil
	s.http = exchange{}
}

// private ends a guest that asks while starting for what belongs to an app or
// a call: its answer would be part of the snapshot, and so of every call.
func (s *state) private(function string) {
	if s.starting {
		refuse("%s is not available before the module is called", function)
	}
}

// keep makes what is in the Extism memory that of every call to come. What the
// warm-up put out is nobody's answer.
func (s *state) keep(output extent, failed uint64) {
	if s.blocks.held > 0 {
		s.kept = &leftover{blocks: s.blocks.clone(), output: output, failed: failed}
		s.budget.give(s.blocks.held) // the copy is only a copy
	}
}

// reset empties the Extism memory, and with it input, output and error.
func (s *state) reset() {
	s.blocks.reset()
	s.input, s.output, s.failed = extent{}, extent{}, 0
}

// setInput makes the input a block of its own.
func (s *state) setInput(input []byte) error {
	if len(input) == 0 {
		return nil
	}
	addr := s.blocks.adopt(input)
	if addr == 0 {
		return errors.New("the input does not fit into the endpoint's memory limit")
	}
	s.input = extent{addr, uint64(len(input))}
	return nil
}

// free gives a block back. The output's bytes outlive the block, as guests
// free what they have just handed over; a freed input is empty.
func (s *state) free(addr uint64) {
	whole := uint64(len(s.blocks.bytes(addr)))
	if whole == 0 {
		return
	}
	holdsOutput := s.output.addr >= addr && s.output.addr-addr < whole
	s.blocks.free(addr, holdsOutput)
	if addr == s.input.addr {
		s.input.size = 0
	}
}

// errOutput marks an error about the output, which was there in time.
var errOutput = errors.New("output too large")

// takeOutput decides how the call ended, and hands over the output: no later
// call sees its block.
func (s *state) takeOutput(most int64) ([]byte, error) {
	if text := s.errorText(); text != "" {
		return nil, failed(&Failure{Text: text})
	}
	if s.output.size > uint64(most) {
		return nil, host.Caused(host.CodeInvalidResponse, errOutput, "The module's answer is too large")
	}
	return slices.Clip(s.blocks.span(s.output.addr, s.output.size)), nil
}

// errorText is the error that the guest set, made valid UTF-8.
func (s *state) errorText() string {
	return validText(s.blocks.bytes(s.failed), maxFailureText)
}

// text takes the string in the block at addr; what is no block is "".
func (s *state) text(addr uint64) string { return string(s.blocks.bytes(addr)) }

// give answers a guest with a new block. It ends a guest that has no memory
// left for it: 0 would read as "there is none".
func (s *state) give(data []byte) uint64 {
	addr := s.blocks.write(data)
	if addr == 0 && len(data) > 0 {
		refuse("the memory limit is reached")
	}
	return addr
}

// sleep is the guest's nanosleep. It ends with the call's deadline, after
// which the guest is stopped.
func (s *state) sleep(ns int64) {
	began := time.Now()
	timer := time.NewTimer(time.Duration(ns))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.over.Done():
	}
	s.slept += time.Since(began)
}

// random is the guest's source of random bytes.
type random struct{ state *state }

// Read notes whether the bytes may end up in a snapshot. It goes piece by
// piece, as a gigabyte of them takes seconds.
func (r random) Read(p []byte) (int, error) {
	r.state.drew = r.state.drew || r.state.starting
	for rest := p; len(rest) > 0; {
		r.state.checkDeadline()
		n, err := rand.Read(rest[:min(len(rest), transferPiece)])
		if err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(p), nil
}

// console is a guest's standard output or, if stderr is set, error.
type console struct {
	state  *state
	stderr bool
}

// Write adds to the log of the call under way.
func (c console) Write(p []byte) (int, error) {
	if c.stderr {
		return c.state.logs.stderr.Write(p)
	}
	return c.state.logs.stdout.Write(p)
}
