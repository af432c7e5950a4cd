package host_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

func TestToken_Validate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*host.Token)
		text   string
	}{
		"new":            {func(*host.Token) {}, ""},
		"staging":        {func(k *host.Token) { k.Environment = ptr(host.Staging) }, ""},
		"no name":        {func(k *host.Token) { k.Name = "" }, "name is required"},
		"no environment": {func(k *host.Token) { k.Environment = nil }, "environment must be one of"},
		"environment":    {func(k *host.Token) { k.Environment = ptr("qa") }, "environment must be one of"},
		"address":        {func(k *host.Token) { k.AllowedIPs = []string{"x"} }, "allowed_ips must hold"},
	} {
		token := host.NewToken()
		token.Name = "mobile"
		tt.change(token)
		wantFault(t, name, token.Validate(), tt.text)
	}
}

func TestToken_Status(t *testing.T) {
	t.Parallel()
	token := host.NewToken()
	now := host.FromMillis(5000)
	for expires, want := range map[int64]string{0: host.KeyActive, 5001: host.KeyActive, 5000: host.KeyExpired, 1: host.KeyExpired} {
		token.ExpiresAt = host.FromMillis(expires)
		if got := token.Status(now); got != want {
			t.Errorf("expires at %d: %s, want %s", expires, got, want)
		}
	}
}

// TestSigningKey_Sign holds the JWT against its parts, written out.
func TestSigningKey_Sign(t *testing.T) {
	t.Parallel()
	key := host.NewSigningKey()
	token := host.NewToken()
	token.Name, token.CreatedAt = `<"Ada">`, host.FromMillis(1_800_000_000_999)
	header := `{"alg":"EdDSA","kid":"` + key.ID + `","typ":"JWT"}`
	claims := `{"iss":"postern:org","sub":"` + token.ID + `","jti":"` + token.ID + `","name":"\u003c\"Ada\"\u003e","env":"production","iat":1800000000`
	for expires, end := range map[int64]string{0: "}", 1_900_000_000_000: `,"exp":1900000000}`, 1_900_000_000_001: `,"exp":1900000001}`} {
		token.ExpiresAt = host.FromMillis(expires)
		parts := strings.Split(key.Sign("org", token), ".")
		if len(parts) != 3 {
			t.Fatalf("%d parts", len(parts))
		}
		if got := decoded(t, parts[0]); got != header {
			t.Errorf("header %s, want %s", got, header)
		}
		if got := decoded(t, parts[1]); got != claims+end {
			t.Errorf("claims %s, want %s", got, claims+end)
		}
		if !ed25519.Verify(key.PublicKey, []byte(parts[0]+"."+parts[1]), []byte(decoded(t, parts[2]))) {
			t.Error("the signature is not right")
		}
	}
	if other := host.NewSigningKey(); other.ID == key.ID || other.PublicKey.Equal(key.PublicKey) {
		t.Error("two signing keys are the same")
	}
}

func decoded(t *testing.T, part string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
