package host

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"slices"
	"strings"
)

// Issuer is somebody whose JWTs an app accepts as credentials: their public
// key, or where their keys are published, and what their tokens must say.
type Issuer struct {
	ID    string `json:"id"`
	AppID string `json:"app_id"`
	Name  string `json:"name"`
	// Issuer is the exact claim iss of its tokens; unique in the app.
	Issuer     string   `json:"issuer" doc:"The claim iss of its tokens, matched exactly"`
	Audience   []string `json:"audience" doc:"The claim aud must name one of these; empty does not look at it"`
	Algorithms []string `json:"algorithms" doc:"Signature algorithms that are accepted"`
	// One of PublicKey and JWKSURL is set.
	PublicKey *string `json:"public_key" doc:"PEM of a public key"`
	JWKSURL   *string `json:"jwks_url" doc:"Where the issuer publishes its keys"`
	// RequiredClaims are values that claims must have, or, where the claim is
	// a list, hold.
	RequiredClaims Claims `json:"required_claims"`
	// ClaimVariables leads from the name of a claim to that of the caller's
	// variable that takes its value.
	ClaimVariables map[string]string `json:"claim_variables" doc:"Claim to variable: the caller's variables are taken from its claims"`
	RateLimit      *RateLimit        `json:"rate_limit" doc:"How often one subject of the issuer may call; null for no bound"`
	Enabled        bool              `json:"enabled"`
	CreatedAt      Time              `json:"created_at"`
	UpdatedAt      Time              `json:"updated_at"`

	Revision int64 `json:"-"`
}

// Claims are values of claims by their names.
type Claims map[string]any

// UnmarshalJSON keeps numbers as they are written (json.Number): ids are often
// larger than what a float64 tells apart.
func (c *Claims) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode((*map[string]any)(c))
}

// NewIssuer returns an enabled issuer of an app with every default.
func NewIssuer(appID string) *Issuer {
	now := Now()
	return &Issuer{
		ID: NewID(), AppID: appID, Audience: []string{}, Algorithms: []string{},
		RequiredClaims: Claims{}, ClaimVariables: map[string]string{},
		Enabled: true, CreatedAt: now, UpdatedAt: now,
	}
}

// JWTAlgorithms are the signature algorithms an issuer may use. There is no
// HMAC: whoever can verify it can sign.
var JWTAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Validate checks the fields a client writes, and sets Algorithms from the
// public key if there are none. The error is a CodeInvalid that names the
// field and its rule.
func (i *Issuer) Validate() error {
	if err := validateName(i.Name); err != nil {
		return err
	}
	if i.Issuer == "" || len(i.Issuer) > 500 {
		return Errorf(CodeInvalid, "issuer is required and must be at most 500 characters")
	}
	if strings.HasPrefix(i.Issuer, TokenIssuerPrefix) {
		return Errorf(CodeInvalid, "issuer must not begin with %q: those tokens are issued here", TokenIssuerPrefix)
	}
	if (i.PublicKey == nil) == (i.JWKSURL == nil) {
		return Errorf(CodeInvalid, "one of public_key and jwks_url is required, and not both")
	}
	if err := i.validateClaims(); err != nil {
		return err
	}
	if err := i.validateKey(); err != nil {
		return err
	}
	for _, alg := range i.Algorithms {
		if !slices.Contains(JWTAlgorithms, alg) {
			return Errorf(CodeInvalid, "algorithms must be among %s", strings.Join(JWTAlgorithms, ", "))
		}
	}
	return i.RateLimit.Validate()
}

func (i *Issuer) validateClaims() error {
	if len(i.Audience) > 100 || len(i.RequiredClaims) > 100 || len(i.ClaimVariables) > MaxVariables {
		return Errorf(CodeInvalid, "audience, required_claims and claim_variables must have at most 100 entries each")
	}
	if slices.Contains(i.Audience, "") {
		return Errorf(CodeInvalid, "audience must not hold an empty text")
	}
	taken := map[string]bool{}
	for claim, variable := range i.ClaimVariables {
		// Which of two claims a variable gets must not be left to chance.
		if taken[variable] {
			return Errorf(CodeInvalid, "claim_variables must not lead from two claims to the variable %q", variable)
		}
		taken[variable] = true
		if claim == "" || variable == "" || len(variable) > 100 {
			return Errorf(CodeInvalid, "claim_variables must lead from names of claims to names of variables of 1-100 characters")
		}
	}
	return nil
}

// validateKey checks public_key with the algorithms it is to verify, or
// jwks_url.
func (i *Issuer) validateKey() error {
	if i.JWKSURL != nil {
		u, err := url.Parse(*i.JWKSURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || len(*i.JWKSURL) > 2048 {
			return Errorf(CodeInvalid, "jwks_url must be a URL that starts with https:// or http:// and has no password")
		}
		if len(i.Algorithms) == 0 {
			i.Algorithms = []string{"RS256"}
		}
		return nil
	}
	_, fits, err := ParsePublicKey(*i.PublicKey)
	if err != nil {
		return err
	}
	if len(i.Algorithms) == 0 {
		i.Algorithms = fits[:1]
	}
	for _, alg := range i.Algorithms {
		if !slices.Contains(fits, alg) {
			return Errorf(CodeInvalid, "algorithms: the public key is for %s", strings.Join(fits, ", "))
		}
	}
	return nil
}

// ParsePublicKey reads a public key in PEM and tells which algorithms it
// verifies. Errors: CodeInvalid that names the field public_key.
func ParsePublicKey(text string) (key crypto.PublicKey, algorithms []string, err error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, nil, Errorf(CodeInvalid, "public_key must be one public key in PEM")
	}
	switch block.Type {
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		return nil, nil, Errorf(CodeInvalid, "public_key must be a block of the type PUBLIC KEY, never a private key")
	}
	if err != nil {
		return nil, nil, Errorf(CodeInvalid, "public_key cannot be read as a public key")
	}
	if algorithms = KeyAlgorithms(key); algorithms == nil {
		return nil, nil, Errorf(CodeInvalid, "public_key must be an RSA key of 2048 to 16384 bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key")
	}
	return key, algorithms, nil
}

// KeyAlgorithms lists the algorithms that a public key verifies, nil for a key
// that is not accepted: each key type has its own, so that no token can have
// its signature checked in a way its key was not made for.
func KeyAlgorithms(key crypto.PublicKey) []string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= 2048 && bits <= 16384 {
			return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		case elliptic.P521():
			return []string{"ES512"}
		}
	case ed25519.PublicKey:
		return []string{"EdDSA"}
	}
	return nil
}

// IssuerStore keeps issuers. Errors: CodeNotFound with the text "Issuer not
// found", CodeConflict for an issuer the app has already.
type IssuerStore interface {
	CreateIssuer(ctx context.Context, issuer *Issuer) error
	Issuer(ctx context.Context, appID, id string) (*Issuer, error)
	// Issuers lists those of an app, newest first, with their number.
	Issuers(ctx context.Context, appID string, page Page) ([]*Issuer, int, error)
	// EachIssuer calls fn for every issuer of an app, or of all for "".
	EachIssuer(ctx context.Context, appID string, fn func(*Issuer)) error
	UpdateIssuer(ctx context.Context, appID, id string, change func(*Issuer) error) (*Issuer, error)
	// DeleteIssuer removes the issuer, unless one of checks refuses, in the
	// same transaction.
	DeleteIssuer(ctx context.Context, appID, id string, checks ...func(*Issuer) error) error
}
