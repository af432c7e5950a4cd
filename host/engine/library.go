package engine

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sync/singleflight"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/instrument"
)

// libraryBytes bounds the modules whose compiled code stays in memory, by the
// size of their Wasm: machine code takes three to five times that.
const libraryBytes = 128 << 20

// code is one compiled module. It has a wazero runtime of its own, so that
// evicting it gives everything back: types, machine code, host functions.
type code struct {
	digest  string
	size    int64  // of the Wasm
	pages   uint32 // of its initial memory
	runtime wazero.Runtime
	cache   wazero.CompilationCache
	module  wazero.CompiledModule
	added   instrument.Rewritten // names of the exports that came with rewriting
	upload  Upload               // what a manifest said, without the module

	// repeats says that the guest draws random bytes when it starts and cannot
	// draw others later: a snapshot would give them to every call.
	repeats atomic.Bool

	users int           // calls and idle instances that use it; guarded by library.mu
	place *list.Element // in library.recent
}

// library keeps compiled modules by digest, the most recently used ones within
// a bound, and compiles each module once however many calls ask for it.
type library struct {
	disk  *cache
	log   *slog.Logger
	limit int64
	// idle drops the instances of a module that nobody uses, and with them
	// their hold on its code. It is called without mu.
	idle func(digest string)

	flight    singleflight.Group
	compilers chan struct{}  // how many compile at once
	building  sync.WaitGroup // compilations, which outlive a caller that gave up

	mu     sync.Mutex
	codes  map[string]*code
	recent *list.List // of *code, the most recently used in front
	bytes  int64
}

func newLibrary(disk *cache, log *slog.Logger) *library {
	return &library{
		disk: disk, log: log, limit: libraryBytes, idle: func(string) {},
		compilers: make(chan struct{}, runtime.GOMAXPROCS(0)),
		codes:     map[string]*code{}, recent: list.New(),
	}
}

// acquire returns the compiled module of a digest, compiling it if need be.
// The caller must release it.
func (l *library) acquire(ctx context.Context, digest string, load func(context.Context) ([]byte, error)) (*code, error) {
	for {
		if c := l.borrow(digest); c != nil {
			return c, nil
		}
		l.building.Add(1)
		built := l.flight.DoChan(digest, func() (any, error) {
			// Another caller may be waiting for this one's work.
			return nil, l.build(context.WithoutCancel(ctx), digest, load)
		})
		select {
		case result := <-built:
			l.building.Done()
			if result.Err != nil {
				return nil, result.Err
			}
		case <-ctx.Done():
			go func() {
				<-built
				l.building.Done()
			}()
			return nil, interrupted(ctx, ctx.Err())
		}
	}
}

func (l *library) borrow(digest string) *code {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.codes[digest]
	if c != nil {
		c.users++
		l.recent.MoveToFront(c.place)
	}
	return c
}

func (l *library) has(digest string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codes[digest] != nil
}

// retain lets an instance outlive the call that acquired its code; it is
// released like the call's.
func (l *library) retain(c *code) {
	l.mu.Lock()
	c.users++
	l.mu.Unlock()
}

// release gives back what acquire returned.
func (l *library) release(c *code) {
	l.mu.Lock()
	c.users--
	evicted := l.evict()
	l.mu.Unlock()
	l.discard(evicted)
}

// build makes the code of one module and puts it into the library.
func (l *library) build(ctx context.Context, digest string, load func(context.Context) ([]byte, error)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			l.log.Error("panic while compiling", "digest", digest, "panic", r, "stack", string(debug.Stack()))
			err = host.Caused(host.CodeInternal, fmt.Errorf("panic: %v", r), "Internal error")
		}
	}()
	if l.has(digest) { // since the caller looked
		return nil
	}
	wasm, err := load(ctx)
	if err != nil {
		return unloadable(err)
	}
	if sum := sha256.Sum256(wasm); hex.EncodeToString(sum[:]) != digest {
		return host.Caused(host.CodeInternal, fmt.Errorf("the stored module %s has other bytes", digest), "Internal error")
	}
	l.compilers <- struct{}{}
	defer func() { <-l.compilers }()
	c, err := l.compile(ctx, digest, wasm)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.codes[digest] = c
	c.place = l.recent.PushFront(c)
	l.bytes += c.size
	// Nobody uses it yet, and it must not be the one that makes room.
	c.users++
	evicted := l.evict()
	c.users--
	l.mu.Unlock()
	l.discard(evicted)
	l.makeRoom()
	return nil
}

// makeRoom gives up idle instances, the modules used least recently first,
// until the bound is kept.
func (l *library) makeRoom() {
	for _, digest := range l.excess() {
		l.idle(digest)
	}
}

