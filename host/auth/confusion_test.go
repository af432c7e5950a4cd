package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
)

// attack is a token that must be refused, with the reason.
type attack struct{ name, token, reason string }

// TestConfusion presents every classic way to pass off a JWT. Each is made of a
// token that is good but for one thing, and that thing is the reason it is
// refused for.
func TestConfusion(t *testing.T) {
	t.Parallel()
	h := newHouse()
	good := map[string]string{
		"token": h.mint(h.signing, h.tokenClaims(nil)), "own": h.own(h.issuerClaims(nil)),
		"published": h.published("c1", h.issuerClaims(nil)), "forged": forge(`{"alg":"RS256"}`, h.claimsText("")),
		// What it says of its key is not looked at, and does no harm.
		"own with hints": sign(jwt.SigningMethodRS256, issuerKey(), map[string]any{"kid": "k", "typ": "at+jwt", "jku": "https://issuer.example/jwks", "x5t": "AAAA"}, h.issuerClaims(nil)),
	}
	for _, name := range slices.Sorted(maps.Keys(good)) {
		if caller, err := h.admit(good[name]); err != nil || caller == nil {
			t.Fatalf("the good %s is refused (%v): the attacks prove nothing", name, why(err))
		}
	}
	for _, list := range [][]attack{
		h.algorithmAttacks(), h.keyAttacks(), h.claimAttacks(), h.dateAttacks(), h.encodingAttacks(), h.memberAttacks(), h.tokenAttacks(),
	} {
		for _, a := range list {
			// Twice, so that nothing refused is remembered as good.
			for range 2 {
				caller, err := h.admit(a.token)
				if caller != nil || why(err) != a.reason {
					t.Errorf("%s: caller %v, error %v, reason %q; want the reason %q", a.name, caller, err, why(err), a.reason)
				}
				if err != nil && len(a.token) > 20 && strings.Contains(err.Error(), a.token[len(a.token)-20:]) {
					t.Errorf("%s: the error repeats the token", a.name)
				}
			}
		}
	}
}

// claimsText is the issuer's good claims as JSON, with more members.
func (h *house) claimsText(more string) string {
	return `{"iss":"https://issuer.example","aud":"orders","exp":` + future() + more + `}`
}

func future() string { return strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10) }

func (h *house) algorithmAttacks() []attack {
	const reason = "the JWT's algorithm is not accepted from its issuer"
	claims := h.issuerClaims(nil)
	out := []attack{
		{"none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, claims), reason},
		{"another algorithm of the same key", sign(jwt.SigningMethodRS512, issuerKey(), nil, claims), reason},
		{"another padding of the same key", sign(jwt.SigningMethodPS256, issuerKey(), nil, claims), reason},
		{"EdDSA by a stranger", sign(jwt.SigningMethodEdDSA, strangerEd25519(), nil, claims), reason},
	}
	for _, alg := range []string{"None", "nOnE", "rs256", "RS256 ", "RS-256", "", "HS256", "ES256K", "RSA1_5"} {
		out = append(out, attack{"alg " + alg, forge(`{"alg":"`+alg+`"}`, h.claimsText("")), reason})
	}
	public := issuerKey().Public()
	text, der := publicPEM(public), must(x509.MarshalPKIXPublicKey(public))
	for name, secret := range map[string][]byte{
		"PEM": []byte(text), "trimmed PEM": []byte(strings.TrimSpace(text)), "DER": der,
		"PKCS #1 DER": x509.MarshalPKCS1PublicKey(&issuerKey().PublicKey), "modulus": issuerKey().N.Bytes(), "nothing": {},
		"PKCS #1 PEM": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&issuerKey().PublicKey)}),
	} {
		for _, method := range []jwt.SigningMethod{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
			out = append(out, attack{method.Alg() + " with the public key as " + name, sign(method, secret, nil, claims), reason})
		}
	}
	return out
}

