package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
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
	set := h.keySet("c1")
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

// keySet is a JWK set that has the issuer's key under each of the ids.
func (h *house) keySet(kids ...string) []byte {
	point := must(h.curve.PublicKey.Bytes())
	encode := base64.RawURLEncoding.EncodeToString
	keys := []any{}
	for _, kid := range kids {
		keys = append(keys, map[string]any{"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": encode(point[1:33]), "y": encode(point[33:])})
	}
	return must(json.Marshal(map[string]any{"keys": keys}))
}

// roundTrip is a network of one function.
type roundTrip func() ([]byte, error)

func (f roundTrip) RoundTrip(*http.Request) (*http.Response, error) {
	body, err := f()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

// TestPublished_Rotation covers an issuer that adds a key, takes one away and
// goes down: what was remembered as verified must follow.
func TestPublished_Rotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		set, down := h.keySet("c1"), error(nil)
		client := &http.Client{Transport: roundTrip(func() ([]byte, error) { return set, down })}
		h.Table = auth.NewTable(jwks.New(client, slog.New(slog.DiscardHandler)))
		url := "https://id.example.com/keys"
		h.remote.JWKSURL = &url
		h.setIssuers()
		admits := func(what, token string, want bool) {
			t.Helper()
			if _, err := h.admit(token); (err == nil) != want {
				t.Errorf("%s: %v", what, err)
			}
		}
		first, second, third := h.published("c1", h.issuerClaims(nil)), h.published("c2", h.issuerClaims(nil)), h.published("c3", h.issuerClaims(nil))
		admits("a published key", first, true)
		set = h.keySet("c1", "c2")
		admits("a new key at once", second, false)
		time.Sleep(30 * time.Second)
		admits("a new key after the floor", second, true)
		down = errors.New("down")
		time.Sleep(30 * time.Second)
		admits("an unknown key while the issuer is down", third, false)
		admits("a known key while the issuer is down", first, true)
		set, down = h.keySet("c2", "c3"), nil
		time.Sleep(30 * time.Second)
		admits("the issuer is up again", third, true)
		admits("a key that was withdrawn, remembered as verified", first, false)
	})
}
