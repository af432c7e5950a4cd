// Package engine runs modules: it compiles them, keeps instances that serve one
// call after the other, each from the same clean state, and speaks the Extism
// ABI with them directly on wazero.
//
// It owns compiled code and its caches, instances, their limits (deadline,
// memory, output, log lines, how many run at once and for whom) and the
// functions of extism:host/env. It must not know HTTP, payloads, where modules
// are stored (Call.Load fetches the bytes), or what data operations do: it
// carries their JSON. An app and an endpoint are names to it, which keep
// instances apart and shares fair.
//
// A guest is hostile. Every offset and length it passes is checked, its memory
// (linear memory, Extism blocks and variables together) is bounded by
// Call.MemoryPages, and what it does wrong fails its own call only.
//
// The files, in the order a call goes through them: call.go (Call), library.go
// and code.go (compiled code in memory), cache.go and entry.go (on disk), gate.go (who may run),
// kept.go and pool.go (instances that last), instance.go (instantiation,
// language runtimes, the function itself), safepoint.go and context.go (deadlines), reset.go
// (back to the snapshot), state.go (what one call keeps), memory*.go,
// written_linux.go and block.go (memory), abi.go and abi_*.go (host functions),
// log.go (guest logs), failure.go (errors).
//
// # Isolation
//
// With host.IsolationReset an instance is started and warmed up once, a
// snapshot is taken, and after every call everything goes back to it: the
// content and the size of memory (memory.go), globals and tables (by code that
// package instrument adds to the guest), Extism blocks, variables and logs
// (state.go). What does not go back, such as a dropped segment, a closed file or
// a guest that ended within a host function, ends the instance; another is made
// in the background. Snapshots are made anew from time to time.
//
// # Deadlines
//
// Compiled code never comes to Go by itself, and a guest in a loop would hold
// up the garbage collector and with it the host. Package instrument makes it
// come, many times a millisecond: there the scheduler gets its turn and the
// deadline ends the guest. The context of host functions ends with it, too.
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"runtime"
	"strings"
	"sync"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// Config says where compiled code is kept and how much runs at once.
type Config struct {
	// CacheDir is the directory of compiled code; it is created. Empty keeps
	// compiled code in memory only.
	CacheDir string
	// Concurrency is how many instances run at once (0: eight per core);
	// Queue is how many calls may wait for one (0: four per instance).
	Concurrency, Queue int
	// Memory bounds, in bytes, what compiled modules take, and then again what
	// the linear memories of instances take that wait for a call (0: 512 MiB).
	// What is in use is never given up.
	Memory int64
	// Operations are the data operations that modules may import.
	Operations []capability.Operation
	// Log gets what concerns the operator, never what guests log (nil: nothing).
	Log *slog.Logger
}

// DefaultMemory is the default of Config.Memory.
const DefaultMemory = 512 << 20

// idlePerSlot is how many instances are kept for each that may run.
const idlePerSlot = 8

// Engine runs modules. Its methods may be called concurrently.
type Engine struct {
	log     *slog.Logger
	library *library
	gate    *gate
	pool    *pool
	// memory makes that of an instance which is to be reset.
	memory func(b *budget, most uint64) memory

	mu      sync.Mutex
	closing bool
	calls   sync.WaitGroup
}

// Open makes an Engine; Close it after its last call.
func Open(_ context.Context, c Config) (_ *Engine, err error) {
	defer host.Wrap(&err, "engine.Open(%q)", c.CacheDir)
	if c.Concurrency <= 0 {
		c.Concurrency = 8 * runtime.GOMAXPROCS(0)
	}
	if c.Queue <= 0 {
		c.Queue = 4 * c.Concurrency
	}
	if c.Memory <= 0 {
		c.Memory = DefaultMemory
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	disk, err := openCache(c.CacheDir)
	if err != nil {
		return nil, err
	}
	e := &Engine{log: c.Log, library: newLibrary(disk, newOffer(c.Operations), c.Memory, c.Log), gate: newGate(c.Concurrency, c.Queue), memory: newMemory}
	e.pool = newPool(idlePerSlot*c.Concurrency, c.Memory, e.discard)
	e.library.idle = e.pool.drop
	return e, nil
}

// Close refuses new calls, waits for those under way and frees the compiled
// code. If ctx is done before they are, it returns its error and frees
// nothing, because machine code must not go away under a running guest.
func (e *Engine) Close(ctx context.Context) (err error) {
	defer host.Wrap(&err, "engine.Close")
	e.mu.Lock()
	e.closing = true
	e.mu.Unlock()
	done := make(chan struct{})
	go func() {
		e.calls.Wait()
		e.library.wait()
		close(done)
	}()
	select {
	case <-done:
		e.pool.close()
		return e.library.close(context.WithoutCancel(ctx))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin counts a call in, so that Close waits for it; end counts it out.
func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return host.Errorf(host.CodeUnavailable, "The host is shutting down")
	}
	e.calls.Add(1)
	return nil
}

func (e *Engine) end() { e.calls.Done() }

// Check decides whether an upload's module can run, and leaves its compiled code in the
// caches. It does not run any of it. Errors: CodeInvalid with one sentence for
// the module's author.
func (e *Engine) Check(ctx context.Context, upload []byte) (err error) {
	defer host.Wrap(&err, "engine.Check")
	defer e.rescue(&err)
	if err := e.begin(); err != nil {
		return err
	}
	defer e.end()
	sum := sha256.Sum256(upload)
	code, err := e.library.prepare(ctx, hex.EncodeToString(sum[:]), func(context.Context) ([]byte, error) { return upload, nil })
	if err != nil {
		return err
	}
	e.library.release(code)
	return nil
}

// firstLine cuts an error's text to one line for a sentence.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
