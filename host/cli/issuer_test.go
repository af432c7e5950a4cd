package cli_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// login is somebody's login service, which publishes its keys.
type login struct {
	*httptest.Server
	keys    map[string]ed25519.PrivateKey // by kid
	fetches atomic.Int64
}

func newLogin(t *testing.T, kids ...string) *login {
	l := &login{keys: map[string]ed25519.PrivateKey{}}
	set := struct {
		Keys []map[string]string `json:"keys"`
	}{}
	for _, kid := range kids {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		l.keys[kid] = private
		set.Keys = append(set.Keys, map[string]string{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": base64.RawURLEncoding.EncodeToString(public)})
	}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		l.fetches.Add(1)
		_ = json.NewEncoder(w).Encode(set)
	}))
	t.Cleanup(l.Close)
	return l
}

// jwt is a JWT of a subject, signed with the key kid or one that nobody knows.
func (l *login) jwt(kid, subject string) string {
	key, ok := l.keys[kid]
	if !ok {
		_, key, _ = ed25519.GenerateKey(nil)
	}
	part := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"iss":"https://login.example.com","sub":%q,"exp":%d}`, subject, time.Now().Add(time.Hour).Unix())
	signed := part(fmt.Appendf(nil, `{"alg":"EdDSA","typ":"JWT","kid":%q}`, kid)) + "." + part([]byte(claims))
	return signed + "." + part(ed25519.Sign(key, []byte(signed)))
}

// TestServe_JWKS covers JWTs of an issuer that publishes its keys, through a
// running server: one fetch does for all, ids that are made up cause none, and
// known keys go on to work when the issuer is gone.
func TestServe_JWKS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := startServer(t, dir, "--outbound-private")
	run := func(args ...string) {
		t.Helper()
		if out, err := postern(t, dir, append(args, "--server", "http://"+server.address)...).CombinedOutput(); err != nil {
			t.Fatalf("postern %v: %v\n%s", args, err, out)
		}
	}
	shout, err := filepath.Abs("../../plugins/shout/shout.wasm")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "postern.yaml"), `app: shop
modules: {shout: {file: `+shout+`}}
endpoints: [{name: Shout, method: POST, path: /shout, module: shout, input: body}]
`)
	run("deploy", ".")
	issuer := newLogin(t, "one", "two")
	run("issuers", "create", "shop", "login", "--issuer", "https://login.example.com", "--algorithm", "EdDSA", "--jwks-url", issuer.URL)
	expect := func(what, jwt string, status int) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+server.address+"/run/shop/shout", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+jwt)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if body, _ := io.ReadAll(answer.Body); answer.StatusCode != status {
			t.Errorf("%s: %d %s", what, answer.StatusCode, body)
		}
	}
	expect("the first", issuer.jwt("one", "ada"), 200)
	expect("another key of the set", issuer.jwt("two", "bob"), 200)
	expect("an id that is made up", issuer.jwt("three", "eve"), 401)
	if n := issuer.fetches.Load(); n != 1 {
		t.Errorf("the set was fetched %d times", n)
	}
	issuer.Close()
	expect("a new caller of an issuer that is gone", issuer.jwt("one", "cid"), 200)
	expect("an id that is made up, of an issuer that is gone", issuer.jwt("four", "eve"), 401)
	run("issuers", "disable", "shop", "login")
	expect("an issuer that is disabled", issuer.jwt("one", "ada"), 401)
}
