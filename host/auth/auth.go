// Package auth decides who may call: it turns the credential of a request into
// a host.Caller, or refuses, by the policy of the endpoint.
//
// It owns the in-memory table of credentials, the verification of JWTs and the
// rules of admission. It must not know HTTP servers, SQL or modules: it reads
// host.Request and answers from memory. The one thing it may wait for is a
// KeySource that meets a key it has not seen.
package auth

import (
	"context"
	"crypto"
	"sync"

	"github.com/posternhq/postern/host"
)

// KeySource has the public keys that issuers publish.
type KeySource interface {
	// Key returns the key with the id kid, or the only one for "", in the
	// set at url; it is for signatures of the algorithm alg. A known key is
	// answered from memory; for another it may ask the issuer, for a bounded
	// time and not often. Errors: CodeUnavailable if nothing is known of the
	// set because it cannot be had; any other means that there is no such key.
	Key(ctx context.Context, url, kid, alg string) (crypto.PublicKey, error)
}

// Table holds every credential in memory. A change is in force for all
// requests as soon as the method that makes it returns. It is safe for
// concurrent use.
type Table struct {
	source KeySource
	cache  cache

	mu           sync.RWMutex
	organization host.Organization
	keys         map[host.Hash]*key
	keyIDs       map[string]*key
	tokens       map[string]*token
	signing      *signing
	apps         map[string]*app
	members      map[host.Hash]*host.Member
}

// NewTable returns a table that admits nobody. Without a source, issuers that
// publish their keys at a URL cannot be verified.
func NewTable(source KeySource) *Table {
	return &Table{
		source: source, cache: newCache(),
		keys: map[host.Hash]*key{}, keyIDs: map[string]*key{}, tokens: map[string]*token{},
		signing: &signing{}, apps: map[string]*app{}, members: map[host.Hash]*host.Member{},
	}
}

// SetOrganization replaces what is known of the organization and its API key.
func (t *Table) SetOrganization(org *host.Organization) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.organization = *org
	if issuer := host.TokenIssuer(org.ID); t.signing.issuer != issuer {
		t.signing = &signing{issuer: issuer, keys: t.signing.keys}
	}
}

// PutKey adds a key or replaces the one with its id.
func (t *Table) PutKey(k *host.Key) {
	fresh := newKey(k)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropKey(k.ID)
	putKey(t.keys, t.keyIDs, fresh)
}

// DropKey removes the key with the id, if there is one.
func (t *Table) DropKey(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropKey(id)
}

// ReplaceKeys makes the keys that each passes on the only ones there are. They
// are taken one by one, because there may be millions. If each fails, its error
// is returned and nothing changes.
func (t *Table) ReplaceKeys(each func(func(*host.Key)) error) error {
	byHash, byID := map[host.Hash]*key{}, map[string]*key{}
	if err := each(func(k *host.Key) { putKey(byHash, byID, newKey(k)) }); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys, t.keyIDs = byHash, byID
	return nil
}

func putKey(byHash map[host.Hash]*key, byID map[string]*key, k *key) {
	byHash[k.hash], byID[k.id] = k, k
	if k.access.previousUntil != 0 {
		byHash[k.access.previous] = k
	}
}

// dropKey needs the write lock.
func (t *Table) dropKey(id string) {
	old, ok := t.keyIDs[id]
	if !ok {
		return
	}
	delete(t.keyIDs, id)
	for _, hash := range []host.Hash{old.hash, old.access.previous} {
		if t.keys[hash] == old {
			delete(t.keys, hash)
		}
	}
}

// PutToken adds a token or replaces the one with its id.
func (t *Table) PutToken(row *host.Token) {
	fresh := newToken(row)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tokens[fresh.id] = fresh
}

// DropToken removes the token with the id, if there is one.
func (t *Table) DropToken(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tokens, id)
}

// ReplaceTokens makes rows the only tokens there are.
func (t *Table) ReplaceTokens(rows []*host.Token) {
	tokens := make(map[string]*token, len(rows))
	for _, row := range rows {
		fresh := newToken(row)
		tokens[fresh.id] = fresh
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tokens = tokens
}

// SetSigningKeys makes keys the only ones that verify tokens.
func (t *Table) SetSigningKeys(keys []*host.SigningKey) {
	byID := make(map[string]crypto.PublicKey, len(keys))
	for _, k := range keys {
		byID[k.ID] = k.PublicKey
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.signing = &signing{issuer: t.signing.issuer, keys: byID}
}

// SetIssuers makes issuers the only ones of an app.
func (t *Table) SetIssuers(appID string, issuers []*host.Issuer) {
	fresh := app{}
	fresh.addIssuers(issuers)
	t.change(appID, func(a *app) { a.issuers = fresh.issuers })
}

// SetGroups makes groups the only key groups of an app.
func (t *Table) SetGroups(appID string, groups []*host.KeyGroup) {
	fresh := app{}
	fresh.addGroups(groups)
	t.change(appID, func(a *app) { a.groups = fresh.groups })
}

// ReplaceApps makes these the only issuers and key groups there are, of
// whatever app.
func (t *Table) ReplaceApps(issuers []*host.Issuer, groups []*host.KeyGroup) {
	apps := map[string]*app{}
	of := func(id string) *app {
		if apps[id] == nil {
			apps[id] = &app{}
		}
		return apps[id]
	}
	for _, row := range issuers {
		of(row.AppID).addIssuers([]*host.Issuer{row})
	}
	for _, g := range groups {
		of(g.AppID).addGroups([]*host.KeyGroup{g})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.apps = apps
}

// change replaces what is known of an app by a changed copy.
func (t *Table) change(appID string, edit func(*app)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := app{}
	if old := t.apps[appID]; old != nil {
		next = *old
	}
	edit(&next)
	t.apps[appID] = &next
}

// DropApp forgets the issuers and key groups of an app.
func (t *Table) DropApp(appID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.apps, appID)
}
