package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
)

// signing is what verifies the tokens issued here. It is immutable: a change
// makes another, which no cached JWT was verified with.
type signing struct {
	issuer string
	keys   map[string]crypto.PublicKey
}

// algorithmOfTokens is the one that tokens issued here are signed with.
const algorithmOfTokens = "EdDSA"

// byJWT resolves a JWT at an app.
func (t *Table) byJWT(ctx context.Context, appID, text string, now int64) (holder, error) {
	key := cacheKey{text, appID}
	if v := t.cache.get(key); v != nil && now < v.until && t.stands(ctx, v, appID) {
		return t.holderOf(v, now)
	}
	p, why := parseJWT(text)
	if why != "" {
		return holder{}, refuse(why)
	}
	var v *verified
	var err error
	if strings.HasPrefix(p.issuer, host.TokenIssuerPrefix) {
		v, err = t.verifyToken(p, now)
	} else {
		v, err = t.verifyForeign(ctx, appID, p, now)
	}
	if err != nil {
		return holder{}, err
	}
	t.cache.put(key, v)
	return t.holderOf(v, now)
}

// stands reports whether what a JWT was verified with is still in force.
func (t *Table) stands(ctx context.Context, v *verified, appID string) bool {
	if v.issuer == nil {
		t.mu.RLock()
		defer t.mu.RUnlock()
		return t.signing == v.signing
	}
	if t.app(appID).issuers[v.issuer.name] != v.issuer {
		return false
	}
	if v.issuer.url == "" {
		return true
	}
	// The issuer may have withdrawn the key.
	key, err := t.source.Key(ctx, v.issuer.url, v.kid, v.alg)
	return err == nil && sameKey(key, v.key)
}

// verifyToken verifies a JWT that claims to be a token issued here. Whether
// there is such a token is for holderOf.
func (t *Table) verifyToken(p *parsed, now int64) (*verified, error) {
	t.mu.RLock()
	signing := t.signing
	t.mu.RUnlock()
	switch {
	case p.alg != algorithmOfTokens:
		return nil, refuse(reasonAlgorithm)
	case p.typ != "JWT":
		return nil, refuse(reasonHeader)
	}
	if p.issuer != signing.issuer {
		_ = p.verify(nil)
		return nil, refuse(reasonOrganization)
	}
	if why := p.verify(signing.keys[p.kid]); why != "" {
		return nil, refuse(why)
	}
	until, why := p.inForce(now, 0, false)
	if why != "" {
		return nil, refuse(why)
	}
	id, _ := p.claims["sub"].(string)
	if id == "" || p.claims["jti"] != id {
		return nil, refuse(reasonTokenID)
	}
	return &verified{until: until, signing: signing, tokenID: id, kid: p.kid}, nil
}

// holderOf is whom a verified JWT belongs to. For one issued here the row of
// its token says so, and is what counts.
func (t *Table) holderOf(v *verified, now int64) (holder, error) {
	if v.issuer != nil {
		return v.holder, nil
	}
	t.mu.RLock()
	row := t.tokens[v.tokenID]
	t.mu.RUnlock()
	if row == nil {
		return holder{}, refuse(reasonUnknown)
	}
	if row.kid != v.kid {
		return holder{}, refuse(reasonTokenKey)
	}
	if why := row.state(now); why != "" {
		return holder{}, refuse(why)
	}
	return row.holder(host.CallerToken), nil
}

// verifyForeign verifies a JWT of one of an app's issuers.
func (t *Table) verifyForeign(ctx context.Context, appID string, p *parsed, now int64) (*verified, error) {
	from := t.app(appID).issuers[p.issuer]
	if from == nil {
		_ = p.verify(nil)
		return nil, refuse(reasonIssuer)
	}
	if !slices.Contains(from.algorithms, p.alg) {
		return nil, refuse(reasonAlgorithm)
	}
	key, err := t.keyOf(ctx, from, p)
	if err != nil {
		return nil, err
	}
	if why := p.verify(key); why != "" {
		return nil, refuse(why)
	}
	if !from.enabled {
		return nil, refuse(reasonDisabled)
	}
	until, why := p.inForce(now, leeway, true)
	if why != "" {
		return nil, refuse(why)
	}
	h, why := from.holder(p.claims)
	if why != "" {
		return nil, refuse(why)
	}
	return &verified{until: until, issuer: from, key: key, kid: p.kid, alg: p.alg, holder: h}, nil
}

// keyOf finds the key that a JWT names; nil if there is none. Errors:
// CodeUnavailable.
func (t *Table) keyOf(ctx context.Context, from *issuer, p *parsed) (crypto.PublicKey, error) {
	if from.url == "" {
		return from.key, nil
	}
	if t.source == nil || !from.enabled {
		return nil, nil
	}
	key, err := t.source.Key(ctx, from.url, p.kid, p.alg)
	if host.CodeOf(err) == host.CodeUnavailable {
		return nil, err
	}
	if err != nil {
		return nil, nil
	}
	return key, nil
}

// verify checks the signature. A JWT whose key is not known (nil) costs the
// same work as one that is signed with another.
func (p *parsed) verify(key crypto.PublicKey) reason {
	if !slices.Contains(host.JWTAlgorithms, p.alg) {
		return reasonAlgorithm
	}
	known := key != nil
	if !known {
		key = decoy(p.alg)
	}
	if !slices.Contains(host.KeyAlgorithms(key), p.alg) {
		return reasonAlgorithm
	}
	err := jwt.GetSigningMethod(p.alg).Verify(p.signed, p.signature, key)
	switch {
	case !known:
		return reasonKey
	case err != nil:
		return reasonSignature
	}
	return ""
}

func sameKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// decoy returns a public key for an algorithm that nobody has the private key of.
func decoy(alg string) crypto.PublicKey {
	switch alg {
	case "ES256":
		return decoyEC256()
	case "ES384":
		return decoyEC384()
	case "ES512":
		return decoyEC521()
	case "EdDSA":
		return decoyEd25519()
	}
	return decoyRSA()
}

var (
	decoyEC256   = sync.OnceValue(func() crypto.PublicKey { return newEC(elliptic.P256()) })
	decoyEC384   = sync.OnceValue(func() crypto.PublicKey { return newEC(elliptic.P384()) })
	decoyEC521   = sync.OnceValue(func() crypto.PublicKey { return newEC(elliptic.P521()) })
	decoyEd25519 = sync.OnceValue(func() crypto.PublicKey {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		return public
	})
	// Finding primes would take a request's time, and whatever odd number
	// does for a modulus that nothing is ever to match.
	decoyRSA = sync.OnceValue(func() crypto.PublicKey {
		modulus := make([]byte, 256)
		rand.Read(modulus)
		modulus[0] |= 0x80
		modulus[255] |= 1
		return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}
	})
)

func newEC(curve elliptic.Curve) crypto.PublicKey {
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &private.PublicKey
}
