package engine

import (
	"bytes"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/instrument"
)

// operate is every data operation: (request block) answer block. The request's
// block is freed, the answer's is the guest's to free. What the operation fails
// at is an answer, too.
func operate(s *state, op *capability.Operation, stack []uint64) {
	request := stack[0]
	answer := s.carryOut(op, s.blocks.bytes(request))
	s.free(request)
	stack[0] = s.blocks.adopt(answer)
	if stack[0] == 0 {
		stack[0] = s.give(capability.Failure(host.Errorf(host.CodeTooLarge,
			"The operation was carried out, but its answer of %d bytes does not fit into the endpoint's memory limit", len(answer))))
	}
}

// carryOut lets the guest wait for an answer, which is not its own time, and
// ends it if its deadline has passed meanwhile.
func (s *state) carryOut(op *capability.Operation, request []byte) []byte {
	began := time.Now()
	answer := s.operate(op, request)
	s.slept += time.Since(began)
	s.checkDeadline()
	return answer
}

// operate answers a request. While the guest starts, all there is is a failure:
// nothing of an app may get into a snapshot.
func (s *state) operate(op *capability.Operation, request []byte) []byte {
	if s.openData == nil {
		return capability.Failure(host.Errorf(host.CodeUnavailable, "%s is not available before the module is called", op.Name))
	}
	if s.data == nil {
		s.data = s.openData()
	}
	s.data.Reach = s.call.code.admits // of the module that asks, not of those that call it
	return op.Do(s.over, s.data, request)
}

// operates tells whether a module imports data operations.
func operates(m wazero.CompiledModule) bool {
	return slices.ContainsFunc(m.ImportedFunctions(), func(f api.FunctionDefinition) bool {
		module, name, _ := f.Import()
		_, copies := bulk[name]
		return module == instrument.PosternModule && !copies
	})
}

// input is what a call hands to the guest.
func (c *code) input(call *Call) []byte {
	if c.operates {
		return bytes.Clone(call.Input)
	}
	return call.Input
}
