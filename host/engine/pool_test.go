package engine

import (
	"testing"
	"time"
)

// discards makes a pool that counts what it discards.
func discards(limit int) (*pool, *[]*instance) {
	gone := new([]*instance)
	return newPool(limit, 1<<40, func(in *instance) { *gone = append(*gone, in) }), gone
}

func idleInstance(app, digest string) *instance {
	return &instance{key: key{app: app, digest: digest}, state: newState(1)}
}

func TestPool_Take(t *testing.T) {
	t.Parallel()
	p, gone := discards(10)
	defer p.close()
	a, b := idleInstance("a", "x"), idleInstance("b", "x")
	p.put(a)
	p.put(b)
	if p.take(key{app: "c", digest: "x"}) != nil || p.take(a.key) != a || p.take(a.key) != nil || p.take(b.key) != b {
		t.Error("a call would get another's instance")
	}
	if len(*gone) > 0 || p.recent.Len() > 0 || len(p.idle) > 0 {
		t.Errorf("%d were discarded, %d are kept", len(*gone), p.recent.Len())
	}
}

func TestPool_Limit(t *testing.T) {
	t.Parallel()
	p, gone := discards(2)
	defer p.close()
	a, b, c := idleInstance("a", "x"), idleInstance("b", "x"), idleInstance("a", "x")
	p.put(a)
	p.put(b)
	p.put(c)
	if len(*gone) != 1 || (*gone)[0] != a {
		t.Errorf("discarded %v, want the one used least recently", *gone)
	}
	if p.take(a.key) != c {
		t.Error("the one used last is not the first to serve")
	}
}

func TestPool_Unused(t *testing.T) {
	t.Parallel()
	p, _ := discards(10)
	defer p.close()
	old, young := idleInstance("a", "x"), idleInstance("a", "x")
	p.put(old)
	p.put(young)
	then := old.used
	young.used = then.Add(time.Second)
	if gone := p.unused(then); len(gone) != 1 || gone[0] != old || p.sweeps == nil {
		t.Errorf("took out %v", gone)
	}
	if gone := p.unused(young.used); len(gone) != 1 || p.sweeps != nil {
		t.Errorf("took out %v, and a sweep is due: %v", gone, p.sweeps != nil)
	}
}

func TestPool_Drop(t *testing.T) {
	t.Parallel()
	p, gone := discards(10)
	defer p.close()
	p.put(idleInstance("a", "x"))
	p.put(idleInstance("b", "x"))
	p.put(idleInstance("a", "y"))
	p.drop("x")
	if len(*gone) != 2 || p.take(key{app: "a", digest: "y"}) == nil {
		t.Errorf("discarded %v", *gone)
	}
}

func TestPool_Close(t *testing.T) {
	t.Parallel()
	p, gone := discards(10)
	p.put(idleInstance("a", "x"))
	p.close()
	p.put(idleInstance("a", "x"))
	if len(*gone) != 2 || p.recent.Len() > 0 || len(p.idle) > 0 {
		t.Errorf("discarded %d, kept %d", len(*gone), p.recent.Len())
	}
}

// TestPool_CloseDuringSweep: what a sweep took out is discarded when the pool is
// closed, because compiled code goes away then.
func TestPool_CloseDuringSweep(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan bool), make(chan bool)
	discarded := false
	p := newPool(10, 1<<40, func(*instance) {
		close(begun)
		<-goOn
		discarded = true
	})
	in := idleInstance("a", "x")
	p.put(in)
	in.used = in.used.Add(-2 * idleAge)
	go p.sweep()
	<-begun
	close(goOn)
	p.close()
	if !discarded {
		t.Error("the pool was closed before the instance was")
	}
}

// TestPool_Replacing: one instance at a time is made in advance.
func TestPool_Replacing(t *testing.T) {
	t.Parallel()
	p, _ := discards(10)
	defer p.close()
	in := idleInstance("a", "x")
	if !p.replacing(in.key) || p.replacing(in.key) {
		t.Error("two are made at once")
	}
	p.replaced(in.key)
	p.put(in)
	if p.replacing(in.key) {
		t.Error("one is made although one is idle")
	}
}
