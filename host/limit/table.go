package limit

import (
	"hash/maphash"
	"math/bits"
	"sync"
)

// shards is how many parts a table has, each with a lock of its own. A set of
// them fits a word.
const shards = 64

// maxRules is how many rules one request may be under.
const maxRules = 3

// table holds buckets by key. It forgets those that are full again, which are
// as good as new, and beyond maxEntries some that will be soon.
type table[K comparable] struct {
	seed  maphash.Seed
	hash  func(maphash.Seed, K) uint64
	most  int // buckets in a shard
	parts [shards]shard[K]
}

type shard[K comparable] struct {
	mu      sync.Mutex
	buckets map[K]*bucket
	_       [48]byte // keeps neighbours off a core's cache line
}

func newTable[K comparable](most int, hash func(maphash.Seed, K) uint64) *table[K] {
	t := &table[K]{seed: maphash.MakeSeed(), hash: hash, most: most / shards}
	for i := range t.parts {
		t.parts[i].buckets = map[K]*bucket{}
	}
	return t
}

func (t *table[K]) shardOf(key K) int { return int(t.hash(t.seed, key) % shards) }

// take charges one request to each of the rules, at most maxRules, or to none
// if one of them refuses. The verdicts are in their order.
func (t *table[K]) take(now int64, rules []rule[K]) (verdicts [maxRules]verdict, admitted bool) {
	var places [maxRules]int
	var set uint64
	for i := range rules {
		places[i] = t.shardOf(rules[i].key)
		set |= 1 << places[i]
	}
	t.lock(set)
	defer t.unlock(set)
	var buckets [maxRules]*bucket
	admitted = true
	for i := range rules {
		r := &rules[i]
		b := t.parts[places[i]].bucket(r.key, t.most)
		b.advance(now, r.interval, r.capacity)
		admitted = admitted && b.used < r.capacity
		buckets[i] = b
	}
	for i := range rules {
		verdicts[i] = buckets[i].settle(now, rules[i].interval, rules[i].capacity, admitted)
	}
	return verdicts, admitted
}

// giveBack undoes what take charged.
func (t *table[K]) giveBack(rules []rule[K]) {
	for i := range rules {
		part := &t.parts[t.shardOf(rules[i].key)]
		part.mu.Lock()
		if b := part.buckets[rules[i].key]; b != nil {
			b.used = max(0, b.used-1)
		}
		part.mu.Unlock()
	}
}

// lock locks the shards of a set, always in the same order.
func (t *table[K]) lock(set uint64) {
	for ; set != 0; set &= set - 1 {
		t.parts[bits.TrailingZeros64(set)].mu.Lock()
	}
}

func (t *table[K]) unlock(set uint64) {
	for ; set != 0; set &= set - 1 {
		t.parts[bits.TrailingZeros64(set)].mu.Unlock()
	}
}

// bucket finds or makes a bucket. It needs the lock.
func (s *shard[K]) bucket(key K, most int) *bucket {
	if b := s.buckets[key]; b != nil {
		return b
	}
	if len(s.buckets) >= most {
		s.evict()
	}
	b := &bucket{}
	s.buckets[key] = b
	return b
}

// evict drops, of a few buckets, the one that is full the soonest: whoever it
// belongs to loses the least.
func (s *shard[K]) evict() {
	var victim K
	soonest, seen := int64(0), 0
	for key, b := range s.buckets {
		if seen == 0 || b.full < soonest {
			victim, soonest = key, b.full
		}
		if seen++; seen == 8 {
			break
		}
	}
	delete(s.buckets, victim)
}

// sweep forgets the full buckets of one shard. They move to a new map, because
// a map keeps the memory of what it once held.
func (t *table[K]) sweep(place int, now int64) {
	part := &t.parts[place]
	part.mu.Lock()
	defer part.mu.Unlock()
	kept := map[K]*bucket{}
	for key, b := range part.buckets {
		if b.full > now {
			kept[key] = b
		}
	}
	if len(kept) < len(part.buckets) {
		part.buckets = kept
	}
}