// excess lists the modules to give up, as if nothing ran.
func (l *library) excess() (digests []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	over := l.bytes - l.limit
	for place := l.recent.Back(); place != l.recent.Front() && over > 0; place = place.Prev() {
		c := place.Value.(*code)
		digests = append(digests, c.digest)
		over -= c.size
	}
	return digests
}

// unloadable is the error of a module whose bytes cannot be had: the database
// is away, or it lacks what a release needs, which is no fault of the client.
func unloadable(err error) error {
	if host.CodeOf(err) == host.CodeUnavailable {
		return err
	}
	return host.Caused(host.CodeInternal, err, "Internal error")
}

// evict takes the least recently used codes out until the bound is kept. Those
// in use stay. The caller holds mu, and discards what it gets without.
func (l *library) evict() (evicted []*code) {
	for place := l.recent.Back(); place != nil && l.bytes > l.limit; {
		c, before := place.Value.(*code), place.Prev()
		if c.users == 0 && l.recent.Len() > 1 {
			l.recent.Remove(place)
			delete(l.codes, c.digest)
			l.bytes -= c.size
			evicted = append(evicted, c)
		}
		place = before
	}
	return evicted
}

func (l *library) discard(codes []*code) {
	for _, c := range codes {
		if err := c.close(context.Background()); err != nil {
			l.log.Warn("compiled code was not freed", "digest", c.digest, "error", err)
		}
	}
}

// wait returns when nothing is being compiled.
func (l *library) wait() { l.building.Wait() }

// close frees all code, which nobody may use any more.
func (l *library) close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, c := range l.codes {
		errs = append(errs, c.close(ctx))
	}
	clear(l.codes)
	l.recent.Init()
	l.bytes = 0
	return errors.Join(errs...)
}

// compile makes machine code of an upload's module. Errors: CodeInvalid.
func (l *library) compile(ctx context.Context, digest string, uploaded []byte) (*code, error) {
	upload, err := Unwrap(uploaded)
	if err != nil {
		return nil, err
	}
	m, err := instrument.Inspect(upload.Wasm, maxPages)
	if err != nil {
		return nil, err
	}
	derived, err := instrument.Rewrite(upload.Wasm)
	if err != nil {
		return nil, err
	}
	c := &code{digest: digest, size: m.Size, pages: m.MemoryPages, added: *derived, upload: upload}
	c.added.Wasm, c.upload.Wasm = nil, nil // the runtime has what it needs of them
	entry := l.disk.entry(digest)
	cache, cacheErr := entry.open()
	err = c.build(ctx, derived.Wasm, cache)
	if err == nil && cacheErr == nil {
		cacheErr = entry.seal()
	}
	if err != nil && entry.used {
		// The fault may be the disk's. Without it, it is the module's.
		entry.drop()
		cacheErr = err
		err = c.build(ctx, derived.Wasm, wazero.NewCompilationCache())
	}
	if err != nil {
		return nil, err
	}
	if cacheErr != nil {
		l.log.Warn("compiled code is not kept on disk", "digest", digest, "error", cacheErr)
	}
	return c, nil
}

// build compiles into a new runtime that uses cache.
func (c *code) build(ctx context.Context, wasm []byte, cache wazero.CompilationCache) (err error) {
	c.cache = cache
	c.runtime = newRuntime(ctx, cache, c.added.Budget != "")
	defer func() {
		if err != nil {
			_ = c.close(ctx)
		}
	}()
	if err := instantiateWASI(ctx, c.runtime); err != nil {
		return err
	}
	if err := instantiateEnv(ctx, c.runtime); err != nil {
		return err
	}
	if err := instantiateBulk(ctx, c.runtime); err != nil {
		return err
	}
	if c.module, err = c.runtime.CompileModule(ctx, wasm); err != nil {
		return host.Caused(host.CodeInvalid, err, "The module is invalid: %s", validText([]byte(firstLine(err)), maxLineBytes))
	}
	return nil
}

// features are the extensions of WebAssembly 1.0 that guests may use: what
// package instrument decodes.
const features = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst

// newRuntime makes a runtime for guests that leave to Go by themselves, or for
// others, whose loops wazero then stops at the deadline.
func newRuntime(ctx context.Context, cache wazero.CompilationCache, leaves bool) wazero.Runtime {
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(features).
		WithDebugInfoEnabled(false). // DWARF is large and parsed by code not made for strangers
		WithCompilationCache(cache)
	if !leaves {
		config = config.WithCloseOnContextDone(true).WithMemoryLimitPages(maxPages)
	}
	return wazero.NewRuntimeWithConfig(ctx, config)
}

func (c *code) close(ctx context.Context) error {
	return errors.Join(c.runtime.Close(ctx), c.cache.Close(ctx))
}
