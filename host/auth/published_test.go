package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/jwks"
	"github.com/posternhq/postern/host/outbound"
)

// TestPublished goes the whole way: an issuer publishes its key on a server,
// which is fetched by the guarded client.
func TestPublished(t *testing.T) {
	t.Parallel()
	h := newHouse()
	point := must(h.curve.PublicKey.Bytes())
	encode := base64.RawURLEncoding.EncodeToString
	set := must(json.Marshal(map[string]any{"keys": []any{
		map[string]any{"kty": "EC", "crv": "P-256", "kid": "c1", "use": "sig", "x": encode(point[1:33]), "y": encode(point[33:])},
	}}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }))
	defer server.Close()
	h.remote.JWKSURL = &server.URL
	for _, private := range []bool{false, true} {
		client := outbound.NewClient(outbound.Config{Private: private, Timeout: 5 * time.Second, MaxBytes: jwks.MaxBytes})
		h.Table = auth.NewTable(jwks.New(client, slog.New(slog.DiscardHandler)))
		h.setIssuers()
		caller, err := h.admit(h.published("c1", h.issuerClaims(nil)))
		if !private && host.CodeOf(err) != host.CodeUnavailable {
			t.Errorf("a server inside, closed: %v", err)
		}
		if private && (err != nil || caller.ID != h.remote.ID+":alice") {
			t.Errorf("a server inside, opened: %v (%v)", caller, err)
		}
	}
	for name, token := range map[string]string{
		"unknown kid": h.published("c2", h.issuerClaims(nil)), "missing kid, signed by a stranger": newHouse().published(nil, h.issuerClaims(nil)),
	} {
		if _, err := h.admit(token); why(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
