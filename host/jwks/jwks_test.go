package jwks_test

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/jwks"
)

// TestKey_Forms holds sets in all forms against which of their keys are given
// out.
func TestKey_Forms(t *testing.T) {
	t.Parallel()
	r, p256, p384, p521, ed := rsaJWK("r"), ecJWK(elliptic.P256(), "p256"), ecJWK(elliptic.P384(), "p384"), ecJWK(elliptic.P521(), "p521"), edJWK("ed")
	p224 := map[string]any{"kty": "EC", "crv": "P-224", "kid": "k", "x": encode(make([]byte, 28)), "y": encode(make([]byte, 28))}
	anonymous := func(jwk map[string]any) map[string]any { return with(jwk, "kid", nil) }
	secret := map[string]any{"kty": "oct", "kid": "k", "k": encode(make([]byte, 32))}
	for _, tt := range []struct {
		name     string
		keys     []map[string]any
		kid, alg string
		want     bool
	}{
		{"RSA", []map[string]any{r}, "r", "RS256", true},
		{"RSA, PSS", []map[string]any{r}, "r", "PS512", true},
		{"P-256", []map[string]any{r, p256}, "p256", "ES256", true},
		{"P-384", []map[string]any{r, p384}, "p384", "ES384", true},
		{"P-521", []map[string]any{r, p521}, "p521", "ES512", true},
		{"Ed25519", []map[string]any{r, ed}, "ed", "EdDSA", true},
		{"another key's id", []map[string]any{r, ed}, "x", "EdDSA", false},
		{"an id in another case", []map[string]any{r}, "R", "RS256", false},
		{"an algorithm of another type", []map[string]any{r, p256}, "r", "ES256", false},
		{"another curve's algorithm", []map[string]any{p256}, "p256", "ES384", false},
		{"HMAC", []map[string]any{r}, "r", "HS256", false},
		{"none", []map[string]any{r}, "r", "none", false},

		{"alg says so", []map[string]any{with(r, "alg", "RS256")}, "r", "RS256", true},
		{"alg says another", []map[string]any{with(r, "alg", "RS512")}, "r", "RS256", false},
		{"alg of another type", []map[string]any{with(r, "alg", "ES256")}, "r", "RS256", false},
		{"alg for encryption", []map[string]any{with(r, "alg", "RSA-OAEP")}, "r", "RS256", false},
		{"alg that is a number", []map[string]any{with(r, "alg", 1)}, "r", "RS256", false},
		{"use sig", []map[string]any{with(r, "use", "sig")}, "r", "RS256", true},
		{"use enc", []map[string]any{with(r, "use", "enc")}, "r", "RS256", false},
		{"use that is a list", []map[string]any{with(r, "use", []string{"sig"})}, "r", "RS256", false},
		{"key_ops verify", []map[string]any{with(r, "key_ops", []string{"verify"})}, "r", "RS256", true},
		{"key_ops without it", []map[string]any{with(r, "key_ops", []string{"wrapKey"})}, "r", "RS256", false},
		{"key_ops empty", []map[string]any{with(r, "key_ops", []string{})}, "r", "RS256", false},
		{"key_ops that is a text", []map[string]any{with(r, "key_ops", "verify")}, "r", "RS256", false},

		{"two with one id", []map[string]any{with(r, "kid", "k"), with(ed, "kid", "k")}, "k", "EdDSA", false},
		{"two with one id and type", []map[string]any{p256, ecJWK(elliptic.P256(), "p256")}, "p256", "ES256", false},
		{"two with one id, one for encryption", []map[string]any{with(r, "kid", "k"), with(p256, "kid", "k", "use", "enc")}, "k", "RS256", true},
		{"no id, the only key", []map[string]any{anonymous(r)}, "", "RS256", true},
		{"no id asked for, the only key", []map[string]any{r}, "", "RS256", true},
		{"no id, the only one for signatures", []map[string]any{anonymous(r), with(p256, "use", "enc")}, "", "RS256", true},
		{"no id, two keys", []map[string]any{anonymous(r), anonymous(ed)}, "", "RS256", false},
		{"no id asked for, two keys", []map[string]any{r, ed}, "", "RS256", false},
		{"no id, but one asked for", []map[string]any{anonymous(r)}, "r", "RS256", false},
		{"an id that is a number", []map[string]any{with(r, "kid", 7)}, "7", "RS256", false},
		{"an empty id", []map[string]any{with(r, "kid", "")}, "", "RS256", false},

		{"a symmetric key", []map[string]any{secret}, "k", "HS256", false},
		{"a private key", []map[string]any{with(r, "d", encode(rsaKey().D.Bytes()))}, "r", "RS256", false},
		{"a private key on a curve", []map[string]any{with(ed, "d", encode(make([]byte, 32)))}, "ed", "EdDSA", false},
		{"RSA of 1024 bits", []map[string]any{with(r, "n", encode(rsaKey().N.Bytes()[:128]))}, "r", "RS256", false},
		{"an even modulus", []map[string]any{with(r, "n", encode(append(rsaKey().N.Bytes()[:255:255], 2)))}, "r", "RS256", false},
		{"exponent 1", []map[string]any{with(r, "e", "AQ")}, "r", "RS256", false},
		{"exponent 0", []map[string]any{with(r, "e", "AA")}, "r", "RS256", false},
		{"an even exponent", []map[string]any{with(r, "e", "AQAA")}, "r", "RS256", false},
		{"no exponent", []map[string]any{with(r, "e", nil)}, "r", "RS256", false},
		{"an exponent of 33 bits", []map[string]any{with(r, "e", "AQAAAAE")}, "r", "RS256", false},
		{"a huge exponent", []map[string]any{with(r, "e", encode(rsaKey().N.Bytes()))}, "r", "RS256", false},
		{"padding", []map[string]any{with(r, "e", "AQAB=")}, "r", "RS256", false},
		{"a line break", []map[string]any{with(r, "e", "AQ\nAB")}, "r", "RS256", false},
		{"a point off the curve", []map[string]any{with(p256, "y", p256["x"])}, "p256", "ES256", false},
		{"a point too short", []map[string]any{with(p256, "x", p256["x"].(string)[:20])}, "p256", "ES256", false},
		{"the point of another curve", []map[string]any{with(p256, "crv", "P-384")}, "p256", "ES256", false},
		{"a curve that is not accepted", []map[string]any{p224}, "k", "ES256", false},
		{"secp256k1", []map[string]any{with(p256, "crv", "secp256k1")}, "p256", "ES256", false},
		{"X25519", []map[string]any{with(ed, "crv", "X25519")}, "ed", "EdDSA", false},
		{"Ed25519 too long", []map[string]any{with(ed, "x", encode(make([]byte, 33)))}, "ed", "EdDSA", false},
		{"KTY", []map[string]any{with(r, "kty", nil, "KTY", "RSA")}, "r", "RS256", false},
		{"no kty", []map[string]any{with(r, "kty", nil)}, "r", "RS256", false},
		{"a key that is null, beside a good one", []map[string]any{nil, r}, "r", "RS256", true},
	} {
		p := &publisher{}
		p.publish(tt.keys...)
		key, err := open(p).Key(t.Context(), address, tt.kid, tt.alg)
		if (err == nil) != tt.want || (key == nil) == tt.want || err != nil && !errors.Is(err, jwks.ErrNoKey) {
			t.Errorf("%s: key %v, error %v; want one: %v", tt.name, key != nil, err, tt.want)
		}
	}
}

