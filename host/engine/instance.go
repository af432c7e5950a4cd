package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"
)

// instance is one instantiated module with the state its host functions use.
type instance struct {
	code      *code
	state     *state
	module    api.Module
	memory    memory // nil if the module has none
	functions map[string]api.Function
	result    [1]uint64 // room for what a function returns

	snapshot snapshot
	born     time.Time // when the snapshot was taken, or the instance made

	key  key       // under which the pool keeps it
	used time.Time // when it was put there
	held int64     // what it held then
}

// open instantiates a module, which runs its start function if it has one.
func open(ctx context.Context, code *code, s *state, newMemory func(b *budget, most uint64) memory) (*instance, error) {
	in := &instance{code: code, state: s, functions: map[string]api.Function{}, born: time.Now()}
	config := wazero.NewModuleConfig().
		WithName("").           // many instances of one module live side by side
		WithStartFunctions().   // _start is a function like others; see initialise
		WithSysWalltime().      // wazero's own clock stands still
		WithSysNanotime().      //
		WithNanosleep(s.sleep). // unlike wazero's, it ends at the deadline
		WithRandSource(random{s}).
		WithStdout(console{state: s}).
		WithStderr(console{state: s, stderr: true})
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		in.memory = newMemory(&s.budget, most) // no guest has two
		return &growth{memory: in.memory, state: s}
	}))
	module, err := code.runtime.InstantiateModule(in.context(ctx), code.module, config)
	if err != nil {
		if in.memory != nil {
			in.memory.Free() // which wazero leaves to nobody
		}
		return nil, err
	}
	in.module = module
	return in, nil
}

// context makes one in which host functions find the instance's state.
func (in *instance) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, stateKey{}, in.state)
}

// function returns an exported function, nil if there is none. Looking one up
// takes longer than calling it, so each is kept.
func (in *instance) function(name string) api.Function {
	fn, ok := in.functions[name]
	if !ok {
		if fn = in.module.ExportedFunction(name); fn != nil {
			in.functions[name] = fn
		}
	}
	return fn
}

// initialise starts the language runtime in the guest, as the Extism SDKs do:
// Haskell's, else a WASI reactor's, else the constructors of C. A guest whose
// start is itself the function to call starts by that.
func (in *instance) initialise(ctx context.Context, function string) error {
	if isStart(function) {
		return nil
	}
	if haskell := in.function("hs_init"); haskell != nil {
		if err := in.start(ctx, "_initialize"); err != nil {
			return err
		}
		_, err := haskell.Call(in.context(ctx), 0, 0)
		return startFailed("hs_init", err)
	}
	if in.takesNothing("_initialize") {
		return in.start(ctx, "_initialize")
	}
	return in.start(ctx, "__wasm_call_ctors")
}

// isStart tells whether a function starts the guest, which can be done once.
func isStart(function string) bool { return function == "_start" || function == "_initialize" }

// start calls an initialiser, if the guest has it in the expected form.
func (in *instance) start(ctx context.Context, name string) error {
	if !in.takesNothing(name) {
		return nil
	}
	_, err := in.function(name).Call(in.context(ctx))
	return startFailed(name, err)
}

func (in *instance) takesNothing(name string) bool {
	fn := in.function(name)
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
// or exited with 0 (exited tells); a *Failure for another code; else wazero's
// error.
func (in *instance) call(ctx context.Context, function string) (exited bool, err error) {
	fn := in.function(function)
	if fn == nil {
		return false, &Failure{ExitCode: 1, Text: fmt.Sprintf("it exports no function %q", function)}
	}
	def := fn.Definition()
	results := def.ResultTypes()
	if len(def.ParamTypes()) > 0 || len(results) > 1 || len(results) == 1 && results[0] != api.ValueTypeI32 {
		return false, &Failure{ExitCode: 1, Text: fmt.Sprintf("its function %q takes parameters or returns more than one i32", function)}
	}
	in.result[0] = 0
	if err := fn.CallWithStack(in.context(ctx), in.result[:len(results)]); err != nil {
		var exit *sys.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 0 {
			return true, nil
		}
		return false, err
	}
	if code := api.DecodeU32(in.result[0]); code != 0 {
		return false, &Failure{ExitCode: code, Text: in.state.errorText()}
	}
	return false, nil
}

// holds is the memory of an idle instance: that of the guest, beside what one
// takes at least.
func (in *instance) holds() int64 { return 64<<10 + int64(in.state.budget.used) }

// close frees what the instance holds.
func (in *instance) close() { _ = in.module.Close(context.Background()) }
