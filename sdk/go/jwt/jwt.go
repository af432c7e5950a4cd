// Package jwt signs and verifies JSON Web Tokens with keys that the plug-in names
// and never sees. The app must grant the capability "jwt".
//
//	var links = jwt.Key{Algorithm: jwt.HS256, Secret: "LINK_KEY"}
//
//	token, err := links.Sign(map[string]any{"sub": email, "exp": time.Now().Add(time.Hour).Unix()})
//	err := links.Verify(token, &claims)
package jwt

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/posternhq/postern/sdk/go/operation"
)

// The algorithms.
const (
	HS256 = "HS256"
	HS384 = "HS384"
	HS512 = "HS512"
	RS256 = "RS256"
	RS384 = "RS384"
	RS512 = "RS512"
	ES256 = "ES256"
	ES384 = "ES384"
	ES512 = "ES512"
	EdDSA = "EdDSA"
)

// Key is what tokens are signed and verified with, and how.
type Key struct {
	// Algorithm is the only one that is accepted.
	Algorithm string
	// Secret names the secret of the app that holds the key: for HS… at least as
	// many bytes as the hash has, else a private key in PEM; a public one will
	// do for verifying.
	Secret string
	// PublicKey is a key in PEM to verify with, in place of Secret.
	PublicKey string

	// Header is an object of further members for the headers of tokens that are
	// signed; nil for none.
	Header any

	// Issuer and Audience must be those of tokens that are verified, unless they
	// are empty.
	Issuer, Audience string
	// Leeway, up to 5 minutes, is granted to the dates exp, nbf and iat.
	Leeway time.Duration
}

// Invalid is the error of a token that is not valid: anybody may have made it.
type Invalid struct{ Reason string }

// Error tells the reason.
func (e *Invalid) Error() string { return "jwt: " + e.Reason }

// IsInvalid tells that the token is at fault, not the request or the host.
func IsInvalid(err error) bool {
	var e *Invalid
	return errors.As(err, &e)
}

// Sign makes a token of claims, which encoding/json turns into an object. It gets
// the claim iat if it has none. A token without exp is good for ever.
func (k Key) Sign(claims any) (token string, err error) {
	a, err := operation.Carry[struct {
		Token string `json:"token"`
	}](operation.JWTSign, struct {
		Algorithm string `json:"algorithm"`
		Secret    string `json:"secret"`
		Payload   any    `json:"payload"`
		Header    any    `json:"header,omitempty"`
	}{k.Algorithm, k.Secret, claims, k.Header})
	return a.Token, err
}

// Verify checks the signature, the dates, issuer and audience of a token, and
// decodes its claims, unless that is nil. An error that [IsInvalid] tells says
// that the token is not valid.
func (k Key) Verify(token string, claims any) error {
	a, err := operation.Carry[struct {
		Valid   bool            `json:"valid"`
		Reason  string          `json:"reason"`
		Payload json.RawMessage `json:"payload"`
	}](operation.JWTVerify, struct {
		Token     string `json:"token"`
		Algorithm string `json:"algorithm"`
		Secret    string `json:"secret,omitempty"`
		PublicKey string `json:"public_key,omitempty"`
		Issuer    string `json:"issuer,omitempty"`
		Audience  string `json:"audience,omitempty"`
		Leeway    int64  `json:"leeway_seconds,omitempty"`
	}{token, k.Algorithm, k.Secret, k.PublicKey, k.Issuer, k.Audience, int64(k.Leeway / time.Second)})
	switch {
	case err != nil:
		return err
	case !a.Valid:
		return &Invalid{a.Reason}
	case claims == nil:
		return nil
	}
	if err := json.Unmarshal(a.Payload, claims); err != nil {
		return fmt.Errorf("jwt: the claims do not fit their type: %w", err)
	}
	return nil
}
