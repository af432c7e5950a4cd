package auth_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
)

// crowd is a house with a million keys, and what each takes of the heap.
var crowd = sync.OnceValues(func() (*house, float64) {
	const keys = 1_000_000
	h := newHouse()
	before := heap()
	environments := []*string{nil, new(host.Production), new(host.Staging)}
	for i := range keys {
		key, _ := host.NewKey("service " + strconv.Itoa(i))
		key.Environment = environments[i%len(environments)]
		h.PutKey(key)
	}
	return h, float64(heap()-before) / keys
})

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkAdmit is what authentication adds to a request, with a million keys.
func BenchmarkAdmit(b *testing.B) {
	h, perKey := crowd()
	_, secret := h.newKey(func(*host.Key) {})
	full, busy := h.newKey(func(k *host.Key) {
		k.Environment, k.AllowedIPs, k.Variables = new(host.Production), []string{"10.0.0.0/8", "203.0.113.0/24"}, map[string]string{"tier": "gold"}
	})
	h.SetGroups(h.app.ID, []*host.KeyGroup{{Name: "partners", Members: []string{full.ID}}})
	strict := func(e *host.Endpoint) {
		e.AllowedIPs, e.KeyGroups, e.RequiredVariables = []string{"203.0.113.0/24"}, []string{"partners"}, map[string]string{"tier": "gold"}
	}
	for _, bm := range []struct {
		name, secret string
		change       func(*host.Endpoint)
	}{
		{"key", secret, func(*host.Endpoint) {}},
		{"key-every-rule", busy, strict},
		{"token", h.mint(h.signing, h.tokenClaims(nil)), func(*host.Endpoint) {}},
		{"own", h.own(h.issuerClaims(nil)), func(*host.Endpoint) {}},
		{"published", h.published("c1", h.issuerClaims(nil)), func(*host.Endpoint) {}},
		{"public", "", anybody},
		{"token-at-public", h.mint(h.signing, h.tokenClaims(nil)), anybody},
	} {
		b.Run(bm.name, func(b *testing.B) {
			p, r := h.policy(bm.change), request("Host", "x", "Accept", "*/*", "User-Agent", "bench")
			if bm.secret != "" {
				r.Header = append(r.Header, host.Header{Name: "Authorization", Value: "Bearer " + bm.secret})
			}
			benchmark(b, h, p, r, "")
			if bm.name == "key" {
				b.ReportMetric(perKey, "B/key")
			}
		})
	}
}

// BenchmarkRefuse shows that what is unknown takes as long as what is wrong.
func BenchmarkRefuse(b *testing.B) {
	h := newHouse()
	_, unknown := host.NewKey("never stored")
	_, disabled := h.newKey(func(k *host.Key) { k.Enabled = false })
	gone := host.NewID()
	for _, bm := range []struct{ name, secret string }{
		{"key-unknown", unknown}, {"key-disabled", disabled},
		{"token-forged", h.mint(&host.SigningKey{ID: h.signing.ID, Private: strangerEd25519()}, h.tokenClaims(nil))},
		{"token-unknown-kid", h.mint(host.NewSigningKey(), h.tokenClaims(nil))},
		{"token-other-organization", h.mint(h.signing, h.tokenClaims(jwt.MapClaims{"iss": "postern:x"}))},
		{"token-deleted-row", h.mint(h.signing, h.tokenClaims(jwt.MapClaims{"sub": gone, "jti": gone}))},
		{"own-forged", sign(jwt.SigningMethodRS256, strangerKey(), nil, h.issuerClaims(nil))},
		{"own-unknown-issuer", h.own(h.issuerClaims(jwtIssuer("https://other.example")))},
		{"published-unknown-kid", h.published("c2", h.issuerClaims(nil))},
		{"published-forged", sign(jwt.SigningMethodES256, newHouse().curve, map[string]any{"kid": "c1"}, with(h.issuerClaims(nil), jwtIssuer(h.remote.Issuer)))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			benchmark(b, h, h.policy(func(*host.Endpoint) {}), request("X-API-Key", bm.secret), host.CodeUnauthorized)
		})
	}
}

func benchmark(b *testing.B, h *house, p *auth.Policy, r *host.Request, want host.Code) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Admit(context.Background(), p, r); host.CodeOf(err) != want {
			b.Fatal(fmt.Sprint(err, why(err)))
		}
	}
}
