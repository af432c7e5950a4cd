package jwt_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	jose "github.com/golang-jwt/jwt/v5"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/jwt"
)

var now = time.UnixMilli(1_800_000_000_500)

// vault is an app's secrets.
type vault map[string][]byte

func (v vault) get(_ context.Context, name string) (string, error) {
	if value, ok := v[name]; ok {
		return string(value), nil
	}
	return "", host.Errorf(host.CodeNotFound, "Secret not found")
}

func private(t testing.TB, key crypto.Signer, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func public(t testing.TB, text []byte) string {
	t.Helper()
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.(crypto.Signer).Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// newVault has a key for each algorithm, under its first two letters and, for
// curves, its number.
func newVault(t testing.TB) vault {
	t.Helper()
	v := vault{"HS": []byte(strings.Repeat("0123456789abcdef", 4)), "short": []byte("too short")}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	v["RS"] = private(t, rsaKey, err)
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		v[name] = private(t, key, err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	v["EdDSA"] = private(t, ed, err)
	return v
}

func secretFor(algorithm string) string {
	if strings.HasPrefix(algorithm, "HS") || strings.HasPrefix(algorithm, "RS") {
		return algorithm[:2]
	}
	return algorithm
}

func sign(t testing.TB, v vault, r jwt.SignRequest) string {
	t.Helper()
	token, err := jwt.Sign(context.Background(), v.get, r, now)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestSign_EveryAlgorithm(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	for _, algorithm := range jwt.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			token := sign(t, v, jwt.SignRequest{Algorithm: algorithm, Secret: secretFor(algorithm), Payload: json.RawMessage(`{"sub":"ann","n":12345678901234567890}`)})
			keys := []jwt.VerifyRequest{{Secret: secretFor(algorithm)}}
			if algorithm[:2] != "HS" {
				keys = append(keys, jwt.VerifyRequest{PublicKey: public(t, v[secretFor(algorithm)])})
			}
			for _, r := range keys {
				r.Token, r.Algorithm = token, algorithm
				got, err := jwt.Verify(context.Background(), v.get, r, now)
				if err != nil || !got.Valid {
					t.Fatalf("got %+v, %v", got, err)
				}
				if want := `{"iat":1800000000,"n":12345678901234567890,"sub":"ann"}`; string(got.Payload) != want {
					t.Errorf("the payload is %s, want %s", got.Payload, want)
				}
				if want := `{"alg":"` + algorithm + `","typ":"JWT"}`; string(got.Header) != want {
					t.Errorf("the header is %s, want %s", got.Header, want)
				}
			}
			// Another implementation reads it too.
			if _, _, err := jose.NewParser().ParseUnverified(token, jose.MapClaims{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestVerify_Published verifies the example of RFC 7515, appendix A.1.
func TestVerify_Published(t *testing.T) {
	t.Parallel()
	key, err := host.DecodeBase64URL("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
	if err != nil {
		t.Fatal(err)
	}
	const token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	r := jwt.VerifyRequest{Token: token, Algorithm: "HS256", Secret: "rfc", Issuer: "joe"}
	for at, want := range map[int64]string{1300819379: "", 1300819380: "the token has expired"} {
		got, err := jwt.Verify(context.Background(), vault{"rfc": key}.get, r, time.Unix(at, 0))
		if err != nil || got.Reason != want || got.Valid != (want == "") {
			t.Errorf("at %d: got %+v, %v; want the reason %q", at, got, err, want)
		}
	}
}

func TestVerify_Reasons(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	hs := func(payload string) string {
		return sign(t, v, jwt.SignRequest{Algorithm: "HS256", Secret: "HS", Payload: json.RawMessage(payload)})
	}
	good := hs(`{"iss":"me","aud":["a","b"]}`)
	parts := strings.Split(good, ".")
	for name, test := range map[string]struct {
		change func(*jwt.VerifyRequest)
		want   string
	}{
		"valid":            {func(*jwt.VerifyRequest) {}, ""},
		"other audience":   {func(r *jwt.VerifyRequest) { r.Audience = "c" }, "the token is for another audience"},
		"audience":         {func(r *jwt.VerifyRequest) { r.Audience = "b" }, ""},
		"other issuer":     {func(r *jwt.VerifyRequest) { r.Issuer = "you" }, "the token is of another issuer"},
		"no JWT":           {func(r *jwt.VerifyRequest) { r.Token = "a.b" }, "the token is not a JWT"},
		"padding":          {func(r *jwt.VerifyRequest) { r.Token = good + "=" }, "the token is not a JWT"},
		"too long":         {func(r *jwt.VerifyRequest) { r.Token = strings.Repeat("a", 1<<20) }, "the token is not a JWT"},
		"none":             {func(r *jwt.VerifyRequest) { r.Token = "eyJhbGciOiJub25lIn0." + parts[1] + "." }, "the token is signed with another algorithm"},
		"other algorithm":  {func(r *jwt.VerifyRequest) { r.Algorithm = "HS384" }, "the token is signed with another algorithm"},
		"cut signature":    {func(r *jwt.VerifyRequest) { r.Token = parts[0] + "." + parts[1] + "." }, "the signature does not match"},
		"other payload":    {func(r *jwt.VerifyRequest) { r.Token = parts[0] + ".e30." + parts[2] }, "the signature does not match"},
		"expired":          {func(r *jwt.VerifyRequest) { r.Token = hs(`{"exp":1800000000}`) }, "the token has expired"},
		"leeway":           {func(r *jwt.VerifyRequest) { r.Token, r.LeewaySeconds = hs(`{"exp":1800000000}`), 1 }, ""},
		"not yet":          {func(r *jwt.VerifyRequest) { r.Token = hs(`{"nbf":1800000001}`) }, "the token is not valid yet"},
		"from the future":  {func(r *jwt.VerifyRequest) { r.Token = hs(`{"iat":1800000060}`) }, "the token was issued in the future"},
		"exp is a text":    {func(r *jwt.VerifyRequest) { r.Token = hs(`{"exp":"1900000000"}`) }, "the claim exp is not a number"},
		"exp is null":      {func(r *jwt.VerifyRequest) { r.Token = hs(`{"exp":null}`) }, "the claim exp is not a number"},
		"audience a null":  {func(r *jwt.VerifyRequest) { r.Token, r.Audience = hs(`{"aud":null}`), "a" }, "the token is for another audience"},
		"issuer is a list": {func(r *jwt.VerifyRequest) { r.Token, r.Issuer = hs(`{"iss":["me"]}`), "me" }, "the token is of another issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := jwt.VerifyRequest{Token: good, Algorithm: "HS256", Secret: "HS"}
			test.change(&r)
			got, err := jwt.Verify(context.Background(), v.get, r, now)
			if err != nil || got.Reason != test.want || got.Valid != (test.want == "") {
				t.Errorf("got %+v, %v; want the reason %q", got, err, test.want)
			}
			if !got.Valid && (got.Payload != nil || got.Header != nil) {
				t.Errorf("an invalid token tells %s and %s", got.Header, got.Payload)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v["public"] = []byte(public(t, v["RS"]))
	v["huge"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: make([]byte, 40_000)})
	payload := json.RawMessage(`{}`)
	for name, r := range map[string]jwt.SignRequest{
		"algorithm must be one of":            {Algorithm: "none", Secret: "HS", Payload: payload},
		"payload must be an object":           {Algorithm: "HS256", Secret: "HS", Payload: json.RawMessage(`[]`)},
		"header must be an object":            {Algorithm: "HS256", Secret: "HS", Payload: payload, Header: json.RawMessage(`1`)},
		"header.alg must be":                  {Algorithm: "HS256", Secret: "HS", Payload: payload, Header: json.RawMessage(`{"alg":"none"}`)},
		"header.crit":                         {Algorithm: "HS256", Secret: "HS", Payload: payload, Header: json.RawMessage(`{"crit":["b64"]}`)},
		"Secret not found":                    {Algorithm: "HS256", Secret: "other", Payload: payload},
		"at least 32 bytes":                   {Algorithm: "HS256", Secret: "short", Payload: payload},
		"which HS256 is not for":              {Algorithm: "HS256", Secret: "public", Payload: payload},
		"one private key in PEM":              {Algorithm: "RS256", Secret: "HS", Payload: payload},
		"of at most 16384 bytes":              {Algorithm: "RS256", Secret: "huge", Payload: payload},
		"of the type PRIVATE KEY":             {Algorithm: "RS256", Secret: "public", Payload: payload},
		"does not fit RS256":                  {Algorithm: "RS256", Secret: "ES256", Payload: payload},
		"does not fit ES256":                  {Algorithm: "ES256", Secret: "ES384", Payload: payload},
		"the token would be larger than 6553": {Algorithm: "HS256", Secret: "HS", Payload: json.RawMessage(`{"a":"` + strings.Repeat("x", 1<<16) + `"}`)},
	} {
		_, err := jwt.Sign(context.Background(), v.get, r, now)
		if err == nil || !strings.Contains(host.AsError(err).Message, name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	for name, r := range map[string]jwt.VerifyRequest{
		"one of secret and public_key": {Algorithm: "RS256", Secret: "RS", PublicKey: "x"},
		"must be given":                {Algorithm: "RS256"},
		"not with a public key":        {Algorithm: "HS256", PublicKey: string(v["public"])},
		"which HS256 is not for":       {Algorithm: "HS256", Secret: "public"}, // the classic confusion
		"leeway_seconds must be":       {Algorithm: "HS256", Secret: "HS", LeewaySeconds: 301},
	} {
		_, err := jwt.Verify(context.Background(), v.get, r, now)
		if err == nil || !strings.Contains(host.AsError(err).Message, name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

// FuzzVerify opens hostile tokens: none of them is valid.
func FuzzVerify(f *testing.F) {
	v := vault{"HS": []byte(strings.Repeat("k", 32))}
	token := sign(f, v, jwt.SignRequest{Algorithm: "HS256", Secret: "HS", Payload: json.RawMessage(`{"exp":1e9}`)})
	for _, seed := range []string{token, "", "..", "e30.e30.", strings.Replace(token, ".", "..", 1), "bnVsbA.bnVsbA.bnVsbA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := jwt.Verify(context.Background(), v.get, jwt.VerifyRequest{Token: token, Algorithm: "HS256", Secret: "HS"}, now)
		if err != nil || got.Valid {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
