package engine

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/posternhq/postern/host/instrument"
)

// hostFunc is a function of extism:host/env. stack holds the parameters, then
// the result. An i32 on it may carry garbage in its upper half: read it with
// api.DecodeU32.
type hostFunc func(s *state, stack []uint64)

// env holds the functions that guests import from extism:host/env, one file
// for each group. Their signatures are those of instrument.Known.
var env = map[string]hostFunc{
	"alloc":         blockAlloc,
	"free":          blockFree,
	"length":        blockLength,
	"length_unsafe": blockLength,
	"load_u8":       blockLoad8,
	"load_u64":      blockLoad64,
	"store_u8":      blockStore8,
	"store_u64":     blockStore64,
	"reset":         blockReset,
	"memory_bytes":  blockBytes,

	"input_length":   inputLength,
	"input_offset":   inputOffset,
	"input_load_u8":  inputLoad8,
	"input_load_u64": inputLoad64,
	"input_set":      inputSet,
	"output_set":     outputSet,
	"output_length":  outputLength,
	"output_offset":  outputOffset,
	"error_set":      errorSet,
	"error_get":      errorGet,

	"config_get": configGet,
	"var_get":    varGet,
	"var_set":    varSet,

	"http_request":     httpRequest,
	"http_status_code": httpStatusCode,
	"http_headers":     httpHeaders,

	"log_trace":     logTrace,
	"log_debug":     logDebug,
	"log_info":      logInfo,
	"log_warn":      logWarn,
	"log_error":     logError,
	"get_log_level": getLogLevel,
}

// instantiateEnv offers extism:host/env to the guests of a runtime.
func instantiateEnv(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder(instrument.ExtismModule)
	for _, im := range instrument.Known(instrument.ExtismModule) {
		fn, ok := env[im.Name]
		if !ok {
			return fmt.Errorf("%s.%s is known but not implemented", im.Module, im.Name)
		}
		if im.Capability != instrument.Memory || im.Name == "alloc" {
			fn = fn.inTime()
		}
		b.NewFunctionBuilder().WithGoModuleFunction(
			api.GoModuleFunc(func(ctx context.Context, _ api.Module, stack []uint64) { fn(stateOf(ctx), stack) }),
			wasmTypes(im.Params), wasmTypes(im.Results),
		).Export(im.Name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

// inTime makes a function end the guest past the deadline: a guest may call it
// thousands of times before its budget of instructions is used up, and the time
// each call takes depends on what it is given.
func (fn hostFunc) inTime() hostFunc {
	return func(s *state, stack []uint64) {
		s.checkDeadline()
		fn(s, stack)
	}
}

func wasmTypes(names []string) []api.ValueType {
	types := make([]api.ValueType, len(names))
	for i, name := range names {
		types[i] = api.ValueTypeI64
		if name == "i32" {
			types[i] = api.ValueTypeI32
		}
	}
	return types
}