func (h *house) keyAttacks() []attack {
	const signature, unknown, header = "the JWT's signature does not match", "the JWT's signing key is not known", "the JWT's alg, kid or typ is not a text that can be"
	claims, stranger := h.issuerClaims(nil), strangerKey()
	jwk := map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "n": base64.RawURLEncoding.EncodeToString(stranger.N.Bytes()), "e": "AQAB"}
	byStranger := func(header map[string]any) string { return sign(jwt.SigningMethodRS256, stranger, header, claims) }
	own := h.own(claims)
	other := h.own(h.issuerClaims(jwt.MapClaims{"sub": "mallory"}))
	out := []attack{
		{"another key's signature", byStranger(nil), signature},
		{"embedded jwk", byStranger(map[string]any{"jwk": jwk}), signature},
		{"embedded jku", byStranger(map[string]any{"jku": "https://evil.example/jwks"}), signature},
		{"embedded x5u", byStranger(map[string]any{"x5u": "https://evil.example/cert"}), signature},
		{"embedded x5c", byStranger(map[string]any{"x5c": []string{"MIIB"}}), signature},
		{"another token's signature", own[:strings.LastIndex(own, ".")] + other[strings.LastIndex(other, "."):], signature},
		{"no signature", own[:strings.LastIndex(own, ".")+1], signature},
		{"half a signature", own[:len(own)-170], signature},
		{"unknown kid", h.published("c2", claims), unknown},
		{"missing kid", h.published(nil, claims), unknown},
		{"kid that is a path", h.published("../../../../dev/null", claims), unknown},
		{"kid that is SQL", h.published("x' UNION SELECT 'AA' --", claims), unknown},
		{"kid in another case", h.published("C1", claims), unknown},
		{"kid that is a number", h.published(1, claims), header},
		{"kid that is a list", h.published([]string{"c1"}, claims), header},
		{"kid without end", h.published(strings.Repeat("c", 201), claims), header},
		{"a known kid and another key", sign(jwt.SigningMethodES256, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), map[string]any{"kid": "c1"}, with(claims, jwt.MapClaims{"iss": h.remote.Issuer})), signature},
	}
	return out
}

func (h *house) claimAttacks() []attack {
	const audience, issuer, subject = "the JWT is for another audience", "the JWT's issuer is not known here", "the JWT's subject is no text of at most 255 bytes"
	claims := func(name string, value any) string { return h.own(h.issuerClaims(jwt.MapClaims{name: value})) }
	ours := jwt.MapClaims{"iss": host.TokenIssuer(h.org.ID), "sub": h.token.ID, "jti": h.token.ID}
	return []attack{
		{"wrong audience", claims("aud", "Orders"), audience},
		{"audience that begins alike", claims("aud", "orders.evil.example"), audience},
		{"no audience", claims("aud", nil), audience},
		{"list of wrong audiences", claims("aud", []string{"a", "b"}), audience},
		{"empty list of audiences", claims("aud", []string{}), audience},
		{"audience in an object", claims("aud", map[string]any{"orders": true}), audience},
		{"wrong issuer", claims("iss", "https://evil.example"), issuer},
		{"issuer with a slash more", claims("iss", "https://issuer.example/"), issuer},
		{"issuer in another case", claims("iss", "HTTPS://issuer.example"), issuer},
		{"issuer in a list", claims("iss", []string{"https://issuer.example"}), issuer},
		{"no issuer", claims("iss", nil), issuer},
		{"iss in another case", h.own(h.issuerClaims(jwt.MapClaims{"iss": nil, "Iss": "https://issuer.example"})), issuer},
		{"our issuer, signed by an app's", h.own(h.issuerClaims(ours)), "the JWT's algorithm is not accepted from its issuer"},
		{"our issuer, signed by a stranger", sign(jwt.SigningMethodEdDSA, strangerEd25519(), nil, h.tokenClaims(nil)), "the JWT's signing key is not known"},
		{"subject that is a number", claims("sub", 7), subject},
		{"subject without end", claims("sub", strings.Repeat("a", 256)), subject},
		{"empty subject", claims("sub", ""), subject},
	}
}

func (h *house) dateAttacks() []attack {
	const expired, early, bad = "the credential has expired", "the JWT is not valid yet", "a date of the JWT is not a number of seconds"
	claim := func(name string, value any) string { return h.own(h.issuerClaims(jwt.MapClaims{name: value})) }
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	out := []attack{
		{"expired", claim("exp", in(-70*time.Second)), expired},
		{"expired long ago", claim("exp", 1), expired},
		{"expired at the beginning of time", claim("exp", 0), expired},
		{"not yet valid", claim("nbf", in(70*time.Second)), early},
		{"issued in the future", claim("iat", in(70*time.Second)), early},
		{"no exp", claim("exp", nil), "the JWT has no exp"},
		{"exp in another case", h.own(h.issuerClaims(jwt.MapClaims{"exp": nil, "EXP": in(time.Hour)})), "the JWT has no exp"},
		{"nbf that is a text", claim("nbf", "0"), bad},
		{"iat that is a text", claim("iat", "0"), bad},
	}
	for name, exp := range map[string]string{
		"text": `"4102444800"`, "null": "null", "boolean": "true", "list": "[4102444800]", "exponent": "4.1e9", "huge": "1e308",
		"more than an int64": "9223372036854775808", "milliseconds": "4102444800000", "negative": "-1", "negative zero": "-0", "year 10000": "253402300800",
	} {
		out = append(out, attack{"exp: " + name, forge(`{"alg":"RS256"}`, `{"iss":"https://issuer.example","aud":"orders","exp":`+exp+`}`), bad})
	}
	return append(out, attack{"exp: fraction, in the past", forge(`{"alg":"RS256"}`, `{"iss":"https://issuer.example","aud":"orders","exp":1700000000.75}`), expired})
}

