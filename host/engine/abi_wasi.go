package engine

import (
	"context"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// fileFunctions are those of WASI that change a guest's table of files, which
// wazero keeps and cannot put back: one call could tell the next what it
// closed and moved.
var fileFunctions = []string{
	"fd_allocate", "fd_close", "fd_fdstat_set_flags", "fd_fdstat_set_rights", "fd_renumber", "fd_seek",
	"path_open", "sock_accept", "sock_shutdown",
}

// instantiateWASI offers WASI preview 1 to the guests of a runtime.
func instantiateWASI(ctx context.Context, r wazero.Runtime) error {
	ctx = experimental.WithFunctionListenerFactory(ctx, experimental.FunctionListenerFactoryFunc(
		func(def api.FunctionDefinition) experimental.FunctionListener {
			if slices.Contains(fileFunctions, def.Name()) {
				return spoiler{}
			}
			return nil
		}))
	_, err := wasi_snapshot_preview1.Instantiate(ctx, r)
	return err
}

// spoiler marks the instance whose guest calls a function.
type spoiler struct{}

func (spoiler) Before(ctx context.Context, _ api.Module, _ api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
	s := stateOf(ctx)
	s.spoiled = s.spoiled || !s.starting
}

func (spoiler) After(context.Context, api.Module, api.FunctionDefinition, []uint64) {}

func (spoiler) Abort(context.Context, api.Module, api.FunctionDefinition, error) {}
