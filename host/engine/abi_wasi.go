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

// longFunctions are those of WASI that take as long as their third parameter
// says: the number of pieces to read or write, or of events to wait for.
var longFunctions = []string{"fd_pread", "fd_pwrite", "fd_read", "fd_write", "poll_oneoff", "sock_recv", "sock_send"}

// maxPieces bounds that number, far above what C libraries ask for at once.
const maxPieces = 1 << 16

// instantiateWASI offers WASI preview 1 to the guests of a runtime.
func instantiateWASI(ctx context.Context, r wazero.Runtime) error {
	ctx = experimental.WithFunctionListenerFactory(ctx, experimental.FunctionListenerFactoryFunc(
		func(def api.FunctionDefinition) experimental.FunctionListener {
			switch name := def.Name(); {
			case slices.Contains(fileFunctions, name):
				return spoiler{}
			case slices.Contains(longFunctions, name), name == "random_get":
				return watcher{}
			default:
				return nil
			}
		}))
	_, err := wasi_snapshot_preview1.Instantiate(ctx, r)
	return err
}

// bystander sees calls of a function, of which only the beginning matters.
type bystander struct{}

func (bystander) After(context.Context, api.Module, api.FunctionDefinition, []uint64) {}

func (bystander) Abort(context.Context, api.Module, api.FunctionDefinition, error) {}

// spoiler marks the instance whose guest calls a function.
type spoiler struct{ bystander }

func (spoiler) Before(ctx context.Context, _ api.Module, _ api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
	s := stateOf(ctx)
	s.spoiled = s.spoiled || !s.starting
}

// watcher ends a guest that calls a function past its deadline, or wants too
// much of it at once.
type watcher struct{ bystander }

func (watcher) Before(ctx context.Context, _ api.Module, def api.FunctionDefinition, params []uint64, _ experimental.StackIterator) {
	stateOf(ctx).checkDeadline()
	if slices.Contains(longFunctions, def.Name()) && api.DecodeU32(params[2]) > maxPieces {
		refuse("%s: %d at once; the limit is %d", def.Name(), api.DecodeU32(params[2]), maxPieces)
	}
}
