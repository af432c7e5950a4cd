package engine

import (
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// operate is every data operation: (request block) answer block. The request's
// block is freed, the answer's is the guest's to free. What the operation fails
// at is an answer, too. While the guest starts, it is all there is: nothing of an
// app may get into a snapshot.
func operate(s *state, op *capability.Operation, stack []uint64) {
	request := stack[0]
	began := time.Now()
	var answer []byte
	if s.data == nil {
		answer = capability.Failure(host.Errorf(host.CodeUnavailable, "%s is not available before the module is called", op.Name))
	} else {
		answer = op.Do(s.over, s.data, s.blocks.bytes(request))
	}
	s.slept += time.Since(began)
	s.free(request)
	s.checkDeadline()
	stack[0] = s.blocks.adopt(answer)
	if stack[0] == 0 {
		stack[0] = s.give(capability.Failure(host.Errorf(host.CodeTooLarge,
			"The operation was carried out, but its answer of %d bytes does not fit into the endpoint's memory limit", len(answer))))
	}
}
