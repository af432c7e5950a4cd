package auth_test

import (
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// FuzzAdmit sends whatever it likes in all the places a credential may be in:
// nobody is admitted but by the one key and the one JWT of each kind.
func FuzzAdmit(f *testing.F) {
	h := newHouse()
	_, secret := h.newKey(func(*host.Key) {})
	known := []string{secret, h.mint(h.signing, h.tokenClaims(nil)), h.own(h.issuerClaims(nil)), h.published("c1", h.issuerClaims(nil))}
	for _, credential := range known {
		f.Add(credential, "", "")
		f.Add("", "Bearer "+credential, "")
		f.Add("", "", "api_key="+credential)
		f.Add("", "Bearer "+credential[:len(credential)-1], "api_key")
	}
	f.Add("ask_x", "Bearer y", "api_key=z")
	f.Add("", "bearer", "api_key&&=%")
	f.Fuzz(func(t *testing.T, key, authorization, query string) {
		r := request("X-API-Key", key, "Authorization", authorization)
		r.Query = query
		for _, change := range []func(*host.Endpoint){func(*host.Endpoint) {}, anybody} {
			caller, err := h.call(change, r)
			if caller != nil && !holdsOne(known, key+" "+authorization+" "+query) {
				t.Fatalf("admitted: %+v (%v)", caller, err)
			}
		}
	})
}

func holdsOne(known []string, text string) bool {
	for _, credential := range known {
		if strings.Contains(text, credential) || strings.Contains(text, "%") {
			return true
		}
	}
	return false
}

// FuzzJWT sends any header and claims, signed by the issuer itself: what is
// admitted must be what its claims say, and only whole, well-formed tokens are.
func FuzzJWT(f *testing.F) {
	h := newHouse()
	f.Add(`{"alg":"RS256"}`, h.claimsText(""), "")
	f.Add(`{"alg":"RS256","kid":"x","typ":"at+jwt"}`, h.claimsText(`,"sub":"a","role":["b",1e3,null]`), "=")
	f.Add(`{"alg":"none"}`, `{"iss":"postern:x","sub":1,"exp":"1"}`, ".")
	f.Add(`{"alg":"ES256","jwk":{}}`, `{"iss":"https://remote.example","exp":1e9}`, "AAAA")
	f.Fuzz(func(t *testing.T, header, claims, tail string) {
		caller, err := h.admit(forge(header, claims) + tail)
		if err != nil {
			return
		}
		if tail != "" || !strings.Contains(header, `"RS256"`) && !strings.Contains(header, `\u`) || caller.Claims["iss"] != h.issuer.Issuer || caller.Claims["exp"] == nil {
			t.Fatalf("admitted: %q %q %q", header, claims, tail)
		}
		if !strings.HasPrefix(caller.ID, h.issuer.ID) || len(caller.ID) > 36+1+255 {
			t.Fatalf("the id %q", caller.ID)
		}
	})
}
