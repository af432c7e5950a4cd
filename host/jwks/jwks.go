// Package jwks has the public keys that issuers of JWTs publish as JWK sets
// (RFC 7517) at a URL.
//
// It owns the copies of the sets, when they are fetched and which of their
// keys are good for signatures. It must not know who the issuers are or what
// is signed; the client it is given decides what may be connected to.
package jwks

import (
	"context"
	"crypto"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posternhq/postern/host"
)

// When sets are fetched.
const (
	// floor is the least time between two fetches of a URL: whoever makes up
	// key ids must not make requests of them.
	floor = 30 * time.Second
	// interval is how often a set is fetched anyway, to see keys go.
	interval = 15 * time.Minute
	// Patience bounds a fetch, and so the wait for a key.
	Patience = 5 * time.Second
	// memory is how long a set that nobody asks for is kept.
	memory = 24 * time.Hour
)

// ErrNoKey is Key's error for a key that a set does not have, or not for the
// algorithm.
var ErrNoKey = errors.New("the issuer publishes no such key")

// Sets are the JWK sets that were asked for. It is safe for concurrent use.
type Sets struct {
	client *http.Client
	log    *slog.Logger

	mu   sync.RWMutex
	sets map[string]*set // by URL
}

// New returns Sets that are fetched with the client.
func New(client *http.Client, log *slog.Logger) *Sets {
	return &Sets{client: client, log: log, sets: map[string]*set{}}
}

// set is the copy of one JWK set.
type set struct {
	url  string
	ring atomic.Pointer[ring] // nil before the first fetch that went well
	used atomic.Int64         // Unix seconds

	mu      sync.Mutex
	fetched time.Time     // when the newest fetch began
	done    chan struct{} // closed when it ends; nil before the first
}

// Key returns the key with the id kid, or the only one for "", of the set at
// url, for signatures of the algorithm alg. A key that is not known makes it
// fetch the set, together with all who ask meanwhile, unless that was done in
// the last 30 seconds; a fetch that fails leaves the keys that are known.
// Errors: ErrNoKey; a *host.Error of CodeUnavailable if the set was never had
// or ctx ends first.
func (s *Sets) Key(ctx context.Context, url, kid, alg string) (crypto.PublicKey, error) {
	from := s.set(url)
	from.used.Store(time.Now().Unix())
	if key, known := from.ring.Load().find(kid, alg); known {
		return found(key)
	}
	select {
	case <-s.fetch(from, floor):
	case <-ctx.Done():
		return nil, host.Caused(host.CodeUnavailable, ctx.Err(), "The keys of the credential's issuer were not there in time")
	}
	keys := from.ring.Load()
	if keys == nil {
		return nil, host.Errorf(host.CodeUnavailable, "The keys of the credential's issuer cannot be fetched at the moment")
	}
	key, _ := keys.find(kid, alg)
	return found(key)
}

func found(key crypto.PublicKey) (crypto.PublicKey, error) {
	if key == nil {
		return nil, ErrNoKey
	}
	return key, nil
}

func (s *Sets) set(url string) *set {
	s.mu.RLock()
	known := s.sets[url]
	s.mu.RUnlock()
	if known != nil {
		return known
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets[url] == nil {
		s.sets[url] = &set{url: url}
	}
	return s.sets[url]
}

// fetch begins a fetch unless one began in the time least, and returns what is
// closed when the newest has ended.
func (s *Sets) fetch(from *set, least time.Duration) <-chan struct{} {
	from.mu.Lock()
	defer from.mu.Unlock()
	if from.done != nil && time.Since(from.fetched) < least {
		return from.done
	}
	from.fetched, from.done = time.Now(), make(chan struct{})
	// Not the context of whoever asks: others wait for it too.
	go func(done chan struct{}) {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		keys, err := s.download(ctx, from.url)
		if err != nil {
			s.log.Warn("fetching an issuer's keys", "url", from.url, "error", err)
			return
		}
		from.ring.Store(keys)
	}(from.done)
	return from.done
}

// Follow fetches every set anew from time to time until ctx ends.
func (s *Sets) Follow(ctx context.Context) {
	ticker := time.NewTicker(interval / 15)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, each := range s.remembered() {
				s.fetch(each, interval)
			}
		}
	}
}

// remembered lists the sets after forgetting those that nobody asks for.
func (s *Sets) remembered() []*set {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*set
	for url, each := range s.sets {
		if time.Since(time.Unix(each.used.Load(), 0)) > memory {
			delete(s.sets, url)
			continue
		}
		out = append(out, each)
	}
	return out
}
