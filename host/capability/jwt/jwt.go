// Package jwt signs and verifies JSON Web Tokens (RFC 7519) for modules, with
// keys that the modules name and never see.
//
// It owns what is signed and which keys fit which algorithm. It must not know
// where a secret is kept. Tokens, claims and headers are hostile.
package jwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"

	jose "github.com/golang-jwt/jwt/v5"

	"github.com/posternhq/postern/host"
)

// Secrets gives the value of an app's secret. Errors: CodeNotFound.
type Secrets func(ctx context.Context, name string) (string, error)

// Algorithms that are signed with and verified.
var Algorithms = []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"}

// MaxTokenBytes bounds a token and what is signed.
const MaxTokenBytes = 64 << 10

// method finds the way of signing that an algorithm names.
func method(algorithm string) (jose.SigningMethod, error) {
	if !slices.Contains(Algorithms, algorithm) {
		return nil, host.Errorf(host.CodeInvalid, "algorithm must be one of %s", strings.Join(Algorithms, ", "))
	}
	return jose.GetSigningMethod(algorithm), nil
}

// symmetric is a key for HMAC. RFC 7518 asks for as many bits as the hash has.
func symmetric(m jose.SigningMethod, secret []byte) ([]byte, error) {
	hmac := m.(*jose.SigningMethodHMAC)
	if least := hmac.Hash.Size(); len(secret) < least {
		return nil, host.Errorf(host.CodeInvalid, "the secret must have at least %d bytes for %s", least, m.Alg())
	}
	if strings.Contains(string(secret), "-----BEGIN ") {
		return nil, host.Errorf(host.CodeInvalid, "the secret is a key in PEM, which %s is not for", m.Alg())
	}
	return secret, nil
}

// maxKeyBytes bounds a private key in PEM. The largest that fit an algorithm have
// 13,000 bytes; to read one of 60,000 takes a second, which nothing would end.
const maxKeyBytes = 16 << 10

// private reads a private key in PEM: PKCS #8, PKCS #1 or SEC 1.
func private(text []byte) (crypto.Signer, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 || len(text) > maxKeyBytes {
		return nil, host.Errorf(host.CodeInvalid, "the secret must be one private key in PEM, of at most %d bytes", maxKeyBytes)
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, host.Errorf(host.CodeInvalid, "the secret must be a block of the type PRIVATE KEY, without a password")
	}
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, host.Errorf(host.CodeInvalid, "the secret cannot be read as a private key")
	}
	return signer, nil
}

// signingKey is what an algorithm signs with.
func signingKey(m jose.SigningMethod, secret []byte) (any, error) {
	if _, ok := m.(*jose.SigningMethodHMAC); ok {
		return symmetric(m, secret)
	}
	key, err := private(secret)
	if err != nil {
		return nil, err
	}
	return key, fits(m, key.Public())
}

// verifyingKey is what an algorithm is verified with: a secret's value, or a
// public key in PEM. Of a private key the public half is taken.
func verifyingKey(m jose.SigningMethod, secret []byte, public string) (any, error) {
	if _, ok := m.(*jose.SigningMethodHMAC); ok {
		if public != "" {
			return nil, host.Errorf(host.CodeInvalid, "%s is verified with a secret, not with a public key", m.Alg())
		}
		return symmetric(m, secret)
	}
	if public != "" {
		key, _, err := host.ParsePublicKey(public)
		if err != nil {
			return nil, err
		}
		return key, fits(m, key)
	}
	if key, _, err := host.ParsePublicKey(string(secret)); err == nil {
		return key, fits(m, key)
	}
	key, err := private(secret)
	if err != nil {
		return nil, err
	}
	return key.Public(), fits(m, key.Public())
}

// fits refuses a key of another type than the algorithm's, and a weak one.
func fits(m jose.SigningMethod, key crypto.PublicKey) error {
	if slices.Contains(host.KeyAlgorithms(key), m.Alg()) {
		return nil
	}
	kind := "another type"
	switch key.(type) {
	case *rsa.PublicKey:
		kind = "RSA, which needs 2048 to 16384 bits"
	case *ecdsa.PublicKey:
		kind = "EC on another curve or"
	case ed25519.PublicKey:
		kind = "Ed25519"
	}
	return host.Errorf(host.CodeInvalid, "the key does not fit %s: it is of the type %s", m.Alg(), kind)
}

// object reads a JSON object and keeps its values as they are written.
func object(field string, raw json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, host.Errorf(host.CodeInvalid, "%s must be an object", field)
	}
	return members, nil
}
