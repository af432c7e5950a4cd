package admin

import (
	"context"
	"encoding/base64"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
)

// jwksPath is where the keys that verify tokens are.
const jwksPath = "/.well-known/jwks.json"

type signingKeyOutput struct {
	Body struct {
		Success    bool             `json:"success"`
		SigningKey *host.SigningKey `json:"signing_key"`
	}
}

type signingKeysOutput struct {
	Body struct {
		Success     bool               `json:"success"`
		SigningKeys []*host.SigningKey `json:"signing_keys"`
		Pagination  pagination         `json:"pagination"`
	}
}

// SigningKeyPath is part of the routes of one signing key.
type SigningKeyPath struct {
	KeyID string `path:"kid" doc:"Id of the signing key"`
}

func (a *API) signingKeyRoutes() {
	register(a, operation{id: "list-signing-keys", method: get, path: "/v1/signing-keys", summary: "List the keys that sign and verify tokens, the active one first", tag: "tokens"}, a.listSigningKeys)
	register(a, operation{id: "rotate-signing-key", method: post, path: "/v1/signing-keys/rotate", summary: "Sign new tokens with a new key; those that are out stay valid", tag: "tokens"}, a.rotateSigningKey)
	register(a, operation{id: "delete-signing-key", method: remove, path: "/v1/signing-keys/{kid}", summary: "Delete a signing key that neither signs nor verifies a token", tag: "tokens"}, a.deleteSigningKey)
	register(a, operation{id: "get-jwks", method: get, path: jwksPath, summary: "The public keys that verify tokens, as a JSON Web Key Set", tag: "tokens"}, a.getJWKS)
}

func (a *API) listSigningKeys(ctx context.Context, in *PageQuery) (*signingKeysOutput, error) {
	keys, err := a.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	out := &signingKeysOutput{}
	out.Body.Success, out.Body.SigningKeys = true, cut(keys, in.page())
	out.Body.Pagination = paginate(in.page(), len(out.Body.SigningKeys), len(keys))
	return out, nil
}

func (a *API) rotateSigningKey(ctx context.Context, _ *struct{}) (*signingKeyOutput, error) {
	key := host.NewSigningKey()
	if _, err := a.Store.AddSigningKey(ctx, key, false); err != nil {
		return nil, err
	}
	a.jwks.forget()
	out := &signingKeyOutput{}
	out.Body.Success, out.Body.SigningKey = true, key
	return out, a.live(ctx)
}

func (a *API) deleteSigningKey(ctx context.Context, in *SigningKeyPath) (*deleted, error) {
	if err := a.Store.DeleteSigningKey(ctx, in.KeyID); err != nil {
		return nil, err
	}
	a.jwks.forget()
	return newDeleted("Signing key deleted successfully"), a.live(ctx)
}

// jwk is a public key after RFC 8037.
type jwk struct {
	Type      string `json:"kty" doc:"OKP"`
	Curve     string `json:"crv" doc:"Ed25519"`
	Algorithm string `json:"alg" doc:"EdDSA"`
	Use       string `json:"use" doc:"sig"`
	ID        string `json:"kid"`
	X         string `json:"x" doc:"The public key in base64url"`
}

type jwksOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         jwkSet
}

type jwkSet struct {
	Keys []jwk `json:"keys"`
}

// Times a key set is kept: by clients, and here, because everybody may ask.
const (
	jwksForClients = "public, max-age=300"
	jwksKept       = time.Second
)

// MountKeys adds the route of the public keys alone to app, for an address
// without the other routes: who verifies tokens is often outside.
func (a *API) MountKeys(app *fiber.App) {
	app.Get(jwksPath, func(c *fiber.Ctx) error {
		out, err := a.getJWKS(c.UserContext(), nil)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderCacheControl, out.CacheControl)
		return c.JSON(out.Body)
	})
}

func (a *API) getJWKS(ctx context.Context, _ *struct{}) (*jwksOutput, error) {
	set, err := a.jwks.get(func() (jwkSet, error) {
		keys, err := a.Store.SigningKeys(ctx)
		return newKeySet(keys), err
	})
	if err != nil {
		return nil, err
	}
	return &jwksOutput{CacheControl: jwksForClients, Body: set}, nil
}

func newKeySet(keys []*host.SigningKey) jwkSet {
	set := jwkSet{Keys: []jwk{}}
	for _, key := range keys {
		set.Keys = append(set.Keys, jwk{
			Type: "OKP", Curve: "Ed25519", Algorithm: key.Algorithm, Use: "sig",
			ID: key.ID, X: base64.RawURLEncoding.EncodeToString(key.PublicKey),
		})
	}
	return set
}

// jwksCache keeps the key set for jwksKept, so that strangers cannot keep the
// database busy. Of many who ask at once, one reads.
type jwksCache struct {
	mu   sync.Mutex
	set  jwkSet
	read time.Time // zero if the set is not to be used
}

func (c *jwksCache) get(load func() (jwkSet, error)) (jwkSet, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.read) < jwksKept {
		return c.set, nil
	}
	set, err := load()
	if err == nil {
		c.set, c.read = set, time.Now()
	}
	return set, err
}

// forget makes the next get load.
func (c *jwksCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = time.Time{}
}
