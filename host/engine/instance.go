package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"
)

// instance is one instantiated module with the state its host functions use.
type instance struct {
	ctx    context.Context // with the state in it; done at the deadline
	module api.Module
}

// open instantiates a module, which runs its start function if it has one.
func open(ctx context.Context, code *code, s *state) (*instance, error) {
	config := wazero.NewModuleConfig().
		WithName("").           // many instances of one module live side by side
		WithStartFunctions().   // _start is a function like others; see initialise
		WithSysWalltime().      // wazero's own clock stands still
		WithSysNanotime().      //
		WithNanosleep(s.sleep). // unlike wazero's, it ends at the deadline
		WithRandSource(rand.Reader).
		WithStdout(&s.logs.stdout).
		WithStderr(&s.logs.stderr)
	ctx = experimental.WithMemoryAllocator(ctx, allocator(&s.budget))
	ctx = context.WithValue(ctx, stateKey{}, s)
	module, err := code.runtime.InstantiateModule(ctx, code.module, config)
	if err != nil {
		return nil, err
	}
	return &instance{ctx: ctx, module: module}, nil
}

// initialise starts the language runtime in the guest, as the Extism SDKs do:
// Haskell's, else a WASI reactor's, else the constructors of C. A guest whose
// start is itself the function to call starts by that.
func (in *instance) initialise(function string) error {
	if function == "_start" || function == "_initialize" {
		return nil
	}
	if haskell := in.module.ExportedFunction("hs_init"); haskell != nil {
		if err := in.start("_initialize"); err != nil {
			return err
		}
		_, err := haskell.Call(in.ctx, 0, 0)
		return startFailed("hs_init", err)
	}
	if in.takesNothing("_initialize") {
		return in.start("_initialize")
	}
	return in.start("__wasm_call_ctors")
}

// start calls an initialiser, if the guest has it in the expected form.
func (in *instance) start(name string) error {
	if !in.takesNothing(name) {
		return nil
	}
	_, err := in.module.ExportedFunction(name).Call(in.ctx)
	return startFailed(name, err)
}

func (in *instance) takesNothing(name string) bool {
	fn := in.module.ExportedFunction(name)
	return fn != nil && len(fn.Definition().ParamTypes()) == 0
}

// startFailed says in which initialiser a guest failed. A guest that exits
// there cannot be called, whatever the code.
func startFailed(name string, err error) error {
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return &Failure{ExitCode: exit.ExitCode(), Text: name + " ended the module"}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// call runs the function. It returns nil if the guest returned nothing or 0,
// or exited with 0; a *Failure for another code; else wazero's error.
func (in *instance) call(function string) error {
	fn := in.module.ExportedFunction(function)
	if fn == nil {
		return &Failure{ExitCode: 1, Text: fmt.Sprintf("it exports no function %q", function)}
	}
	def := fn.Definition()
	results := def.ResultTypes()
	if len(def.ParamTypes()) > 0 || len(results) > 1 || len(results) == 1 && results[0] != api.ValueTypeI32 {
		return &Failure{ExitCode: 1, Text: fmt.Sprintf("its function %q takes parameters or returns more than one i32", function)}
	}
	result, err := fn.Call(in.ctx)
	var exit *sys.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 0:
		return nil
	case err != nil:
		return err
	case len(result) == 1 && api.DecodeU32(result[0]) != 0:
		return &Failure{ExitCode: api.DecodeU32(result[0]), Text: stateOf(in.ctx).errorText()}
	}
	return nil
}

// close frees what the instance holds.
func (in *instance) close(ctx context.Context) { _ = in.module.Close(ctx) }