// TestKey_NoSet covers answers that are no set: nothing is known, and the
// caller may come back.
func TestKey_NoSet(t *testing.T) {
	t.Parallel()
	many := make([]map[string]any, 101)
	for i := range many {
		many[i] = map[string]any{"kty": "x"}
	}
	tooMany, err := json.Marshal(map[string]any{"keys": append(many, rsaJWK("r"))})
	if err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(map[string]any{"keys": []any{rsaJWK("r")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*publisher{
		"no connection":  {},
		"500":            {status: 500, body: string(good)},
		"201":            {status: 201, body: string(good)},
		"HTML":           {status: 200, body: "<html>"},
		"nothing":        {status: 200},
		"null":           {status: 200, body: "null"},
		"a list":         {status: 200, body: `[]`},
		"no keys":        {status: 200, body: `{}`},
		"keys are null":  {status: 200, body: `{"keys":null}`},
		"keys are texts": {status: 200, body: `{"keys":["a"]}`},
		"KEYS":           {status: 200, body: strings.Replace(string(good), "keys", "KEYS", 1)},
		"more after it":  {status: 200, body: string(good) + "{}"},
		"101 keys":       {status: 200, body: string(tooMany)},
		"over 256 KiB":   {status: 200, body: string(good) + strings.Repeat(" ", 256<<10)},
	} {
		if _, err := open(p).Key(t.Context(), address, "r", "RS256"); host.CodeOf(err) != host.CodeUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// ask asks for a key and holds the answer and the number of fetches so far
// against what is wanted.
func ask(t *testing.T, s *jwks.Sets, p *publisher, what, kid string, code host.Code, fetches int) crypto.PublicKey {
	t.Helper()
	key, err := s.Key(t.Context(), address, kid, "RS256")
	if errors.Is(err, jwks.ErrNoKey) {
		err = host.Errorf(host.CodeUnauthorized, "no key")
	}
	if host.CodeOf(err) != code || p.count() != fetches {
		t.Errorf("%s: %v after %d fetches, want code %q after %d", what, err, p.count(), code, fetches)
	}
	return key
}

// TestKey_Rotation follows an issuer over time: what makes it fetch, what does
// not, and what is left when it fails.
func TestKey_Rotation(t *testing.T) {
	t.Parallel()
	rsaKey()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		s := open(p)
		ask(t, s, p, "down at first", "a", host.CodeUnavailable, 1)
		p.publish(rsaJWK("a"))
		ask(t, s, p, "up, below the floor", "a", host.CodeUnavailable, 1)
		time.Sleep(30 * time.Second)
		first := ask(t, s, p, "past the floor", "a", "", 2)
		for range 1000 {
			ask(t, s, p, "from memory", "a", "", 2)
		}
		p.publish(rsaJWK("a"), rsaJWK("b"))
		ask(t, s, p, "new, below the floor", "b", host.CodeUnauthorized, 2)
		time.Sleep(30*time.Second - time.Nanosecond)
		ask(t, s, p, "new, still below the floor", "b", host.CodeUnauthorized, 2)
		time.Sleep(time.Nanosecond)
		ask(t, s, p, "new, past the floor", "b", "", 3)
		if again := ask(t, s, p, "kept", "a", "", 3); !first.(*rsa.PublicKey).Equal(again) {
			t.Error("the key is another")
		}
		p.answer(0, "")
		time.Sleep(time.Minute)
		ask(t, s, p, "unknown while down", "c", host.CodeUnauthorized, 4)
		ask(t, s, p, "known while down", "b", "", 4)
		for range 100 {
			ask(t, s, p, "unknown, over and over", "d", host.CodeUnauthorized, 4)
		}
		time.Sleep(time.Hour)
		p.answer(http.StatusOK, "<html>maintenance</html>")
		ask(t, s, p, "unknown while it answers nonsense", "c", host.CodeUnauthorized, 5)
		ask(t, s, p, "known while it answers nonsense", "b", "", 5)
		time.Sleep(time.Minute)
		p.publish(rsaJWK("c"))
		ask(t, s, p, "all others withdrawn", "c", "", 6)
		ask(t, s, p, "withdrawn", "b", host.CodeUnauthorized, 6)
	})
}

// TestKey_Once proves that many who ask make one request.
func TestKey_Once(t *testing.T) {
	t.Parallel()
	rsaKey()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{takes: 3 * time.Second}
		p.publish(rsaJWK("a"))
		s := open(p)
		var wait sync.WaitGroup
		for i := range 100 {
			wait.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%2 == 0 {
					// Those who leave do not take the answer from the others.
					time.AfterFunc(time.Second, cancel)
				}
				start := time.Now()
				_, err := s.Key(ctx, address, "a", "RS256")
				took := time.Since(start)
				if leaves := i%2 == 0; leaves && (host.CodeOf(err) != host.CodeUnavailable || took != time.Second) || !leaves && (err != nil || took != 3*time.Second) {
					t.Errorf("caller %d: %v after %v", i, err, took)
				}
			})
		}
		wait.Wait()
		if p.count() != 1 {
			t.Errorf("%d fetches", p.count())
		}
	})
}