func (h *house) encodingAttacks() []attack {
	const encoding, signature = "a part of the JWT is not base64 as JWTs write it", "the JWT's signature does not match"
	good := forge(`{"alg":"RS256"}`, h.claimsText(`,"sub":"é?>~~~???"`))
	part := strings.Split(good, ".")
	standard := func(s string) string {
		return base64.RawStdEncoding.EncodeToString(must(base64.RawURLEncoding.DecodeString(s)))
	}
	// The last character of 256 bytes has four bits that stand for nothing.
	last := part[2][len(part[2])-1]
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	twin := part[2][:len(part[2])-1] + string(alphabet[strings.IndexByte(alphabet, last)|1])
	signed := func(header, claims string) string {
		text := header + "." + claims
		return text + "." + encode(string(must(jwt.SigningMethodRS256.Sign(text, issuerKey()))))
	}
	return []attack{
		{"padded signature", good + "==", encoding},
		{"padded header, signed so", signed(part[0]+"=", part[1]), encoding},
		{"standard alphabet, signed so", signed(part[0], standard(part[1])), encoding},
		{"bits left over in the signature", part[0] + "." + part[1] + "." + twin, encoding},
		{"line break in the signature", part[0] + "." + part[1] + "." + part[2][:9] + "\n" + part[2][9:], encoding},
		{"line break in the claims, signed so", signed(part[0], part[1][:9]+"\r\n"+part[1][9:]), encoding},
		{"blank in the claims, signed so", signed(part[0], part[1][:9]+" "+part[1][9:]), encoding},
		{"percent-encoded", strings.Replace(good, ".", "%2E", 1), "no such credential"},
		{"text before it", "x" + good, encoding},
		{"text after it", good + "AAAA", signature},
		{"a dot after it", good + ".", "no such credential"},
		{"five parts, like an encrypted one", good + ".AAAA.AAAA", "no such credential"},
		{"two parts", part[0] + "." + part[1], "no such credential"},
		{"nothing but dots", "..", "a part of the JWT is not JSON"},
		{"huge", forge(`{"alg":"RS256"}`, h.claimsText(`,"x":"`+strings.Repeat("x", 8<<10)+`"`)), "the JWT is larger than 8 KiB"},
	}
}

func (h *house) memberAttacks() []attack {
	const json, object, twice = "a part of the JWT is not JSON", "a part of the JWT is no JSON object", "the JWT names a member twice"
	const critical, header = "the JWT has critical extensions", "the JWT's alg, kid or typ is not a text that can be"
	ok := `{"alg":"RS256"}`
	out := []attack{
		{"critical extension", forge(`{"alg":"RS256","crit":["exp"],"exp":1}`, h.claimsText("")), critical},
		{"unencoded payload", forge(`{"alg":"RS256","crit":["b64"],"b64":false}`, h.claimsText("")), critical},
		{"no critical extension named", forge(`{"alg":"RS256","crit":[]}`, h.claimsText("")), critical},
		{"no alg", forge(`{"typ":"JWT"}`, h.claimsText("")), header},
		{"ALG", forge(`{"ALG":"RS256"}`, h.claimsText("")), header},
		{"alg that is a list", forge(`{"alg":["RS256"]}`, h.claimsText("")), header},
		{"alg that is null", forge(`{"alg":null}`, h.claimsText("")), header},
		{"typ that is a number", forge(`{"alg":"RS256","typ":1}`, h.claimsText("")), header},
		{"duplicate alg", forge(`{"alg":"none","alg":"RS256"}`, h.claimsText("")), twice},
		{"duplicate kid", forge(`{"alg":"RS256","kid":"a","kid":"b"}`, h.claimsText("")), twice},
		{"duplicate kid, escaped", forge(`{"alg":"RS256","kid":"a","\u006bid":"b"}`, h.claimsText("")), twice},
		{"duplicate iss", forge(ok, h.claimsText(`,"iss":"https://issuer.example"`)), twice},
		{"duplicate exp", forge(ok, h.claimsText(`,"exp":1`)), twice},
		{"duplicate member inside", forge(ok, h.claimsText(`,"a":[{"b":{"c":1,"c":1}}]`)), twice},
		{"nested without end", forge(ok, h.claimsText(`,"a":`+strings.Repeat("[", 40)+strings.Repeat("]", 40))), "the JWT is nested too deeply"},
		{"claims and more", forge(ok, h.claimsText("")+`{}`), json},
		{"claims and a byte", forge(ok, h.claimsText("")+"\x00"), json},
		{"byte order mark", forge(ok, "\ufeff"+h.claimsText("")), json},
		{"no UTF-8", forge(ok, h.claimsText(",\"\xff\":1")), json},
		{"comment", forge(ok, h.claimsText("/* */")), json},
		{"NaN", forge(ok, h.claimsText(`,"a":NaN`)), json},
		{"header and more", forge(ok+ok, h.claimsText("")), json},
		{"header that is a list", forge(`["alg","RS256"]`, h.claimsText("")), object},
		{"header that is null", forge(`null`, h.claimsText("")), object},
	}
	for _, claims := range []string{`[]`, `"iss"`, `1`, `null`, `true`} {
		out = append(out, attack{"claims " + claims, forge(ok, claims), object})
	}
	return out
}

