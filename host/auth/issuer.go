package auth

import (
	"crypto"
	"maps"
	"slices"

	"github.com/posternhq/postern/host"
)

// issuer is somebody whose JWTs an app accepts, in the form that verification
// needs. It is immutable: a change makes another, which no cached JWT was
// verified with.
type issuer struct {
	id, name   string // name is the claim iss
	title      string
	enabled    bool
	algorithms []string
	key        crypto.PublicKey // nil with url
	url        string
	audience   []string
	required   map[string]any
	variables  []mapping // sorted
	rateLimit  *host.RateLimit
}

// mapping leads from a claim to the variable that takes its value.
type mapping struct{ claim, variable string }

func newIssuer(row *host.Issuer) *issuer {
	i := &issuer{
		id: row.ID, name: row.Issuer, title: row.Name, enabled: row.Enabled,
		audience: slices.Clone(row.Audience), required: maps.Clone(row.RequiredClaims), rateLimit: row.RateLimit,
	}
	// Whatever a row says, HMAC and none are no algorithms of an issuer.
	for _, alg := range row.Algorithms {
		if slices.Contains(host.JWTAlgorithms, alg) {
			i.algorithms = append(i.algorithms, alg)
		}
	}
	if row.JWKSURL != nil {
		i.url = *row.JWKSURL
	} else if row.PublicKey != nil {
		// A key that cannot be read verifies nothing.
		i.key, _, _ = host.ParsePublicKey(*row.PublicKey)
	}
	for _, claim := range slices.Sorted(maps.Keys(row.ClaimVariables)) {
		i.variables = append(i.variables, mapping{claim, row.ClaimVariables[claim]})
	}
	return i
}

// holder is whom verified claims belong to, if they say what the issuer's
// tokens must.
func (i *issuer) holder(claims map[string]any) (holder, reason) {
	if len(i.audience) > 0 && !i.isFor(claims["aud"]) {
		return holder{}, reasonAudience
	}
	for name, want := range i.required {
		if got, ok := claims[name]; !ok || !meets(want, got) {
			return holder{}, reasonClaims
		}
	}
	h := holder{
		kind: host.CallerJWT, id: i.id, name: i.title, member: i.id, claims: claims,
		access: &access{variables: i.variablesOf(claims), rateLimit: i.rateLimit},
	}
	// Without a subject, a token speaks for the issuer itself.
	if subject, ok := claims["sub"]; ok {
		text, isText := subject.(string)
		if !isText || text == "" || len(text) > maxSubject {
			return holder{}, reasonSubject
		}
		h.id, h.name = i.id+":"+text, text
	}
	return h, ""
}

// isFor reports whether an audience, a text or a list, names one of the
// issuer's.
func (i *issuer) isFor(audience any) bool {
	list, isList := audience.([]any)
	if !isList {
		list = []any{audience}
	}
	return slices.ContainsFunc(list, func(entry any) bool {
		text, ok := entry.(string)
		return ok && slices.Contains(i.audience, text)
	})
}

// variablesOf takes a caller's variables from its claims. A claim that is not
// there, or is no text, number or boolean, leaves its variable out.
func (i *issuer) variablesOf(claims map[string]any) map[string]string {
	if len(i.variables) == 0 {
		return noVariables
	}
	out := map[string]string{}
	for _, m := range i.variables {
		if text, ok := plainText(claims[m.claim]); ok {
			out[m.variable] = text
		}
	}
	return out
}
