package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
)

var client = netip.MustParseAddr("203.0.113.9")

// Keys of issuers and of strangers, drawn once because RSA takes its time.
var (
	issuerKey   = sync.OnceValue(newRSA)
	strangerKey = sync.OnceValue(newRSA)
)

func newRSA() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// house is a table with an organization, an app and a credential of each kind
// of JWT.
type house struct {
	*auth.Table
	org     *host.Organization
	app     *host.App
	signing *host.SigningKey
	token   *host.Token
	issuer  *host.Issuer // by a public key
	remote  *host.Issuer // by a JWKS URL
	source  *fakeSource  // what the URL publishes
	curve   *ecdsa.PrivateKey
}

func newHouse() *house {
	h := &house{
		org: &host.Organization{ID: host.NewID(), APIKeyEnabled: true}, signing: host.NewSigningKey(),
		token: host.NewToken(), curve: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
	}
	h.app = host.NewApp(h.org.ID)
	h.source = &fakeSource{keys: map[string]crypto.PublicKey{"c1": h.curve.Public()}}
	h.Table = auth.NewTable(h.source)
	h.SetOrganization(h.org)
	h.SetSigningKeys([]*host.SigningKey{h.signing})
	h.token.Name, h.token.KeyID = "deploy", h.signing.ID
	h.PutToken(h.token)
	h.issuer = h.newIssuer("https://issuer.example")
	h.issuer.PublicKey, h.issuer.Audience = new(publicPEM(issuerKey().Public())), []string{"orders", "billing"}
	h.remote = h.newIssuer("https://remote.example")
	h.remote.JWKSURL, h.remote.Algorithms = new("https://remote.example/jwks"), []string{"ES256"}
	h.setIssuers()
	return h
}

func (h *house) newIssuer(name string) *host.Issuer {
	i := host.NewIssuer(h.app.ID)
	i.Name, i.Issuer = "Partner", name
	return i
}

// setIssuers validates the issuers, as whoever stores them does, and puts
// copies into force.
func (h *house) setIssuers() {
	var rows []*host.Issuer
	for _, i := range []*host.Issuer{h.issuer, h.remote} {
		if err := i.Validate(); err != nil {
			panic(err)
		}
		row := *i
		rows = append(rows, &row)
	}
	h.SetIssuers(h.app.ID, rows)
}

// admit calls a private endpoint with a bearer token.
func (h *house) admit(token string) (*host.Caller, error) {
	return h.call(func(*host.Endpoint) {}, request("Authorization", "Bearer "+token))
}

func (h *house) call(change func(*host.Endpoint), r *host.Request) (*host.Caller, error) {
	return h.Admit(context.Background(), h.policy(change), r)
}

func (h *house) policy(change func(*host.Endpoint)) *auth.Policy {
	e := host.NewEndpoint()
	change(e)
	return auth.NewPolicy(h.app, e)
}

// newKey puts a key into the table after change altered it.
func (h *house) newKey(change func(*host.Key)) (*host.Key, string) {
	key, secret := host.NewKey("ci")
	change(key)
	h.PutKey(key)
	return key, secret
}

func request(headers ...string) *host.Request {
	r := &host.Request{Method: "GET", Path: "/", Client: client}
	for i := 0; i < len(headers); i += 2 {
		r.Header = append(r.Header, host.Header{Name: headers[i], Value: headers[i+1]})
	}
	return r
}

// why is the reason in an error for a credential that is not valid.
func why(err error) string {
	if host.CodeOf(err) != host.CodeUnauthorized {
		return ""
	}
	return auth.Reason(err)
}

// tokenClaims are the claims of the house's token, changed.
func (h *house) tokenClaims(change jwt.MapClaims) jwt.MapClaims {
	return with(jwt.MapClaims{
		"iss": host.TokenIssuer(h.org.ID), "sub": h.token.ID, "jti": h.token.ID,
		"name": h.token.Name, "env": *h.token.Environment, "iat": time.Now().Unix(),
	}, change)
}

// mint signs the token's claims with a key of the organization.
func (h *house) mint(key *host.SigningKey, claims jwt.MapClaims) string {
	return sign(jwt.SigningMethodEdDSA, key.Private, map[string]any{"kid": key.ID}, claims)
}

// issuerClaims are good claims of the issuer, changed.
func (h *house) issuerClaims(change jwt.MapClaims) jwt.MapClaims {
	return with(jwt.MapClaims{
		"iss": h.issuer.Issuer, "sub": "alice", "aud": "orders", "exp": time.Now().Add(time.Hour).Unix(),
	}, change)
}

// own signs claims as the issuer.
func (h *house) own(claims jwt.MapClaims) string {
	return sign(jwt.SigningMethodRS256, issuerKey(), nil, claims)
}

// published signs claims as the issuer with a JWKS URL.
func (h *house) published(kid any, claims jwt.MapClaims) string {
	return sign(jwt.SigningMethodES256, h.curve, map[string]any{"kid": kid}, with(claims, jwt.MapClaims{"iss": h.remote.Issuer}))
}

// with returns claims after a change, in which nil removes one.
func with(claims, change jwt.MapClaims) jwt.MapClaims {
	out := maps.Clone(claims)
	for name, value := range change {
		if out[name] = value; value == nil {
			delete(out, name)
		}
	}
	return out
}

// sign makes a JWT with the library. Members of the header that are nil are
// left out.
func sign(method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(method, claims)
	for name, value := range header {
		if token.Header[name] = value; value == nil {
			delete(token.Header, name)
		}
	}
	return must(token.SignedString(key))
}

// forge makes a JWT of any bytes, signed by the issuer.
func forge(header, claims string) string {
	signed := encode(header) + "." + encode(claims)
	return signed + "." + encode(string(must(jwt.SigningMethodRS256.Sign(signed, issuerKey()))))
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func publicPEM(key crypto.PublicKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key))}))
}

func strangerEd25519() ed25519.PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return must(private, err)
}

// fakeSource is a KeySource of given keys.
type fakeSource struct {
	mu    sync.Mutex
	keys  map[string]crypto.PublicKey
	err   error // instead of an answer
	asked int
}

// Key returns a key, whatever the algorithm.
func (s *fakeSource) Key(_ context.Context, _, kid, _ string) (crypto.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.err != nil {
		return nil, s.err
	}
	if s.keys[kid] == nil {
		return nil, errors.New("no such key")
	}
	return s.keys[kid], nil
}

func (s *fakeSource) set(kid string, key crypto.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[kid] = key
}
