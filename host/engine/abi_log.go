package engine

import "github.com/posternhq/postern/host"

// log_trace(block) … log_error(block): one line of the invocation's log. The
// block is freed.
func logTrace(s *state, stack []uint64) { s.log(host.LogTrace, stack[0]) }
func logDebug(s *state, stack []uint64) { s.log(host.LogDebug, stack[0]) }
func logInfo(s *state, stack []uint64)  { s.log(host.LogInfo, stack[0]) }
func logWarn(s *state, stack []uint64)  { s.log(host.LogWarn, stack[0]) }
func logError(s *state, stack []uint64) { s.log(host.LogError, stack[0]) }

func (s *state) log(level string, addr uint64) {
	s.logs.add(level, s.blocks.bytes(addr))
	s.free(addr)
}

// get_log_level() i32: the lowest level that is kept; 0 is trace, so all are.
func getLogLevel(_ *state, stack []uint64) { stack[0] = 0 }
