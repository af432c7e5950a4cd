package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/posternhq/postern/host"
)

// parseKey reads a JWK (RFC 7517, RFC 7518 section 6, RFC 8037). It returns nil
// for one that verifies no signature that is accepted.
func parseKey(raw map[string]json.RawMessage) *member {
	if !forSignatures(raw) {
		return nil
	}
	m := &member{id: text(raw, "kid")}
	switch text(raw, "kty") {
	case "RSA":
		m.key = rsaKey(raw)
	case "EC":
		m.key = ecKey(raw)
	case "OKP":
		m.key = okpKey(raw)
	}
	m.algorithms = host.KeyAlgorithms(m.key)
	if alg := text(raw, "alg"); alg != "" {
		// It is for this one only.
		m.algorithms = slices.DeleteFunc(m.algorithms, func(a string) bool { return a != alg })
	}
	if len(m.algorithms) == 0 {
		return nil
	}
	return m
}

// forSignatures reads what a key says it is for. What must be a text and is
// not says nothing good.
func forSignatures(raw map[string]json.RawMessage) bool {
	for _, name := range []string{"kid", "alg", "use"} {
		if _, present := raw[name]; present && text(raw, name) == "" {
			return false
		}
	}
	if use := text(raw, "use"); use != "" && use != "sig" {
		return false
	}
	if list, present := raw["key_ops"]; present {
		var operations []string
		if json.Unmarshal(list, &operations) != nil || !slices.Contains(operations, "verify") {
			return false
		}
	}
	// Whoever can read the private half can sign, and it is published.
	for _, private := range []string{"d", "p", "q", "k"} {
		if _, present := raw[private]; present {
			return false
		}
	}
	return true
}

func rsaKey(raw map[string]json.RawMessage) crypto.PublicKey {
	n, e := binary(raw, "n"), new(big.Int).SetBytes(binary(raw, "e"))
	// Greater exponents have no use but to make verifying slow.
	if len(n) == 0 || n[len(n)-1]&1 == 0 || e.BitLen() > 31 || e.Bit(0) == 0 || e.Int64() < 3 {
		return nil
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(e.Int64())}
}

func ecKey(raw map[string]json.RawMessage) crypto.PublicKey {
	curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[text(raw, "crv")]
	if curve == nil {
		return nil
	}
	x, y := binary(raw, "x"), binary(raw, "y")
	size := (curve.Params().BitSize + 7) / 8
	if len(x) != size || len(y) != size {
		return nil
	}
	// It refuses points that are not on the curve.
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil
	}
	return key
}

func okpKey(raw map[string]json.RawMessage) crypto.PublicKey {
	x := binary(raw, "x")
	if text(raw, "crv") != "Ed25519" || len(x) != ed25519.PublicKeySize {
		return nil
	}
	return ed25519.PublicKey(x)
}

// text is a member that is a text, "" for any other.
func text(raw map[string]json.RawMessage, name string) string {
	var s string
	if json.Unmarshal(raw[name], &s) != nil {
		return ""
	}
	return s
}

// binary is a member that is bytes in base64, nil for any other.
func binary(raw map[string]json.RawMessage, name string) []byte {
	b, err := host.DecodeBase64URL(text(raw, name))
	if err != nil {
		return nil
	}
	return b
}
