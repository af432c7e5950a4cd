package gateway_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/gateway"
)

// TestRefresh_Credentials changes every kind of credential in the database and
// looks at once, on the host that follows the changes and on one that loads
// everything.
func TestRefresh_Credentials(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t, host.Production, func(*host.App) {})
	org, err := b.db.Organization(ctx)
	check(t, err)
	signing := host.NewSigningKey()
	_, err = b.db.AddSigningKey(ctx, signing, false)
	check(t, err)
	key, secret := host.NewKey("ci")
	check(t, b.db.CreateKey(ctx, key))
	token := host.NewToken()
	token.Name, token.KeyID = "deploy", signing.ID
	check(t, b.db.CreateToken(ctx, token))
	// The issuer's key is one of ours, which saves drawing another.
	public := publicPEM(t, signing)
	issuer := host.NewIssuer(b.app.ID)
	issuer.Name, issuer.Issuer, issuer.PublicKey = "Partner", "https://issuer.example", &public
	check(t, issuer.Validate())
	check(t, b.db.CreateIssuer(ctx, issuer))
	group := host.NewKeyGroup(b.app.ID)
	group.Name, group.Members = "partners", []string{key.ID, token.ID, issuer.ID}
	check(t, b.db.CreateKeyGroup(ctx, group))

	issued := signed(t, signing, jwt.MapClaims{"iss": host.TokenIssuer(org.ID), "sub": token.ID, "jti": token.ID})
	own := signed(t, signing, jwt.MapClaims{"iss": issuer.Issuer, "exp": time.Now().Add(time.Hour).Unix()})
	all := map[string]string{"key": secret, "token": issued, "own": own}
	for _, step := range []struct {
		name     string
		change   func() error
		admitted []string
	}{
		{"all", func() error { return nil }, []string{"key", "own", "token"}},
		{"an issuer left the group", func() error {
			_, err := b.db.UpdateKeyGroup(ctx, b.app.ID, group.Name, func(g *host.KeyGroup) error { g.Members = []string{key.ID, token.ID}; return nil })
			return err
		}, []string{"key", "token"}},
		{"all are members again", func() error {
			_, err := b.db.UpdateKeyGroup(ctx, b.app.ID, group.Name, func(g *host.KeyGroup) error { g.Members = group.Members; return nil })
			return err
		}, []string{"key", "own", "token"}},
		{"the issuer is disabled", func() error {
			_, err := b.db.UpdateIssuer(ctx, b.app.ID, issuer.ID, func(i *host.Issuer) error { i.Enabled = false; return nil })
			return err
		}, []string{"key", "token"}},
		{"the issuer is deleted", func() error { return b.db.DeleteIssuer(ctx, b.app.ID, issuer.ID) }, []string{"key", "token"}},
		{"another key signs", func() error {
			_, err := b.db.AddSigningKey(ctx, host.NewSigningKey(), false)
			return err
		}, []string{"key", "token"}},
		{"the token is deleted", func() error { return b.db.DeleteToken(ctx, token.ID) }, []string{"key"}},
		{"the key is deleted", func() error { return b.db.DeleteKey(ctx, key.ID) }, nil},
	} {
		check(t, step.change())
		b.refresh()
		anew := setupOn(t, b.db)
		check(t, anew.Refresh(ctx))
		for where, g := range map[string]*gateway.Gateway{"following": b.Gateway, "loading": anew} {
			for name, credential := range all {
				if got, want := admits(g, b.app, credential), slices.Contains(step.admitted, name); got != want {
					t.Errorf("%s, %s: the %s is admitted: %v, want %v", step.name, where, name, got, want)
				}
			}
		}
	}
}

// TestRefresh_Members changes a member in the database and looks at once, on
// the host that follows the changes and on one that loads everything.
func TestRefresh_Members(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t, host.Production, func(*host.App) {})
	member, token := host.NewMember()
	member.Name, member.Role = "Ada", host.Viewer
	update := func(change func(*host.Member)) func() error {
		return func() error {
			_, err := b.db.UpdateMember(ctx, member.ID, func(m *host.Member) error { change(m); return nil })
			return err
		}
	}
	for _, step := range []struct {
		name   string
		change func() error
		role   host.Role // "" for refused
	}{
		{"created", func() error { return b.db.CreateMember(ctx, member) }, host.Viewer},
		{"another role", update(func(m *host.Member) { m.Role = host.Admin }), host.Admin},
		{"disabled", update(func(m *host.Member) { m.Enabled = false }), ""},
		{"enabled", update(func(m *host.Member) { m.Enabled = true }), host.Admin},
		{"rotated", update(func(m *host.Member) { m.Rotate() }), ""},
		{"back", update(func(m *host.Member) { m.Hash = host.HashSecret(token) }), host.Admin},
		{"deleted", func() error { return b.db.DeleteMember(ctx, member.ID) }, ""},
	} {
		check(t, step.change())
		b.refresh()
		anew := setupOn(t, b.db)
		check(t, anew.Refresh(ctx))
		for where, g := range map[string]*gateway.Gateway{"following": b.Gateway, "loading": anew} {
			actor, err := g.Credentials.Manage("", "Bearer "+token)
			if (err != nil) != (step.role == "") || err == nil && actor.Role != step.role {
				t.Errorf("%s, %s: %+v, %v", step.name, where, actor, err)
			}
		}
	}
}

// admits asks whether a credential opens an endpoint for the group partners.
func admits(g *gateway.Gateway, app *host.App, credential string) bool {
	e := host.NewEndpoint()
	e.KeyGroups = []string{"partners"}
	r := &host.Request{Header: []host.Header{{Name: "X-API-Key", Value: credential}}, Client: netip.MustParseAddr("203.0.113.9")}
	_, err := g.Credentials.Admit(context.Background(), auth.NewPolicy(app, e), r)
	return err == nil
}

func signed(t *testing.T, key *host.SigningKey, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	token.Header["kid"] = key.ID
	text, err := token.SignedString(key.Private)
	check(t, err)
	return text
}

func publicPEM(t *testing.T, key *host.SigningKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.PublicKey)
	check(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
