package auth_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
)

func jwtIssuer(name string) jwt.MapClaims { return jwt.MapClaims{"iss": name} }

// TestRequiredClaims holds claims against what an issuer requires of them.
func TestRequiredClaims(t *testing.T) {
	t.Parallel()
	h := newHouse()
	for _, tt := range []struct {
		required string // JSON
		claims   string // more members
		want     bool
	}{
		{`{}`, ``, true},
		{`{"role":"admin"}`, `,"role":"admin"`, true},
		{`{"role":"admin"}`, `,"role":"Admin"`, false},
		{`{"role":"admin"}`, `,"role":"admin "`, false},
		{`{"role":"admin"}`, ``, false},
		{`{"role":"admin"}`, `,"Role":"admin"`, false},
		{`{"role":"admin"}`, `,"role":["user","admin"]`, true},
		{`{"role":"admin"}`, `,"role":[["admin"]]`, false},
		{`{"role":"admin"}`, `,"role":{"admin":true}`, false},
		{`{"role":["admin"]}`, `,"role":"admin"`, false},
		{`{"role":["a","b"]}`, `,"role":["a","b"]`, true},
		{`{"role":["a","b"]}`, `,"role":["b","a"]`, false},
		{`{"role":["a","b"]}`, `,"role":[["a","b"]]`, true},
		{`{"a":1,"b":2}`, `,"a":1,"b":2`, true},
		{`{"a":1,"b":2}`, `,"a":1`, false},
		{`{"n":1}`, `,"n":1.0`, true},
		{`{"n":100}`, `,"n":1e2`, true},
		{`{"n":-0.5}`, `,"n":-5e-1`, true},
		{`{"n":0}`, `,"n":-0.0e9`, true},
		{`{"n":1}`, `,"n":-1`, false},
		{`{"n":1}`, `,"n":10`, false},
		{`{"n":1}`, `,"n":"1"`, false},
		{`{"n":"1"}`, `,"n":1`, false},
		{`{"n":1}`, `,"n":true`, false},
		{`{"n":9007199254740993}`, `,"n":9007199254740992`, false},
		{`{"n":9007199254740993}`, `,"n":9007199254740993`, true},
		{`{"n":1e999999999999999999999}`, `,"n":1e-999999999999999999999`, false},
		{`{"b":true}`, `,"b":true`, true},
		{`{"b":true}`, `,"b":"true"`, false},
		{`{"b":false}`, ``, false},
		{`{"x":null}`, `,"x":null`, true},
		{`{"x":null}`, ``, false},
		{`{"o":{"a":{"b":1}}}`, `,"o":{"a":{"b":1.0}}`, true},
		{`{"o":{"a":1}}`, `,"o":{"a":1,"b":2}`, false},
	} {
		decoder := json.NewDecoder(strings.NewReader(tt.required))
		decoder.UseNumber()
		h.issuer.RequiredClaims = map[string]any{}
		if err := decoder.Decode(&h.issuer.RequiredClaims); err != nil {
			t.Fatal(err)
		}
		h.setIssuers()
		_, err := h.admit(forge(`{"alg":"RS256"}`, h.claimsText(tt.claims)))
		if (err == nil) != tt.want {
			t.Errorf("%s of %s: %v (%s), want %v", tt.required, tt.claims, err, why(err), tt.want)
		}
	}
	// As they come from a decoder that knows no better, or from Go.
	for _, tt := range []struct {
		required any
		want     bool
	}{{float64(1), true}, {float64(1.5), false}, {int(1), true}, {int64(1), true}} {
		h.issuer.RequiredClaims = map[string]any{"n": tt.required}
		h.setIssuers()
		if _, err := h.admit(forge(`{"alg":"RS256"}`, h.claimsText(`,"n":1`))); (err == nil) != tt.want {
			t.Errorf("%T %v: %v", tt.required, tt.required, err)
		}
	}
}

