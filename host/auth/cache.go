package auth

import (
	"crypto"
	"strings"
	"sync"
)

// cacheBytes bounds the JWTs, by their own size, in each of the cache's two
// generations. What is kept of one is some times its size.
const cacheBytes = 4 << 20

// verified is a JWT whose signature and claims were checked, with what they
// were checked against.
type verified struct {
	until int64 // milliseconds since 1970

	// Of a token issued here.
	tokenID string
	signing *signing

	// Of an issuer's; nil for a token issued here.
	issuer *issuer
	key    crypto.PublicKey
	alg    string
	holder holder

	kid string
}

// cacheKey is a JWT and the app that it was verified for. It is the text itself
// and not its SHA-256: to hash half a kilobyte takes longer than all else that
// a remembered JWT costs.
type cacheKey struct{ text, app string }

// cache remembers verified JWTs, so that a signature is checked once. It is
// two generations: when the younger is full it becomes the older, whose
// entries are forgotten unless they were used meanwhile.
type cache struct {
	mu     sync.RWMutex
	young  map[cacheKey]*verified
	old    map[cacheKey]*verified
	filled int // bytes of texts in young
}

func newCache() cache { return cache{young: map[cacheKey]*verified{}} }

func (c *cache) get(key cacheKey) *verified {
	c.mu.RLock()
	v := c.young[key]
	older := v == nil
	if older {
		v = c.old[key]
	}
	c.mu.RUnlock()
	if older && v != nil {
		c.put(key, v)
	}
	return v
}

func (c *cache) put(key cacheKey, v *verified) {
	key.text = strings.Clone(key.text) // not the request it is a part of
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young[key] == nil {
		c.filled += len(key.text)
	}
	if c.filled > cacheBytes {
		c.old, c.young, c.filled = c.young, map[cacheKey]*verified{}, len(key.text)
	}
	c.young[key] = v
}
