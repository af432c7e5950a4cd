package route

import (
	"hash/maphash"
	"iter"
	"maps"
)

// shardCount divides an index. A change copies the array of shards and one
// shard: with thousands of apps, a few kilobytes.
const shardCount = 256

var seed = maphash.MakeSeed()

// Index is an immutable map from strings, of which a changed copy is cheap. The
// zero Index is empty.
type Index[V comparable] struct{ shards *[shardCount]map[string]V }

func shardOf(key string) uint64 { return maphash.String(seed, key) % shardCount }

// Get returns what key leads to.
func (x Index[V]) Get(key string) (V, bool) {
	if x.shards == nil {
		var zero V
		return zero, false
	}
	v, ok := x.shards[shardOf(key)][key]
	return v, ok
}

// Set returns an index in which key leads to v.
func (x Index[V]) Set(key string, v V) Index[V] {
	return x.edit(key, func(shard map[string]V) { shard[key] = v })
}

// Remove returns an index without key, unless key leads to something other
// than v: two apps that trade a domain may be told of in either order.
func (x Index[V]) Remove(key string, v V) Index[V] {
	if current, ok := x.Get(key); !ok || current != v {
		return x
	}
	return x.edit(key, func(shard map[string]V) { delete(shard, key) })
}

// All yields every pair, in no order.
func (x Index[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if x.shards == nil {
			return
		}
		for _, shard := range x.shards {
			for key, v := range shard {
				if !yield(key, v) {
					return
				}
			}
		}
	}
}

func (x Index[V]) edit(key string, change func(map[string]V)) Index[V] {
	var shards [shardCount]map[string]V
	if x.shards != nil {
		shards = *x.shards
	}
	i := shardOf(key)
	shard := maps.Clone(shards[i])
	if shard == nil {
		shard = map[string]V{}
	}
	change(shard)
	shards[i] = shard
	return Index[V]{&shards}
}
