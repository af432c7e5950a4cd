package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// Exports of a guest that the host calls of its own accord, if they take
// nothing: once before the snapshot, and before every call after it.
const (
	warmupExport = "postern_warmup"
	resumeExport = "postern_resume"
)

// snapshot is what an instance goes back to after every call. The guest's own
// code keeps globals, tables and the logical size of memory (see package
// instrument); memory keeps its content.
type snapshot struct {
	restore api.Function // nil if there is nothing but memory
	resumes bool         // the guest has something to do before each call
	refused bool         // by the guest: what it does would repeat
	dirty   api.Global   // nil if the code can do nothing that restore does not undo
}

// warmUp brings the guest to where calls begin.
func (in *instance) warmUp(ctx context.Context) error {
	if err := in.initialise(ctx, ""); err != nil {
		return err
	}
	output, failed := in.state.output, in.state.failed
	if err := in.rehearse(ctx); err != nil {
		return err
	}
	in.state.keep(output, failed)
	in.state.starting = false
	return nil
}

// rehearse runs the guest's own warm-up, which may answer that the guest must
// not be reset.
func (in *instance) rehearse(ctx context.Context) error {
	if !in.takesNothing(warmupExport) {
		return nil
	}
	results, err := in.function(warmupExport).Call(in.context(ctx))
	types := in.function(warmupExport).Definition().ResultTypes()
	in.snapshot.refused = err == nil && len(types) == 1 && types[0] == api.ValueTypeI32 && api.DecodeU32(results[0]) != 0
	return startFailed(warmupExport, err)
}

// repeats tells whether calls after a reset would draw the random numbers that
// others drew.
func (in *instance) repeats() bool {
	return in.snapshot.refused || in.state.drew && !in.takesNothing(resumeExport)
}

// takeSnapshot keeps what reset goes back to.
func (in *instance) takeSnapshot(ctx context.Context) error {
	names := in.code.added
	if names.Snapshot != "" {
		if _, err := in.function(names.Snapshot).Call(in.context(ctx)); err != nil {
			return err
		}
		in.snapshot.restore = in.function(names.Restore)
	}
	if names.Dirty != "" {
		in.snapshot.dirty = in.module.ExportedGlobal(names.Dirty)
	}
	in.snapshot.resumes = in.takesNothing(resumeExport)
	in.born = time.Now()
	if in.memory == nil {
		return nil
	}
	return in.memory.snapshot()
}

// Why an instance cannot be used again.
var (
	errUndone = errors.New("the guest did what cannot be undone")
	errGrown  = errors.New("the guest's memory cannot shrink")
)

// reset makes the instance what it was when the snapshot was taken. After an
// error it must be thrown away.
func (in *instance) reset() error {
	if in.state.spoiled || in.snapshot.dirty != nil && api.DecodeU32(in.snapshot.dirty.Get()) != 0 {
		return errUndone
	}
	if err := in.restoreMemory(); err != nil {
		return err
	}
	if in.snapshot.restore == nil {
		return nil
	}
	// Whether or not the call's deadline has passed.
	return in.snapshot.restore.CallWithStack(context.Background(), nil)
}

// restoreMemory also takes the memory back to its size: wazero uses what the
// allocator answers, so that growing by a page makes it smaller.
func (in *instance) restoreMemory() error {
	if in.memory == nil {
		return nil
	}
	grown, err := in.memory.restore()
	if err != nil || !grown {
		return err
	}
	if _, ok := in.module.Memory().Grow(1); !ok {
		return errGrown // it has its maximum
	}
	return nil
}

// isTrap tells whether an error of wazero is a trap in the guest's own code,
// after which the instance is whole, if not in order. What ended in the host,
// and what left a stack of megabytes behind, is not kept.
func isTrap(err error) bool {
	text, ok := strings.CutPrefix(err.Error(), "wasm error: ")
	return ok && !strings.HasPrefix(text, "stack overflow")
}
