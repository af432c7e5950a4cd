package route

import (
	"hash/maphash"
	"maps"
)

// shardCount divides an index. A change copies the array of shards and one
// shard: with thousands of apps, a few kilobytes.
const shardCount = 256

var seed = maphash.MakeSeed()

// index is an immutable map from strings. The zero index is empty.
type index[V comparable] struct{ shards *[shardCount]map[string]V }

func shardOf(key string) uint64 { return maphash.String(seed, key) % shardCount }

func (x index[V]) get(key string) (V, bool) {
	if x.shards == nil {
		var zero V
		return zero, false
	}
	v, ok := x.shards[shardOf(key)][key]
	return v, ok
}

// set returns an index in which key leads to v.
func (x index[V]) set(key string, v V) index[V] {
	return x.edit(key, func(shard map[string]V) { shard[key] = v })
}

// remove returns an index without key, unless key leads to something other
// than v: two apps that trade a domain may be told of in either order.
func (x index[V]) remove(key string, v V) index[V] {
	if current, ok := x.get(key); !ok || current != v {
		return x
	}
	return x.edit(key, func(shard map[string]V) { delete(shard, key) })
}

func (x index[V]) edit(key string, change func(map[string]V)) index[V] {
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
	return index[V]{&shards}
}
