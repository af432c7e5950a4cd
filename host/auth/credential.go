package auth

import (
	"maps"
	"unique"

	"github.com/posternhq/postern/host"
)

// grant is a credential issued here in the form that admission needs. There
// may be millions, so what most have alike they share.
type grant struct {
	id, name string
	expires  int64 // milliseconds since 1970; 0 for never
	access   *access
	disabled bool
}

// key is a grant by secret.
type key struct {
	grant
	hash host.Hash
}

// token is a grant by a JWT, signed with the key kid.
type token struct {
	grant
	kid string
}

// access is what a grant opens, from where and how often.
type access struct {
	environment string // "" for all
	ranges      Ranges
	variables   map[string]string
	rateLimit   *host.RateLimit
	quota       *int64
	// The secret before a rotation works until previousUntil, in
	// milliseconds since 1970; 0 for none.
	previous      host.Hash
	previousUntil int64
}

// What callers have none of. Shared, as all of a Caller's maps are.
var (
	noVariables = map[string]string{}
	noClaims    = map[string]any{}
)

// plain holds the accesses that say nothing but an environment.
var plain = func() map[string]*access {
	out := map[string]*access{"": {variables: noVariables}}
	for _, environment := range host.Environments {
		out[environment] = &access{environment: environment, variables: noVariables}
	}
	return out
}()

func newKey(k *host.Key) *key {
	a := newAccess(&k.Access)
	if k.Quota != nil || !k.PreviousExpiresAt.IsZero() {
		own := *a
		own.previous, own.previousUntil = k.PreviousHash, k.PreviousExpiresAt.Millis()
		if k.Quota != nil {
			quota := *k.Quota
			own.quota = &quota
		}
		a = &own
	}
	return &key{grant: newGrant(k.ID, k.Name, k.ExpiresAt, a, !k.Enabled), hash: k.Hash}
}

func newToken(row *host.Token) *token {
	return &token{
		grant: newGrant(row.ID, row.Name, row.ExpiresAt, newAccess(&row.Access), false),
		kid:   unique.Make(row.KeyID).Value(), // one text for all it signed
	}
}

func newGrant(id, name string, expires host.Time, a *access, disabled bool) grant {
	text := id + name // one allocation instead of two
	return grant{id: text[:len(id)], name: text[len(id):], expires: expires.Millis(), access: a, disabled: disabled}
}

func newAccess(in *host.Access) *access {
	environment := ""
	if in.Environment != nil {
		environment = *in.Environment
	}
	shared, ok := plain[environment]
	if ok && len(in.AllowedIPs) == 0 && len(in.Variables) == 0 && in.RateLimit == nil {
		return shared
	}
	a := &access{environment: environment, ranges: NewRanges(in.AllowedIPs), variables: noVariables}
	if len(in.Variables) > 0 {
		a.variables = maps.Clone(in.Variables)
	}
	if in.RateLimit != nil {
		limit := *in.RateLimit
		a.rateLimit = &limit
	}
	return a
}

// state says why a grant is not in force at the instant now, "" if it is.
func (g *grant) state(now int64) reason {
	switch {
	case g.expires != 0 && now >= g.expires:
		return reasonExpired
	case g.disabled:
		return reasonDisabled
	}
	return ""
}

// byKey resolves the secret of a key. Unknown ones take the way of known ones.
func (t *Table) byKey(secret string, now int64) (holder, error) {
	if isKey(secret) && !host.ValidKeySecret(secret) {
		return holder{}, refuse(reasonChecksum)
	}
	hash := host.HashSecret(secret)
	t.mu.RLock()
	k := t.keys[hash]
	t.mu.RUnlock()
	if k == nil {
		return holder{}, refuse(reasonUnknown)
	}
	if why := k.state(now); why != "" {
		return holder{}, refuse(why)
	}
	if hash != k.hash && now >= k.access.previousUntil {
		return holder{}, refuse(reasonRotated)
	}
	return k.holder(host.CallerKey), nil
}

func (g *grant) holder(kind string) holder {
	return holder{kind: kind, id: g.id, name: g.name, member: g.id, access: g.access, claims: noClaims}
}
