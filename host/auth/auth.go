// Package auth decides who may call: it turns the credential of a request into
// a host.Caller, or refuses, by the policy of the endpoint.
//
// It owns the in-memory table of credentials and the rules of admission. It
// must not know HTTP servers, SQL or modules: it reads host.Request and never
// waits for anything.
package auth

import (
	"crypto/subtle"
	"sync"

	"github.com/posternhq/postern/host"
)

// Table holds every credential in memory. A change is in force for all
// requests as soon as the method that makes it returns. It is safe for
// concurrent use.
type Table struct {
	mu           sync.RWMutex
	organization host.Organization
	byHash       map[host.Hash]*credential
	byID         map[string]*credential
}

// credential is a key in the form that admission needs.
type credential struct {
	key    host.Key
	ranges Ranges
	caller host.Caller
}

// NewTable returns a table that admits nobody.
func NewTable() *Table {
	return &Table{byHash: map[host.Hash]*credential{}, byID: map[string]*credential{}}
}

// SetOrganization replaces what is known of the organization and its API key.
func (t *Table) SetOrganization(org *host.Organization) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.organization = *org
}

// PutKey adds a key or replaces the one with its id.
func (t *Table) PutKey(key *host.Key) {
	c := newCredential(key)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(key.ID)
	t.byHash[key.Hash], t.byID[key.ID] = c, c
}

// DropKey removes the key with the id, if there is one.
func (t *Table) DropKey(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(id)
}

// ReplaceKeys makes keys the only ones there are.
func (t *Table) ReplaceKeys(keys []*host.Key) {
	byHash := make(map[host.Hash]*credential, len(keys))
	byID := make(map[string]*credential, len(keys))
	for _, key := range keys {
		c := newCredential(key)
		byHash[key.Hash], byID[key.ID] = c, c
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byHash, t.byID = byHash, byID
}

// drop needs the write lock.
func (t *Table) drop(id string) {
	if old, ok := t.byID[id]; ok {
		delete(t.byHash, old.key.Hash)
		delete(t.byID, id)
	}
}

func newCredential(key *host.Key) *credential {
	c := &credential{key: *key, ranges: NewRanges(key.AllowedIPs)}
	c.caller = host.Caller{
		Kind: host.CallerKey, ID: key.ID, Name: key.Name,
		Groups: []string{}, Variables: key.Variables, Claims: map[string]any{},
	}
	if c.caller.Variables == nil {
		c.caller.Variables = map[string]string{}
	}
	if key.Environment != nil {
		c.caller.Environment = *key.Environment
	}
	return c
}

// key finds a key by its secret.
func (t *Table) key(secret string) *credential {
	hash := host.HashSecret(secret)
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byHash[hash]
}

// Organization admits a management call by the organization API key. Errors:
// CodeUnauthorized for a missing, unknown or replaced key, CodeForbidden while
// the key is suspended.
func (t *Table) Organization(secret string) error {
	hash := host.HashSecret(secret)
	t.mu.RLock()
	defer t.mu.RUnlock()
	known := t.organization.ID != "" && subtle.ConstantTimeCompare(hash[:], t.organization.KeyHash[:]) == 1
	if !known {
		return host.Errorf(host.CodeUnauthorized, "Invalid or revoked API key")
	}
	if !t.organization.APIKeyEnabled {
		return host.Errorf(host.CodeForbidden, "The organization API key is suspended")
	}
	return nil
}
