package jwt

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	jose "github.com/golang-jwt/jwt/v5"

	"github.com/posternhq/postern/host"
)

// VerifyRequest is what jwt_verify takes.
type VerifyRequest struct {
	Token string `json:"token"`
	// Algorithm is the only one that is accepted: what the token says of itself
	// decides nothing.
	Algorithm string `json:"algorithm"`
	// Secret names the secret that holds the key; or PublicKey is it, in PEM.
	Secret    string `json:"secret"`
	PublicKey string `json:"public_key"`
	// Issuer and Audience must be the token's, unless they are empty.
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	// LeewaySeconds, up to 300, is granted to the dates exp, nbf and iat.
	LeewaySeconds int `json:"leeway_seconds"`
}

// Verified is what jwt_verify answers. A token that is not valid is no failure
// of the operation.
type Verified struct {
	Valid   bool            `json:"valid"`
	Reason  string          `json:"reason,omitempty"`
	Header  json.RawMessage `json:"header,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// maxLeeway is the most seconds of leeway.
const maxLeeway = 300

// Verify checks a token's signature, then its dates, issuer and audience.
// Errors: CodeInvalid for a request that asks for what cannot be,
// CodeNotFound for the secret.
func Verify(ctx context.Context, secrets Secrets, r VerifyRequest, now time.Time) (Verified, error) {
	m, err := method(r.Algorithm)
	if err != nil {
		return Verified{}, err
	}
	if r.LeewaySeconds < 0 || r.LeewaySeconds > maxLeeway {
		return Verified{}, host.Errorf(host.CodeInvalid, "leeway_seconds must be between 0 and %d", maxLeeway)
	}
	key, err := r.key(ctx, secrets, m)
	if err != nil {
		return Verified{}, err
	}
	header, payload, reason := open(r.Token, m, key)
	if reason == "" {
		reason = r.claims(payload, now)
	}
	if reason != "" {
		return Verified{Reason: reason}, nil
	}
	return Verified{Valid: true, Header: header, Payload: payload}, nil
}

// key is what the token is verified with.
func (r *VerifyRequest) key(ctx context.Context, secrets Secrets, m jose.SigningMethod) (any, error) {
	if (r.Secret == "") == (r.PublicKey == "") {
		return nil, host.Errorf(host.CodeInvalid, "one of secret and public_key must be given")
	}
	if r.PublicKey != "" {
		return verifyingKey(m, nil, r.PublicKey)
	}
	secret, err := secrets(ctx, r.Secret)
	if err != nil {
		return nil, err
	}
	return verifyingKey(m, []byte(secret), "")
}

// open checks the form and the signature of a token. The parts mean nothing
// before that.
func open(token string, m jose.SigningMethod, key any) (header, payload json.RawMessage, reason string) {
	parts := strings.Split(token, ".")
	if len(token) > MaxTokenBytes || len(parts) != 3 {
		return nil, nil, "the token is not a JWT"
	}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := host.DecodeBase64URL(part)
		if err != nil {
			return nil, nil, "the token is not a JWT"
		}
		decoded[i] = b
	}
	head, err := object("header", decoded[0])
	if err != nil {
		return nil, nil, "the token's header is not an object"
	}
	var alg string
	if json.Unmarshal(head["alg"], &alg) != nil || alg != m.Alg() {
		return nil, nil, "the token is signed with another algorithm"
	}
	if _, critical := head["crit"]; critical {
		return nil, nil, "the token has critical extensions"
	}
	if m.Verify(parts[0]+"."+parts[1], decoded[2], key) != nil {
		return nil, nil, "the signature does not match"
	}
	return decoded[0], decoded[1], ""
}

// claims checks what the payload says of itself; "" is well.
func (r *VerifyRequest) claims(payload json.RawMessage, now time.Time) (reason string) {
	claims, err := object("payload", payload)
	if err != nil {
		return "the token's payload is not an object"
	}
	seconds, leeway := float64(now.UnixMilli())/1000, float64(r.LeewaySeconds)
	for _, date := range []struct {
		name  string
		broke func(at float64) bool
		text  string
	}{
		{"exp", func(at float64) bool { return seconds >= at+leeway }, "the token has expired"},
		{"nbf", func(at float64) bool { return seconds < at-leeway }, "the token is not valid yet"},
		{"iat", func(at float64) bool { return seconds < at-leeway }, "the token was issued in the future"},
	} {
		raw, given := claims[date.name]
		if !given {
			continue
		}
		var at *float64
		if json.Unmarshal(raw, &at) != nil || at == nil {
			return "the claim " + date.name + " is not a number"
		}
		if date.broke(*at) {
			return date.text
		}
	}
	if r.Issuer != "" && !slices.Contains(texts(claims["iss"], false), r.Issuer) {
		return "the token is of another issuer"
	}
	if r.Audience != "" && !slices.Contains(texts(claims["aud"], true), r.Audience) {
		return "the token is for another audience"
	}
	return ""
}

// texts reads a text, or a list of them where that is allowed.
func texts(raw json.RawMessage, list bool) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil && len(raw) > 0 && raw[0] == '"' {
		return []string{one}
	}
	var many []string
	if list && json.Unmarshal(raw, &many) == nil {
		return many
	}
	return nil
}
