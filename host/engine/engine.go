// Package engine runs modules: it compiles them, gives every call an instance
// of its own, and speaks the Extism ABI with it directly on wazero.
//
// It owns compiled code and its caches, instances, their limits (deadline,
// memory, output, log lines, how many run at once) and the functions of
// extism:host/env. It must not know HTTP, payloads, apps, endpoints, or where
// modules are stored: Call.Load fetches the bytes.
//
// A guest is hostile. Every offset and length it passes is checked, its memory
// (linear memory, Extism blocks and variables together) is bounded by
// Call.MemoryPages, and what it does wrong fails its own call only.
//
// The files, in the order a call goes through them: call.go (Call), library.go
// and cache.go (compiled code in memory and on disk), gate.go (how many at
// once), instance.go (instantiation, language runtimes, the function itself),
// state.go (what one call keeps), memory.go and block.go (memory), abi.go and
// abi_*.go (host functions), log.go (guest logs), failure.go (errors).
//
// # Deadlines
//
// Here a deadline is wazero's WithCloseOnContextDone, which compiles a check
// into every loop. A guest that recurses without a loop is not stopped by it
// before its stack is full or its call tree is done.
//
// # Seams
//
// What comes next has its place: safepoints that replace the check above go
// into instrument.Rewrite and newRuntime (library.go); a snapshot of an
// initialised instance is taken between instance.initialise and instance.call
// (instance.go) and restored by another linearMemory (memory.go) and by
// state.reset; a pool of instances replaces open and close in Engine.run
// (call.go). All that a guest can reach from one call to the next is in state
// and in wazero's instance, nowhere else.
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
)

// Config says where compiled code is kept and how much runs at once.
type Config struct {
	// CacheDir is the directory of compiled code; it is created. Empty keeps
	// compiled code in memory only.
	CacheDir string
	// Concurrency is how many instances run at once (0: eight per core);
	// Queue is how many calls may wait for one (0: four per instance).
	Concurrency, Queue int
	// Log gets what concerns the operator, never what guests log (nil: nothing).
	Log *slog.Logger
}

// idlePerSlot is how many instances are kept for each that may run.
const idlePerSlot = 8

// Engine runs modules. Its methods may be called concurrently.
type Engine struct {
	log     *slog.Logger
	library *library
	gate    *gate
	pool    *pool

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
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	disk, err := openCache(c.CacheDir)
	if err != nil {
		return nil, err
	}
	e := &Engine{log: c.Log, library: newLibrary(disk, c.Log), gate: newGate(c.Concurrency, c.Queue)}
	e.pool = newPool(idlePerSlot*c.Concurrency, e.discard)
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
	code, err := e.library.acquire(ctx, hex.EncodeToString(sum[:]), func(context.Context) ([]byte, error) { return upload, nil })
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
