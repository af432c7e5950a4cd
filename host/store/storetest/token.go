package storetest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

func newToken(name string, signer *host.SigningKey) *host.Token {
	token := host.NewToken()
	token.Name, token.KeyID = name, signer.ID
	return token
}

// token creates a token that signer signs.
func (b bundle) token(name string, signer *host.SigningKey) *host.Token {
	b.t.Helper()
	token := newToken(name, signer)
	if err := b.CreateToken(b.t.Context(), token); err != nil {
		b.t.Fatal(err)
	}
	return token
}

func wantToken(t *testing.T, b bundle, want *host.Token) {
	t.Helper()
	got, err := b.Token(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Error(diff)
	}
}

var tokenTests = []test{
	{"Create", func(t *testing.T, b bundle) {
		signer := b.signingKey()
		minimal := b.token("Minimal", signer)
		full := newToken("Full ' \" 日本", signer)
		environment := host.Development
		full.Environment, full.ExpiresAt = &environment, host.FromMillis(1_900_000_000_001)
		full.AllowedIPs, full.Variables = []string{"10.0.0.0/8", "::1"}, map[string]string{"tier": "gold", "nul\x00": ""}
		full.RateLimit = &host.RateLimit{Limit: 5, Window: "day"}
		if err := b.CreateToken(t.Context(), full); err != nil {
			t.Fatal(err)
		}
		wantToken(t, b, minimal)
		wantToken(t, b, full)
	}},
	{"CreateErrors", func(t *testing.T, b bundle) {
		signer := b.signingKey()
		first := b.token("First", signer)
		wantError(t, b.CreateToken(t.Context(), newToken("First", signer)), host.CodeConflict, "name is already taken by another token")
		again := newToken("Again", signer)
		again.ID = first.ID
		wantError(t, b.CreateToken(t.Context(), again), host.CodeConflict, "token: this token exists already")
		orphan := newToken("Orphan", host.NewSigningKey())
		wantError(t, b.CreateToken(t.Context(), orphan), host.CodeConflict, "")
		_, err := b.Token(t.Context(), orphan.ID)
		wantError(t, err, host.CodeNotFound, "Token not found")
		wantToken(t, b, first)
	}},
	{"List", func(t *testing.T, b bundle) {
		if tokens, total, err := b.Tokens(t.Context(), nil, host.Page{}); err != nil || total != 0 || tokens == nil {
			t.Errorf("no tokens: %v, %d, %v", tokens, total, err)
		}
		signer := b.signingKey()
		var want []string
		for range 5 {
			want = append(want, b.token(unique("T"), signer).ID)
		}
		var each []string
		if err := b.EachToken(t.Context(), func(token *host.Token) { each = append(each, token.ID) }); err != nil {
			t.Fatal(err)
		}
		slices.Sort(each)
		if diff := cmp.Diff(want, each); diff != "" {
			t.Error("EachToken:", diff)
		}
		slices.Reverse(want)
		var got []string
		for _, token := range pages(t, 2, func(p host.Page) ([]*host.Token, int, error) { return b.Tokens(t.Context(), nil, p) }) {
			got = append(got, token.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("not newest first:", diff)
		}
		staging := newToken("Staging", signer)
		environment := host.Staging
		staging.Environment = &environment
		if err := b.CreateToken(t.Context(), staging); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			environments []string
			total        int
		}{{nil, 6}, {[]string{host.Staging}, 1}, {[]string{host.Development}, 0}, {[]string{host.Production, host.Staging}, 6}, {[]string{}, 0}} {
			tokens, total, err := b.Tokens(t.Context(), tt.environments, host.Page{})
			if err != nil || total != tt.total || len(tokens) != tt.total {
				t.Errorf("of %v: %d, %d, %v", tt.environments, len(tokens), total, err)
			}
		}
	}},
	{"Delete", func(t *testing.T, b bundle) {
		signer := b.signingKey()
		token, other := b.token("Token", signer), b.token("Other", signer)
		if err := b.DeleteToken(t.Context(), token.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{token.ID, host.NewID(), "", "\x00", "\xff"} {
			_, err := b.Token(t.Context(), id)
			wantError(t, err, host.CodeNotFound, "Token not found")
			wantError(t, b.DeleteToken(t.Context(), id), host.CodeNotFound, "Token not found")
		}
		wantToken(t, b, other)
		b.token("Token", signer) // the name is free again
	}},
}
