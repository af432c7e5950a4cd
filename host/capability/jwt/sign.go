package jwt

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"github.com/posternhq/postern/host"
)

// SignRequest is what jwt_sign takes.
type SignRequest struct {
	// Algorithm is one of Algorithms.
	Algorithm string `json:"algorithm"`
	// Payload is an object. It gets the claim iat, now, if it has none.
	Payload json.RawMessage `json:"payload"`
	// Header is an object of further members, or absent. It gets typ "JWT" if
	// it has none, and alg, which it may only repeat.
	Header json.RawMessage `json:"header"`
	// Secret names the secret that holds the key: for HS… at least as many bytes
	// as the hash has, for the others a private key in PEM.
	Secret string `json:"secret"`
}

// Sign makes a token. Errors: CodeInvalid, CodeNotFound for the secret.
func Sign(ctx context.Context, secrets Secrets, r SignRequest, now time.Time) (token string, err error) {
	m, err := method(r.Algorithm)
	if err != nil {
		return "", err
	}
	header, err := headerOf(r)
	if err != nil {
		return "", err
	}
	claims, err := object("payload", r.Payload)
	if err != nil {
		return "", err
	}
	if _, given := claims["iat"]; !given {
		claims["iat"] = json.RawMessage(strconv.FormatInt(now.Unix(), 10))
	}
	secret, err := secrets(ctx, r.Secret)
	if err != nil {
		return "", err
	}
	key, err := signingKey(m, []byte(secret))
	if err != nil {
		return "", err
	}
	text := segment(header) + "." + segment(claims)
	if len(text) > MaxTokenBytes {
		return "", host.Errorf(host.CodeInvalid, "the token would be larger than %d bytes", MaxTokenBytes)
	}
	signature, err := m.Sign(text, key)
	if err != nil {
		return "", host.Caused(host.CodeInvalid, err, "the secret cannot sign with %s", r.Algorithm)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// headerOf is the header of the token.
func headerOf(r SignRequest) (map[string]json.RawMessage, error) {
	header := map[string]json.RawMessage{}
	if len(r.Header) > 0 && string(r.Header) != "null" {
		given, err := object("header", r.Header)
		if err != nil {
			return nil, err
		}
		header = given
	}
	alg := json.RawMessage(strconv.Quote(r.Algorithm))
	if given, ok := header["alg"]; ok && string(given) != string(alg) {
		return nil, host.Errorf(host.CodeInvalid, "header.alg must be the algorithm, %s", r.Algorithm)
	}
	if _, ok := header["crit"]; ok {
		return nil, host.Errorf(host.CodeInvalid, "header.crit is not supported")
	}
	header["alg"] = alg
	if _, ok := header["typ"]; !ok {
		header["typ"] = json.RawMessage(`"JWT"`)
	}
	return header, nil
}

// segment is a part of a token. Members are sorted; their values stay as they
// were sent, but for blanks.
func segment(members map[string]json.RawMessage) string {
	text, err := json.Marshal(members)
	if err != nil {
		panic(err) // the values were parsed
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
