package host_test

import (
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// knownSum is the checksum of a key of zeros.
const knownSum = "2Cmsaf"

func TestNewKey(t *testing.T) {
	t.Parallel()
	key, secret := host.NewKey("ci")
	if len(secret) != 68 || !strings.HasPrefix(secret, "ask_") || !host.ValidKeySecret(secret) {
		t.Fatalf("secret %q is not a valid key", secret)
	}
	if key.Hash != host.HashSecret(secret) || strings.Contains(secret[len(key.Prefix):], key.Prefix) || !strings.HasPrefix(secret, key.Prefix) {
		t.Fatalf("key %+v does not belong to its secret", key)
	}
	if _, other := host.NewKey("ci"); other == secret {
		t.Fatal("two keys have the same secret")
	}
}

// TestValidKeySecret holds the checksum against one computed by hand: CRC-32
// (IEEE) of the first 62 characters in base 62, digits before upper before
// lower case.
func TestValidKeySecret(t *testing.T) {
	t.Parallel()
	body := "ask_" + strings.Repeat("0", 58)
	for _, tt := range []struct {
		name, secret string
		want         bool
	}{
		{"known sum", body + knownSum, true},
		{"last character of the sum changed", body + knownSum[:5] + "0", false},
		{"one character of the body changed", "ask_1" + strings.Repeat("0", 57) + knownSum, false},
		{"too short", (body + knownSum)[:67], false},
		{"too long", body + knownSum + "0", false},
		{"other prefix", "apk_" + strings.Repeat("0", 58) + knownSum, false},
		{"empty", "", false},
	} {
		if got := host.ValidKeySecret(tt.secret); got != tt.want {
			t.Errorf("%s: ValidKeySecret = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestParseExpiry(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2027-01-31":                "2027-02-01T00:00:00.000Z",
		"2026-12-31":                "2027-01-01T00:00:00.000Z",
		"2027-01-31T12:00:00Z":      "2027-01-31T12:00:00.000Z",
		"2027-01-31T12:00:00+02:00": "2027-01-31T10:00:00.000Z",
	} {
		got, err := host.ParseExpiry(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseExpiry(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "tomorrow", "2027-02-30", "2027-01-31 12:00", "31.01.2027", "1960-01-01T00:00:00Z"} {
		if _, err := host.ParseExpiry(in); host.CodeOf(err) != host.CodeInvalid {
			t.Errorf("ParseExpiry(%q): error %v, want %s", in, err, host.CodeInvalid)
		}
	}
}

func TestKey_Status(t *testing.T) {
	t.Parallel()
	midnight := host.At(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))
	before := host.FromMillis(midnight.Millis() - 1)
	for _, tt := range []struct {
		name    string
		enabled bool
		expires host.Time
		now     host.Time
		want    string
	}{
		{"no expiry", true, host.Time{}, midnight, host.KeyActive},
		{"a millisecond before", true, midnight, before, host.KeyActive},
		{"at the instant", true, midnight, midnight, host.KeyExpired},
		{"disabled", false, midnight, before, host.KeyDisabled},
		{"disabled and expired", false, midnight, midnight, host.KeyExpired},
	} {
		k := host.Key{Enabled: tt.enabled, ExpiresAt: tt.expires}
		if got := k.Status(tt.now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func FuzzKeySecret(f *testing.F) {
	_, secret := host.NewKey("")
	f.Add(secret)
	f.Add("ask_")
	f.Add("ask_\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if host.ValidKeySecret(s) && len(s) != 68 {
			t.Fatalf("%q is valid", s)
		}
	})
}
