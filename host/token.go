package host

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// Token is a credential for endpoints in the form of a JWT, signed with the
// organization's key and bound to one environment. The JWT is shown once; a
// token that is deleted here is refused however valid its signature.
type Token struct {
	ID   string `json:"id"`
	Name string `json:"name" doc:"Unique among tokens"`
	Access
	ExpiresAt Time   `json:"expires_at" nullable:"true"`
	KeyID     string `json:"kid" doc:"The key that signed it, in /.well-known/jwks.json"`
	Usage
	CreatedAt Time `json:"created_at"`
}

// NewToken returns a token for production with an id and no name yet.
func NewToken() *Token {
	environment := Production
	return &Token{
		ID:        NewID(),
		Access:    Access{Environment: &environment, AllowedIPs: []string{}, Variables: map[string]string{}},
		CreatedAt: Now(),
	}
}

// Status is KeyActive or KeyExpired at the instant now.
func (t *Token) Status(now Time) string {
	if !t.ExpiresAt.IsZero() && now.Millis() >= t.ExpiresAt.Millis() {
		return KeyExpired
	}
	return KeyActive
}

// Validate checks the fields a client writes. The error is a CodeInvalid that
// names the field and its rule.
func (t *Token) Validate() error {
	if err := validateName(t.Name); err != nil {
		return err
	}
	if t.Environment == nil || !slices.Contains(Environments, *t.Environment) {
		return Errorf(CodeInvalid, "environment must be one of %s", strings.Join(Environments, ", "))
	}
	return t.Access.Validate()
}

// TokenStore keeps tokens. Errors: CodeNotFound with the text "Token not
// found", CodeConflict for a name that is taken.
type TokenStore interface {
	CreateToken(ctx context.Context, token *Token) error
	Token(ctx context.Context, id string) (*Token, error)
	// Tokens lists those of some environments, nil for all, newest first,
	// with their number.
	Tokens(ctx context.Context, environments []string, page Page) ([]*Token, int, error)
	// EachToken calls fn for every token there is.
	EachToken(ctx context.Context, fn func(*Token)) error
	DeleteToken(ctx context.Context, id string) error
}

// SigningKey is a key pair (Ed25519) that tokens are signed with. The newest
// signs; older ones verify what is out.
type SigningKey struct {
	ID        string            `json:"kid"`
	Algorithm string            `json:"alg" doc:"EdDSA"`
	PublicKey ed25519.PublicKey `json:"public_key"`
	Active    bool              `json:"active" doc:"Whether new tokens are signed with it"`
	CreatedAt Time              `json:"created_at"`

	// Private is kept sealed.
	Private ed25519.PrivateKey `json:"-"`
}

// NewSigningKey draws a key pair.
func NewSigningKey() *SigningKey {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &SigningKey{ID: NewID(), Algorithm: "EdDSA", PublicKey: public, Private: private, CreatedAt: Now()}
}

// Sign returns the JWT of a token of the organization, whose KeyID must be that
// of the key. What the token may do is not in it: that is looked up.
func (k *SigningKey) Sign(organizationID string, t *Token) string {
	claims := tokenClaims{
		Issuer: TokenIssuer(organizationID), Subject: t.ID, ID: t.ID, Name: t.Name, Environment: *t.Environment,
		IssuedAt: t.CreatedAt.Millis() / 1000,
	}
	if !t.ExpiresAt.IsZero() {
		// Rounded up, because the stored instant decides and comes first.
		claims.ExpiresAt = (t.ExpiresAt.Millis() + 999) / 1000
	}
	header := map[string]string{"alg": k.Algorithm, "typ": "JWT", "kid": k.ID}
	signed := jwtPart(header) + "." + jwtPart(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(k.Private, []byte(signed)))
}

// tokenClaims are the claims of a token, in the order they are written.
type tokenClaims struct {
	Issuer      string `json:"iss"`
	Subject     string `json:"sub"`
	ID          string `json:"jti"`
	Name        string `json:"name"`
	Environment string `json:"env"`
	IssuedAt    int64  `json:"iat"`
	ExpiresAt   int64  `json:"exp,omitempty"`
}

func jwtPart(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// SigningKeyStore keeps signing keys. Errors: CodeNotFound with the text
// "Signing key not found".
type SigningKeyStore interface {
	// AddSigningKey stores a key, which becomes the active one. With
	// onlyFirst it does so only if there is none, and reports whether it did.
	AddSigningKey(ctx context.Context, key *SigningKey, onlyFirst bool) (added bool, err error)
	// SigningKeys lists all, newest first; the first is the active one.
	SigningKeys(ctx context.Context) ([]*SigningKey, error)
	// DeleteSigningKey removes one. Errors: CodeConflict for the active one,
	// and while there are tokens that were signed with it.
	DeleteSigningKey(ctx context.Context, id string) error
}

// TokenIssuer is the issuer (iss) of an organization's tokens. No other issuer
// may use the prefix.
func TokenIssuer(organizationID string) string { return TokenIssuerPrefix + organizationID }

// TokenIssuerPrefix begins the issuer of tokens that any Postern issued.
const TokenIssuerPrefix = "postern:"
