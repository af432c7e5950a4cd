package host_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// inPEM writes a public key.
func inPEM(t *testing.T, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// rsaOf is a key with a modulus of that many bits, good for nothing but its form.
func rsaOf(bits uint) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
}

func ecOn(t *testing.T, curve elliptic.Curve) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaAlgorithms := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	private, err := x509.MarshalPKCS8PrivateKey(edPrivate)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	ed := inPEM(t, edPublic)
	for name, tt := range map[string]struct {
		text string
		fits []string
		want string
	}{
		"Ed25519":           {ed, []string{"EdDSA"}, ""},
		"blanks around":     {"\n" + ed + "\n \n", []string{"EdDSA"}, ""},
		"P-256":             {inPEM(t, ecOn(t, elliptic.P256())), []string{"ES256"}, ""},
		"P-384":             {inPEM(t, ecOn(t, elliptic.P384())), []string{"ES384"}, ""},
		"P-521":             {inPEM(t, ecOn(t, elliptic.P521())), []string{"ES512"}, ""},
		"RSA":               {inPEM(t, rsaOf(2048)), rsaAlgorithms, ""},
		"RSA in PKCS 1":     {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(rsaOf(2048))), rsaAlgorithms, ""},
		"short RSA":         {inPEM(t, rsaOf(2047)), nil, "public_key must be an RSA key of 2048"},
		"huge RSA":          {inPEM(t, rsaOf(16385)), nil, "public_key must be an RSA key of 2048"},
		"P-224":             {inPEM(t, ecOn(t, elliptic.P224())), nil, "public_key must be an RSA key of 2048"},
		"empty":             {"", nil, "public_key must be one public key in PEM"},
		"two":               {ed + ed, nil, "public_key must be one public key in PEM"},
		"private":           {block("PRIVATE KEY", private), nil, "public_key must be a block of the type PUBLIC KEY, never a private key"},
		"certificate":       {block("CERTIFICATE", []byte("x")), nil, "public_key must be a block of the type PUBLIC KEY"},
		"garbage":           {block("PUBLIC KEY", []byte("x")), nil, "public_key cannot be read"},
		"a shared secret":   {"hunter2", nil, "public_key must be one public key in PEM"},
		"private as public": {block("PUBLIC KEY", private), nil, "public_key cannot be read"},
	} {
		key, fits, err := host.ParsePublicKey(tt.text)
		wantFault(t, name, err, tt.want)
		if !slices.Equal(fits, tt.fits) || (key == nil) != (tt.want != "") {
			t.Errorf("%s: %T for %v, want %v", name, key, fits, tt.fits)
		}
	}
}

func TestIssuer_Validate(t *testing.T) {
	t.Parallel()
	key := inPEM(t, ecOn(t, elliptic.P256()))
	url := func(s string) func(*host.Issuer) {
		return func(i *host.Issuer) { i.PublicKey, i.JWKSURL = nil, &s }
	}
	const badURL = "jwks_url must be a URL"
	for name, tt := range map[string]struct {
		change     func(*host.Issuer)
		algorithms []string
		text       string
	}{
		"key":                {func(*host.Issuer) {}, []string{"ES256"}, ""},
		"url":                {url("https://id.example.com/keys?v=2"), []string{"RS256"}, ""},
		"http":               {url("http://id.internal:8443/keys"), []string{"RS256"}, ""},
		"own algorithms":     {func(i *host.Issuer) { url("https://a")(i); i.Algorithms = []string{"PS512", "EdDSA"} }, []string{"PS512", "EdDSA"}, ""},
		"no name":            {func(i *host.Issuer) { i.Name = "" }, nil, "name is required"},
		"no issuer":          {func(i *host.Issuer) { i.Issuer = "" }, nil, "issuer is required"},
		"long issuer":        {func(i *host.Issuer) { i.Issuer = strings.Repeat("i", 501) }, nil, "issuer is required and must be at most 500"},
		"our issuer":         {func(i *host.Issuer) { i.Issuer = host.TokenIssuer("x") }, nil, `issuer must not begin with "postern:"`},
		"neither":            {func(i *host.Issuer) { i.PublicKey = nil }, nil, "one of public_key and jwks_url is required"},
		"both":               {func(i *host.Issuer) { i.JWKSURL = ptr("https://a") }, nil, "one of public_key and jwks_url is required, and not both"},
		"file":               {url("file:///etc/passwd"), nil, badURL},
		"no host":            {url("https://"), nil, badURL},
		"password":           {url("https://u:p@a/"), nil, badURL},
		"long url":           {url("https://a/" + strings.Repeat("x", 2048)), nil, badURL},
		"no url":             {url("%zz"), nil, badURL},
		"unknown algorithm":  {func(i *host.Issuer) { url("https://a")(i); i.Algorithms = []string{"none"} }, nil, "algorithms must be among RS256"},
		"HMAC":               {func(i *host.Issuer) { url("https://a")(i); i.Algorithms = []string{"RS256", "HS256"} }, nil, "algorithms must be among RS256"},
		"another key's":      {func(i *host.Issuer) { i.Algorithms = []string{"RS256"} }, nil, "algorithms: the public key is for ES256"},
		"empty audience":     {func(i *host.Issuer) { i.Audience = []string{""} }, nil, "audience must not hold"},
		"too many audiences": {func(i *host.Issuer) { i.Audience = many(101, "a%d%d") }, nil, "audience, required_claims and claim_variables must have at most"},
		"too many variables": {func(i *host.Issuer) { i.ClaimVariables = variables(101) }, nil, "audience, required_claims and claim_variables must have at most"},
		"unnamed claim":      {func(i *host.Issuer) { i.ClaimVariables = map[string]string{"": "v"} }, nil, "claim_variables must lead"},
		"unnamed variable":   {func(i *host.Issuer) { i.ClaimVariables = map[string]string{"c": ""} }, nil, "claim_variables must lead"},
		"long variable":      {func(i *host.Issuer) { i.ClaimVariables = map[string]string{"c": strings.Repeat("v", 101)} }, nil, "claim_variables must lead"},
		"rate limit":         {func(i *host.Issuer) { i.RateLimit = &host.RateLimit{} }, nil, "rate_limit.limit must be"},
	} {
		issuer := host.NewIssuer(host.NewID())
		issuer.Name, issuer.Issuer, issuer.PublicKey = "Login", "https://id.example.com", &key
		tt.change(issuer)
		wantFault(t, name, issuer.Validate(), tt.text)
		if tt.text == "" && !slices.Equal(issuer.Algorithms, tt.algorithms) {
			t.Errorf("%s: algorithms %v, want %v", name, issuer.Algorithms, tt.algorithms)
		}
	}
}
