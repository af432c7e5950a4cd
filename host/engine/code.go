package engine

import (
	"container/list"
	"context"
	"errors"
	"sync/atomic"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/instrument"
)

// code is one compiled module. It has a wazero runtime of its own, so that
// evicting it gives everything back: types, machine code, host functions.
type code struct {
	digest  string
	pages   uint32 // of its initial memory
	bytes   int64  // of memory that it takes, as far as that can be known
	runtime wazero.Runtime
	cache   wazero.CompilationCache
	module  wazero.CompiledModule
	added   instrument.Rewritten // names of the exports that came with rewriting
	upload  Upload               // what a manifest said, without the module
	admits  func(string) bool    // which hosts it allows; nil for all
	// operates says that the module imports data operations.
	operates bool

	// repeats says that the guest draws random bytes when it starts and cannot
	// draw others later: a snapshot would give them to every call.
	repeats atomic.Bool

	// The library's, guarded by its mu.
	users   int           // calls and idle instances that use it
	place   *list.Element // in recent
	called  bool          // by a request, not only prepared for one
	unnoted bool          // called since that was last noted on disk
}

// derived is what is made of an upload, ready to be compiled.
type derived struct {
	facts
	wasm []byte
}

// factsVersion names what facts hold. It rises when that changes.
const factsVersion = "2"

// facts are what is known of a module beside its code. They are kept on disk
// with it.
type facts struct {
	Pages  uint32
	Added  instrument.Rewritten // without the binary
	Upload Upload               // likewise
}

// derive reads and rewrites an upload. Errors: CodeInvalid.
func derive(uploaded []byte) (*derived, error) {
	upload, err := Unwrap(uploaded)
	if err != nil {
		return nil, err
	}
	m, err := instrument.Inspect(upload.Wasm, maxPages)
	if err != nil {
		return nil, err
	}
	added, err := instrument.Rewrite(upload.Wasm)
	if err != nil {
		return nil, err
	}
	d := &derived{wasm: added.Wasm, facts: facts{Pages: m.MemoryPages, Added: *added, Upload: upload}}
	d.Added.Wasm, d.Upload.Wasm = nil, nil
	return d, nil
}

// What a compiled module takes beside its machine code.
const (
	// runtimeBytes is a runtime with the host functions.
	runtimeBytes = 256 << 10
	// codeRatio is the size of machine code by that of the binary, for modules
	// whose machine code cannot be measured: it lies between two and four.
	codeRatio = 4
)

// compile makes the code in memory. Errors: CodeInvalid.
func (d *derived) compile(ctx context.Context, digest string, o offer) (*code, error) {
	c := newCode(digest, &d.facts)
	c.bytes = runtimeBytes + (1+codeRatio)*int64(len(d.wasm))
	return c, c.build(ctx, d.wasm, wazero.NewCompilationCache(), o)
}

func newCode(digest string, f *facts) *code {
	return &code{digest: digest, pages: f.Pages, added: f.Added, upload: f.Upload, admits: admits(f.Upload.AllowedHosts)}
}

// build compiles wasm into a new runtime that uses cache and offers o. Errors:
// CodeInvalid.
func (c *code) build(ctx context.Context, wasm []byte, cache wazero.CompilationCache, o offer) (err error) {
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
	for module := range o {
		if err := o.instantiate(ctx, c.runtime, module); err != nil {
			return err
		}
	}
	if c.module, err = c.runtime.CompileModule(ctx, wasm); err != nil {
		return host.Caused(host.CodeInvalid, err, "The module is invalid: %s", validText([]byte(firstLine(err)), maxLineBytes))
	}
	c.operates = operates(c.module)
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
