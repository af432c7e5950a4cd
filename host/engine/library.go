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
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/posternhq/postern/host"
)

// library keeps compiled modules by digest, the most recently used ones within
// a bound, and compiles each module once however many calls ask for it.
type library struct {
	disk  *cache
	offer offer
	log   *slog.Logger
	limit int64 // of bytes
	// idle drops the instances of a module that nobody uses, and with them
	// their hold on its code. It is called without mu.
	idle func(digest string)

	flight    singleflight.Group
	compilers chan struct{}  // how many compile at once; loading is no compiling
	building  sync.WaitGroup // compilations, which outlive a caller that gave up, and collections

	mu     sync.Mutex
	codes  map[string]*code
	recent *list.List // of *code, the most recently used in front
	bytes  int64
	freed  int64 // of them since the collector was last asked for
}

func newLibrary(disk *cache, o offer, limit int64, log *slog.Logger) *library {
	return &library{
		disk: disk, offer: o, log: log, limit: limit, idle: func(string) {},
		compilers: make(chan struct{}, spareCores()),
		codes:     map[string]*code{}, recent: list.New(),
	}
}

// spareCores is how many cores work ahead of requests: one is for serving.
func spareCores() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// acquire returns the compiled module of a digest for a call, loading or
// compiling it if need be. The caller must release it.
func (l *library) acquire(ctx context.Context, digest string, load func(context.Context) ([]byte, error)) (*code, error) {
	return l.get(ctx, digest, load, true)
}

// prepare is acquire ahead of any call: it puts the module behind those that
// were called.
func (l *library) prepare(ctx context.Context, digest string, load func(context.Context) ([]byte, error)) (*code, error) {
	return l.get(ctx, digest, load, false)
}

func (l *library) get(ctx context.Context, digest string, load func(context.Context) ([]byte, error), call bool) (*code, error) {
	for {
		if c := l.borrow(digest, call); c != nil {
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

func (l *library) borrow(digest string, call bool) *code {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.codes[digest]
	switch {
	case c == nil:
		return nil
	case call:
		c.called, c.unnoted = true, true
		l.recent.MoveToFront(c.place)
	case !c.called:
		l.recent.MoveToBack(c.place)
	}
	c.users++
	return c
}

// has reports whether a module's code is in memory.
func (l *library) has(digest string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codes[digest] != nil
}

// nearlyFull reports whether what room there is should be left to calls: there
// is none for another module of average size and some to spare.
func (l *library) nearlyFull() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes+l.bytes/int64(max(1, l.recent.Len())) > l.limit/8*7
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
	c, err := l.produce(ctx, digest, load)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.codes[digest] = c
	c.place = l.recent.PushFront(c)
	l.bytes += c.bytes
	// Nobody uses it yet, and it must not be the one that makes room.
	c.users++
	evicted := l.evict()
	c.users--
	l.mu.Unlock()
	l.discard(evicted)
	l.makeRoom()
	return nil
}

// produce makes the code of a module, of what is on disk if it can.
func (l *library) produce(ctx context.Context, digest string, load func(context.Context) ([]byte, error)) (*code, error) {
	if c, err := l.disk.load(ctx, digest, l.offer); err == nil {
		return c, nil
	}
	wasm, err := load(ctx)
	if err != nil {
		return nil, unloadable(err)
	}
	if sum := sha256.Sum256(wasm); hex.EncodeToString(sum[:]) != digest {
		return nil, host.Caused(host.CodeInternal, fmt.Errorf("the stored module %s has other bytes", digest), "Internal error")
	}
	l.compilers <- struct{}{}
	defer func() { <-l.compilers }()
	d, err := derive(wasm)
	if err != nil {
		return nil, err
	}
	c, err := l.keep(ctx, digest, d)
	if err == nil {
		return c, nil
	}
	// The fault may be the disk's. Without it, it is the module's.
	c, invalid := d.compile(ctx, digest, l.offer)
	if invalid != nil {
		return nil, invalid
	}
	if !errors.Is(err, errNoCode) {
		l.log.Warn("compiled code is not kept on disk", "digest", digest, "error", err)
	}
	return c, nil
}

// keep compiles to the disk and loads what is there then: so it is known to be
// of use, and the bodies of functions do not stay in memory.
func (l *library) keep(ctx context.Context, digest string, d *derived) (*code, error) {
	if l.disk.dir == "" {
		return nil, errNoCode
	}
	err := l.disk.add(digest, func(dir string) error { return d.fill(ctx, dir) })
	if err != nil {
		return nil, err
	}
	return l.disk.load(ctx, digest, l.offer)
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
		over -= c.bytes
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
			l.bytes -= c.bytes
			evicted = append(evicted, c)
		}
		place = before
	}
	return evicted
}

func (l *library) discard(codes []*code) {
	for _, c := range codes {
		if c.unnoted {
			l.disk.noteUse(c.digest, time.Now())
		}
		if err := c.close(context.Background()); err != nil {
			l.log.Warn("compiled code was not freed", "digest", c.digest, "error", err)
		}
	}
	l.collect(codes)
}

// collect has the garbage collector run when much was discarded: wazero gives
// machine code back to the system in finalizers, and what it takes does not
// make the collector run by itself.
func (l *library) collect(codes []*code) {
	l.mu.Lock()
	for _, c := range codes {
		l.freed += c.bytes
	}
	due := l.freed > l.limit/16
	if due {
		l.freed = 0
	}
	l.mu.Unlock()
	if due {
		l.building.Go(runtime.GC)
	}
}

// wait returns when nothing is being compiled.
func (l *library) wait() { l.building.Wait() }

// noteUse keeps on disk which modules were called since the last time, and in
// which order, for the next start.
func (l *library) noteUse() {
	l.mu.Lock()
	var digests []string
	for place := l.recent.Front(); place != nil; place = place.Next() {
		if c := place.Value.(*code); c.unnoted {
			c.unnoted = false
			digests = append(digests, c.digest)
		}
	}
	l.mu.Unlock()
	now := time.Now()
	for i, digest := range digests {
		l.disk.noteUse(digest, now.Add(-time.Duration(i)*time.Millisecond))
	}
}

// close frees all code, which nobody may use any more.
func (l *library) close(ctx context.Context) error {
	l.wait()
	l.noteUse()
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