// TestKey_Slow proves that nobody waits longer than five seconds.
func TestKey_Slow(t *testing.T) {
	t.Parallel()
	rsaKey()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{takes: time.Minute}
		p.publish(rsaJWK("a"))
		start := time.Now()
		_, err := open(p).Key(t.Context(), address, "a", "RS256")
		if took := time.Since(start); host.CodeOf(err) != host.CodeUnavailable || took != 5*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// TestFollow proves that withdrawn keys go without anybody asking for a new
// one, and that sets nobody asks for are forgotten.
func TestFollow(t *testing.T) {
	t.Parallel()
	rsaKey()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		p.publish(rsaJWK("a"))
		s := open(p)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Follow(ctx)
		}()
		ask(t, s, p, "at first", "a", "", 1)
		time.Sleep(14 * time.Minute)
		p.publish(rsaJWK("b"))
		ask(t, s, p, "before the interval", "a", "", 1)
		time.Sleep(2 * time.Minute)
		ask(t, s, p, "withdrawn", "a", host.CodeUnauthorized, 3)
		ask(t, s, p, "new", "b", "", 3)
		time.Sleep(30 * time.Hour)
		after := p.count()
		time.Sleep(30 * time.Hour)
		if p.count() != after || after < 90 {
			t.Errorf("%d fetches in a day and %d in the next", after, p.count()-after)
		}
		p.publish(rsaJWK("c"))
		ask(t, s, p, "withdrawn while the set was forgotten", "b", host.CodeUnauthorized, after+1)
		cancel()
		<-done
	})
}

// FuzzKey publishes whatever it likes: a key that is given out verifies the
// algorithm that was asked for.
func FuzzKey(f *testing.F) {
	for _, jwk := range []map[string]any{rsaJWK("k"), ecJWK(elliptic.P256(), "k"), ecJWK(elliptic.P521(), "k"), edJWK("k"), with(rsaJWK("k"), "alg", "PS256", "use", "sig", "key_ops", []string{"verify"})} {
		set, err := json.Marshal(map[string]any{"keys": []any{jwk, with(edJWK("l"), "use", "enc")}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(set), "k", "RS256")
		f.Add(string(set), "", "ES256")
	}
	f.Add(`{"keys":[{}]}`, "", "EdDSA")
	f.Fuzz(func(t *testing.T, body, kid, alg string) {
		key, err := open(&publisher{status: http.StatusOK, body: body}).Key(t.Context(), address, kid, alg)
		if (key == nil) == (err == nil) {
			t.Fatalf("key %v with error %v", key, err)
		}
		if err == nil && (!slices.Contains(host.KeyAlgorithms(key), alg) || !slices.Contains(host.JWTAlgorithms, alg)) {
			t.Fatalf("a %T for %q", key, alg)
		}
	})
}
