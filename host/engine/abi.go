package engine

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/instrument"
)

// hostFunc is a function of extism:host/env. stack holds the parameters, then
// the result. An i32 on it may carry garbage in its upper half: read it with
// api.DecodeU32.
type hostFunc func(s *state, stack []uint64)

// env holds the functions that guests import from extism:host/env, one file
// for each group; http_request, which needs a data operation, is not among them.
// Their signatures are those of instrument.Known.
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

	"http_status_code": httpStatusCode,
	"http_headers":     httpHeaders,

	"log_trace":     logTrace,
	"log_debug":     logDebug,
	"log_info":      logInfo,
	"log_warn":      logWarn,
	"log_error":     logError,
	"get_log_level": getLogLevel,
}

// offer holds the functions that guests may import, by module and name.
type offer map[string]map[string]api.GoModuleFunc

// newOffer adds the data operations, and what is made of them, to the functions
// of extism:host/env and the bulk copies.
func newOffer(operations []capability.Operation) offer {
	extism, postern := map[string]api.GoModuleFunc{}, map[string]api.GoModuleFunc{}
	for name, fn := range env {
		extism[name] = func(ctx context.Context, _ api.Module, stack []uint64) { fn(stateOf(ctx), stack) }
	}
	fetch := findFetch(operations)
	extism["http_request"] = func(ctx context.Context, _ api.Module, stack []uint64) { httpRequest(stateOf(ctx), fetch, stack) }
	for name, fn := range bulk {
		postern[name] = func(ctx context.Context, guest api.Module, stack []uint64) { fn(ctx, stateOf(ctx), guest, stack) }
	}
	for _, op := range operations {
		postern[op.Name] = func(ctx context.Context, _ api.Module, stack []uint64) { operate(stateOf(ctx), &op, stack) }
	}
	return offer{instrument.ExtismModule: extism, instrument.PosternModule: postern}
}

// instantiate makes the functions of a module available to the guests of a
// runtime: those that are known, whose signatures are those of instrument.Known.
// A data operation that this engine was not given cannot be linked with.
func (o offer) instantiate(ctx context.Context, r wazero.Runtime, module string) error {
	b := r.NewHostModuleBuilder(module)
	for _, im := range instrument.Known(module) {
		fn, ok := o[module][im.Name]
		if !ok {
			continue
		}
		if im.Capability != instrument.Memory || im.Name == "alloc" {
			fn = inTime(fn)
		}
		b.NewFunctionBuilder().WithGoModuleFunction(fn, wasmTypes(im.Params), wasmTypes(im.Results)).Export(im.Name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

// inTime makes a function end the guest past the deadline: a guest may call it
// thousands of times before its budget of instructions is used up, and the time
// each call takes depends on what it is given.
func inTime(fn api.GoModuleFunc) api.GoModuleFunc {
	return func(ctx context.Context, guest api.Module, stack []uint64) {
		stateOf(ctx).checkDeadline()
		fn(ctx, guest, stack)
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