func (h *house) tokenAttacks() []attack {
	const unknown, key, id = "no such credential", "the JWT's signing key is not known", "the JWT's sub and jti are not one token's id"
	algorithm, header := "the JWT's algorithm is not accepted from its issuer", "the JWT's alg, kid or typ is not a text that can be"
	other, gone := host.NewSigningKey(), host.NewSigningKey()
	rotated := host.NewSigningKey()
	h.SetSigningKeys([]*host.SigningKey{rotated, h.signing})
	deleted := host.NewToken().ID
	expired := host.NewToken()
	expired.Name, expired.KeyID, expired.ExpiresAt = "old", h.signing.ID, host.At(time.Now().Add(-time.Millisecond))
	h.PutToken(expired)
	claims := h.tokenClaims
	kid := map[string]any{"kid": h.signing.ID}
	eddsa := jwt.SigningMethodEdDSA
	return []attack{
		{"another organization", h.mint(other, claims(jwt.MapClaims{"iss": host.TokenIssuer(host.NewID())})), "the JWT was issued by another organization"},
		{"another organization, our key", h.mint(h.signing, claims(jwt.MapClaims{"iss": host.TokenIssuer(host.NewID())})), "the JWT was issued by another organization"},
		{"no organization", h.mint(h.signing, claims(jwt.MapClaims{"iss": "postern:"})), "the JWT was issued by another organization"},
		{"our kid, another key", sign(eddsa, other.Private, kid, claims(nil)), "the JWT's signature does not match"},
		{"signing key that is gone", h.mint(gone, claims(nil)), key},
		{"signing key rotated since", h.mint(rotated, claims(nil)), "the JWT is not signed with its token's key"},
		{"missing kid", sign(eddsa, h.signing.Private, nil, claims(nil)), key},
		{"kid that is a path", sign(eddsa, h.signing.Private, map[string]any{"kid": "/" + h.signing.ID}, claims(nil)), key},
		{"HMAC with our public key", sign(jwt.SigningMethodHS256, []byte(h.signing.PublicKey), kid, claims(nil)), algorithm},
		{"HMAC with our public key in PEM", sign(jwt.SigningMethodHS256, []byte(publicPEM(h.signing.PublicKey)), kid, claims(nil)), algorithm},
		{"none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, claims(nil)), algorithm},
		{"no typ", sign(eddsa, h.signing.Private, map[string]any{"kid": h.signing.ID, "typ": nil}, claims(nil)), header},
		{"another typ", sign(eddsa, h.signing.Private, map[string]any{"kid": h.signing.ID, "typ": "at+jwt"}, claims(nil)), header},
		{"row deleted", h.mint(h.signing, claims(jwt.MapClaims{"sub": deleted, "jti": deleted})), unknown},
		{"row expired", h.mint(h.signing, claims(jwt.MapClaims{"sub": expired.ID, "jti": expired.ID})), "the credential has expired"},
		{"exp in the past, without leeway", h.mint(h.signing, claims(jwt.MapClaims{"exp": time.Now().Add(-time.Second).Unix()})), "the credential has expired"},
		{"exp that is a text", h.mint(h.signing, claims(jwt.MapClaims{"exp": "4102444800"})), "a date of the JWT is not a number of seconds"},
		{"no sub", h.mint(h.signing, claims(jwt.MapClaims{"sub": nil})), id},
		{"no jti", h.mint(h.signing, claims(jwt.MapClaims{"jti": nil})), id},
		{"sub of another token", h.mint(h.signing, claims(jwt.MapClaims{"sub": expired.ID})), id},
	}
}
