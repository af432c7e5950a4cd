package host_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

func TestJWTIssuer(t *testing.T) {
	t.Parallel()
	token := func(claims string) string {
		return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
	}
	ours := token(`{"iss":"postern:o","x":"é?>~~~???"}`)
	part := strings.Split(ours, ".")
	for _, tt := range []struct {
		name, token, issuer string
		ok                  bool
	}{
		{"a token of ours", ours, "postern:o", true},
		{"padded", part[0] + "." + part[1] + "==.", "postern:o", true},
		{"in the standard alphabet", part[0] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(part[1]) + ".", "postern:o", true},
		{"broken into lines", part[0] + "." + part[1][:8] + "\r\n " + part[1][8:] + ".", "postern:o", true},
		{"escaped", token(`{"\u0069ss":"postern\u003ao"}`), "postern:o", true},
		{"no issuer", token(`{}`), "", true},
		{"an issuer that is a list", token(`{"iss":["postern:o"]}`), "", true},
		{"ISS", token(`{"ISS":"postern:o"}`), "", true},
		{"claims that are a list", token(`[]`), "", false},
		{"claims that are null", token(`null`), "", false},
		{"no JSON", token(`iss`), "", false},
		{"no base64", "a.!.b", "", false},
		{"two parts", part[0] + "." + part[1], "", false},
		{"four parts", ours + ".", "", false},
		{"a key", "ask_x", "", false},
		{"nothing", "", "", false},
	} {
		if issuer, ok := host.JWTIssuer(tt.token); issuer != tt.issuer || ok != tt.ok {
			t.Errorf("%s: %q, %v", tt.name, issuer, ok)
		}
		if issued := host.IsIssued(tt.token); issued != (tt.issuer != "" || tt.name == "a key") {
			t.Errorf("%s: issued here: %v", tt.name, issued)
		}
	}
}

func TestDecodeBase64URL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "Zm9v": "foo", "_-8": "\xff\xef"} {
		if got, err := host.DecodeBase64URL(text); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"Zg==", "Zh", "Z", "/+8", "Zm\n9v", "Zm9v\r", "Zm 9v", "Zm9v.", "%5F"} {
		if got, err := host.DecodeBase64URL(text); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestIssuer_ClaimVariables proves that two claims cannot fight for a variable.
func TestIssuer_ClaimVariables(t *testing.T) {
	t.Parallel()
	issuer := host.NewIssuer(host.NewID())
	url := "https://issuer.example/jwks"
	issuer.Name, issuer.Issuer, issuer.JWKSURL = "Partner", "https://issuer.example", &url
	issuer.ClaimVariables = map[string]string{"role": "role", "tier": "tier"}
	if err := issuer.Validate(); err != nil {
		t.Error(err)
	}
	issuer.ClaimVariables["roles"] = "role"
	if err := issuer.Validate(); host.CodeOf(err) != host.CodeInvalid {
		t.Error(err)
	}
}
