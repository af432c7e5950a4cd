package jwks_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/posternhq/postern/host/jwks"
)

const address = "https://issuer.example/jwks"

// publisher is an issuer's server without a network.
type publisher struct {
	mu      sync.Mutex
	status  int
	body    string
	takes   time.Duration
	fetches int
}

// RoundTrip answers with the body.
func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(p.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetches++
	if p.status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: p.status, Status: http.StatusText(p.status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(p.body)), Request: r}, nil
}

func (p *publisher) publish(keys ...map[string]any) {
	body, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	p.answer(http.StatusOK, string(body))
}

func (p *publisher) answer(status int, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.body = status, body
}

func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

func open(p *publisher) *jwks.Sets {
	return jwks.New(&http.Client{Transport: p}, slog.New(slog.DiscardHandler))
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// with returns a JWK with members changed; nil removes one.
func with(jwk map[string]any, more ...any) map[string]any {
	out := map[string]any{}
	for name, value := range jwk {
		out[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		if out[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(out, more[i].(string))
		}
	}
	return out
}

func rsaJWK(kid string) map[string]any {
	key := rsaKey()
	return map[string]any{"kty": "RSA", "kid": kid, "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes())}
}

func ecJWK(curve elliptic.Curve, kid string) map[string]any {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	half := len(point) / 2
	return map[string]any{"kty": "EC", "crv": curve.Params().Name, "kid": kid, "x": encode(point[1 : 1+half]), "y": encode(point[1+half:])}
}

func edJWK(kid string) map[string]any {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(public)}
}
