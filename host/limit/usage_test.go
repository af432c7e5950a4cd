package limit_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// TestUsed counts from many sides, through failures of the store.
func TestUsed(t *testing.T) {
	t.Parallel()
	store, c := newMemory(), newClock()
	l := newLimiter(t, store, c)
	store.fail(errAway)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 5_000 {
				l.Used(fmt.Sprintf("key %d", (worker+i)%2_500))
			}
		})
	}
	all.Wait()
	c.advance(time.Minute)
	l.Used("key 7")
	store.fail(nil)
	l.Close()
	if len(store.used) != 2_500 {
		t.Errorf("%d credentials were counted, want 2500", len(store.used))
	}
	for id, used := range store.used {
		want := host.Used{CredentialID: id, Count: 8, LastUsedAt: host.At(c.Now().Add(-time.Minute))}
		if id == "key 7" {
			want = host.Used{CredentialID: id, Count: 9, LastUsedAt: host.At(c.Now())}
		}
		if used != want {
			t.Fatalf("got %+v, want %+v", used, want)
		}
	}
}

// flaky is a store whose first write fails. It tells the size of each batch.
type flaky struct {
	*memory
	calls int
	wrote chan int
}

func (f *flaky) AddUsage(ctx context.Context, used []host.Used) error {
	f.wrote <- len(used)
	if f.calls++; f.calls == 1 {
		return errAway
	}
	return f.memory.AddUsage(ctx, used)
}

// TestUsed_Batches writes by itself, after a failure again, and not too many
// at once.
func TestUsed_Batches(t *testing.T) {
	t.Parallel()
	store := &flaky{memory: newMemory(), wrote: make(chan int)}
	l := newLimiter(t, store, newClock())
	for i := range 1_500 {
		l.Used(fmt.Sprint(i))
	}
	if n := <-store.wrote; n > 1_000 {
		t.Errorf("a batch of %d", n)
	}
	for sum := 0; sum < 1_500; {
		n := <-store.wrote
		if sum += n; n > 1_000 {
			t.Errorf("a batch of %d", n)
		}
	}
	l.Close()
	if len(store.used) != 1_500 || store.used["77"].Count != 1 {
		t.Errorf("%d credentials were counted, the first %+v", len(store.used), store.used["77"])
	}
}

// TestManaged notes the last call of a member, and nothing of it among the
// credentials.
func TestManaged(t *testing.T) {
	t.Parallel()
	store, c := newMemory(), newClock()
	l := newLimiter(t, store, c)
	l.Managed("ada")
	l.Managed("bob")
	early := host.At(c.Now())
	c.advance(time.Minute)
	l.Managed("ada")
	l.Close()
	want := map[string]host.Time{"ada": host.At(c.Now()), "bob": early}
	if !maps.Equal(store.called, want) || len(store.used) > 0 {
		t.Errorf("got %v, want %v; credentials %v", store.called, want, store.used)
	}
}

// TestUsed_WhileWriting counts first uses while the counts are collected: under
// the race detector this shows whether they are taken whole.
func TestUsed_WhileWriting(t *testing.T) {
	t.Parallel()
	for range 20 {
		l := newLimiter(t, newMemory(), newClock())
		var all sync.WaitGroup
		all.Go(l.Close)
		for worker := range 2 {
			all.Go(func() {
				for i := range 200 {
					l.Used(fmt.Sprint(worker, i))
				}
			})
		}
		all.Wait()
	}
}
