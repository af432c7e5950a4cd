package engine

import (
	"container/list"
	"sync"
	"time"
)

// How long an instance is kept unused, and how long a snapshot serves: hash
// seeds and the like are fixed within one.
const (
	idleAge     = time.Minute
	snapshotAge = 10 * time.Minute
)

// key says which calls may use the same instance, one after the other.
type key struct {
	app       string
	digest    string
	pages     uint32
	isolation string
	repeats   bool // Call.RepeatRandom
}

func keyOf(c *Call) key {
	return key{app: c.App, digest: c.Digest, pages: c.MemoryPages, isolation: c.Isolation, repeats: c.RepeatRandom}
}

// pool keeps idle instances. It never waits and makes none: how many there are
// is bounded by how many calls run at once, and here by limit and most.
type pool struct {
	limit   int             // of instances
	most    int64           // of bytes of linear memory
	discard func(*instance) // called without the lock

	sweeping sync.Mutex // held while a sweep discards, so that close can wait for it

	mu     sync.Mutex
	idle   map[key][]*list.Element // the most recently used last
	recent *list.List              // all of them, the most recently used in front
	sweeps *time.Timer             // nil while nothing is idle
	bytes  int64                   // what they hold
	making map[key]bool            // for which an instance is being made in advance
	closed bool
}

func newPool(limit int, most int64, discard func(*instance)) *pool {
	return &pool{limit: limit, most: most, discard: discard, idle: map[key][]*list.Element{}, making: map[key]bool{}, recent: list.New()}
}

// take returns an idle instance, nil if there is none.
func (p *pool) take(k key) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	stack := p.idle[k]
	if len(stack) == 0 {
		return nil
	}
	return p.remove(stack[len(stack)-1])
}

// remove takes an instance out. The caller holds mu.
func (p *pool) remove(place *list.Element) *instance {
	in := p.recent.Remove(place).(*instance)
	p.bytes -= in.held
	stack := p.idle[in.key]
	for i, other := range stack {
		if other == place {
			stack = append(stack[:i], stack[i+1:]...)
			break
		}
	}
	p.idle[in.key] = stack
	if len(stack) == 0 {
		delete(p.idle, in.key)
	}
	return in
}

// put keeps an instance that is ready for the next call.
func (p *pool) put(in *instance) {
	p.mu.Lock()
	in.used = time.Now()
	in.held = in.holds()
	p.bytes += in.held
	place := p.recent.PushFront(in)
	p.idle[in.key] = append(p.idle[in.key], place)
	if p.sweeps == nil && !p.closed {
		p.sweeps = time.AfterFunc(idleAge, p.sweep)
	}
	var old []*instance
	for p.over() || p.closed && p.recent.Len() > 0 {
		old = append(old, p.remove(p.recent.Back()))
	}
	p.mu.Unlock()
	p.discardAll(old)
}

// over tells whether there are too many idle instances. The last one stays: it
// holds no more than a call may. The caller holds mu.
func (p *pool) over() bool {
	return p.recent.Len() > p.limit || p.bytes > p.most && p.recent.Len() > 1
}

// nearlyFull reports whether what room there is should be left to calls.
func (p *pool) nearlyFull() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.recent.Len() >= p.limit/2 || p.bytes > p.most/2
}

// sweep discards what nobody used for a while.
func (p *pool) sweep() {
	p.sweeping.Lock()
	defer p.sweeping.Unlock()
	p.discardAll(p.unused(time.Now().Add(-idleAge)))
}

// unused takes out what was put before then, and sees to the next sweep.
func (p *pool) unused(then time.Time) (old []*instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for back := p.recent.Back(); back != nil && !back.Value.(*instance).used.After(then); back = p.recent.Back() {
		old = append(old, p.remove(back))
	}
	if p.sweeps = nil; p.recent.Len() > 0 {
		p.sweeps = time.AfterFunc(idleAge, p.sweep)
	}
	return old
}

// drop discards the idle instances of a module.
func (p *pool) drop(digest string) {
	p.mu.Lock()
	var old []*instance
	for place := p.recent.Front(); place != nil; {
		next := place.Next()
		if place.Value.(*instance).key.digest == digest {
			old = append(old, p.remove(place))
		}
		place = next
	}
	p.mu.Unlock()
	p.discardAll(old)
}

// ready reports whether an instance is idle.
func (p *pool) ready(k key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle[k]) > 0
}

// replacing asks to make an instance for a key in advance. It is refused while
// one is being made, or one is idle; else replaced must follow.
func (p *pool) replacing(k key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.making[k] || len(p.idle[k]) > 0 {
		return false
	}
	p.making[k] = true
	return true
}

func (p *pool) replaced(k key) {
	p.mu.Lock()
	delete(p.making, k)
	p.mu.Unlock()
}

// close discards everything, and what is put afterwards. When it returns nothing
// is being discarded any more.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.sweeps != nil {
		p.sweeps.Stop()
	}
	var old []*instance
	for p.recent.Len() > 0 {
		old = append(old, p.remove(p.recent.Back()))
	}
	p.mu.Unlock()
	p.discardAll(old)
	p.sweeping.Lock()
	defer p.sweeping.Unlock()
}

func (p *pool) discardAll(old []*instance) {
	for _, in := range old {
		p.discard(in)
	}
}