// TestAudience covers the forms of the claim aud.
func TestAudience(t *testing.T) {
	t.Parallel()
	h := newHouse()
	for _, aud := range []any{"orders", "billing", []string{"other", "billing"}, []any{1, nil, "orders"}} {
		if _, err := h.admit(h.own(h.issuerClaims(jwt.MapClaims{"aud": aud}))); err != nil {
			t.Errorf("%v: %v", aud, err)
		}
	}
	h.issuer.Audience = []string{}
	h.setIssuers()
	if _, err := h.admit(h.own(h.issuerClaims(jwt.MapClaims{"aud": nil}))); err != nil {
		t.Errorf("an issuer that does not look: %v", err)
	}
}

// TestDates goes to the millisecond at which each kind of credential ends or
// begins, the second time from memory.
func TestDates(t *testing.T) {
	t.Parallel()
	issuerKey() // outside the bubble, for all tests
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		start := time.Now()
		at := func(d time.Duration) { time.Sleep(time.Until(start.Add(d))) }
		seconds := start.Unix()
		key, secret := h.newKey(func(k *host.Key) { k.ExpiresAt = host.At(start.Add(100 * time.Second)) })
		rotated, old := h.newKey(func(*host.Key) {})
		fresh := rotated.Rotate(90 * time.Second)
		h.PutKey(rotated)
		short := host.NewToken()
		short.Name, short.KeyID, short.ExpiresAt = "short", h.signing.ID, host.At(start.Add(110*time.Second))
		h.PutToken(short)
		claims := jwt.MapClaims{"sub": short.ID, "jti": short.ID, "exp": seconds + 110}
		credentials := map[string]string{
			"key": secret, "old": old, "new": fresh, "token": h.mint(h.signing, h.tokenClaims(claims)),
			"own":      h.own(h.issuerClaims(jwt.MapClaims{"exp": seconds + 120})),
			"fraction": forge(`{"alg":"RS256"}`, `{"iss":"https://issuer.example","aud":"orders","exp":946684920.5}`),
			"nbf":      h.own(h.issuerClaims(jwt.MapClaims{"nbf": seconds + 200})),
			"iat":      h.own(h.issuerClaims(jwt.MapClaims{"iat": seconds + 200})),
		}
		const ms = time.Millisecond
		for _, step := range []struct {
			at         time.Duration
			credential string
			admitted   bool
		}{
			{0, "key", true}, {0, "old", true}, {0, "new", true}, {0, "token", true}, {0, "own", true}, {0, "fraction", true}, {0, "nbf", false}, {0, "iat", false},
			{90*time.Second - ms, "old", true}, {90 * time.Second, "old", false}, {90 * time.Second, "new", true},
			{100*time.Second - ms, "key", true}, {100 * time.Second, "key", false},
			{110*time.Second - ms, "token", true}, {110 * time.Second, "token", false},
			{140*time.Second - ms, "nbf", false}, {140 * time.Second, "nbf", true}, {140 * time.Second, "iat", true},
			{180*time.Second - ms, "own", true}, {180 * time.Second, "own", false},
			{180*time.Second + 499*ms, "fraction", true}, {180*time.Second + 500*ms, "fraction", false},
		} {
			at(step.at)
			for range 2 {
				if _, err := h.admit(credentials[step.credential]); (err == nil) != step.admitted {
					t.Errorf("%s after %v: %v (%s)", step.credential, step.at, err, why(err))
				}
			}
		}
		if key.Status(host.Now()) != host.KeyExpired {
			t.Error("the key says it is in force when it is refused")
		}
	})
}

// TestCache fills the memory of verified JWTs several times over: whatever it
// forgets is verified again.
func TestCache(t *testing.T) {
	t.Parallel()
	h := newHouse()
	first := h.mint(h.signing, h.tokenClaims(nil))
	padding := strings.Repeat("x", 5<<10)
	for i := range 2000 {
		if _, err := h.admit(h.mint(h.signing, h.tokenClaims(jwt.MapClaims{"n": i, "padding": padding}))); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			if _, err := h.admit(first); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.DropToken(h.token.ID)
	if _, err := h.admit(first); err == nil {
		t.Error("a deleted token is admitted")
	}
}
