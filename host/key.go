package host

import (
	"context"
	"crypto/rand"
	"hash/crc32"
	"strings"
	"time"
)

// KeyPrefix starts every key, the credential for endpoints.
const KeyPrefix = "ask_"

// A key is KeyPrefix, keyRandom random characters and keyChecksum characters
// of checksum: 68 in all, 58 random characters of base 62 being 345 bits.
const (
	keyLength   = 68
	keyRandom   = 58
	keyChecksum = 6
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// States of a key, as lists show them.
const (
	KeyActive   = "active"
	KeyDisabled = "disabled"
	KeyExpired  = "expired"
)

// Key is a credential for endpoints. Its secret is shown once; only the hash
// is kept.
type Key struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Prefix    string `json:"prefix" doc:"First characters of the key, to recognise it by"`
	Enabled   bool   `json:"enabled"`
	ExpiresAt Time   `json:"expires_at" nullable:"true"`
	Access
	Quota *int64 `json:"quota" doc:"Requests per calendar month (UTC); null for no bound"`
	// PreviousExpiresAt ends the grace of the secret before the last rotation.
	PreviousExpiresAt Time `json:"previous_expires_at" nullable:"true" doc:"Until then the secret before the last rotation works as well; null for none"`
	Usage
	CreatedAt Time `json:"created_at"`
	UpdatedAt Time `json:"updated_at"`

	Hash         Hash  `json:"-"`
	PreviousHash Hash  `json:"-"` // zero for none
	Revision     int64 `json:"-"`
}

// KeyStore keeps keys. Errors: CodeNotFound with the text "Key not found".
type KeyStore interface {
	CreateKey(ctx context.Context, key *Key) error
	Key(ctx context.Context, id string) (*Key, error)
	// Keys lists them, newest first, with their number.
	Keys(ctx context.Context, page Page) ([]*Key, int, error)
	// EachKey calls fn for every key there is.
	EachKey(ctx context.Context, fn func(*Key)) error
	// UpdateKey lets change alter the key in one transaction.
	UpdateKey(ctx context.Context, id string, change func(*Key) error) (*Key, error)
	// DeleteKey removes the key, unless one of checks refuses, in the same
	// transaction.
	DeleteKey(ctx context.Context, id string, checks ...func(*Key) error) error
}

// NewKey returns an enabled key and its secret.
func NewKey(name string) (*Key, string) {
	secret := newKeySecret()
	now := Now()
	return &Key{
		ID: NewID(), Name: name, Prefix: secret[:len(KeyPrefix)+6], Enabled: true,
		Access:    Access{AllowedIPs: []string{}, Variables: map[string]string{}},
		CreatedAt: now, UpdatedAt: now, Hash: HashSecret(secret),
	}, secret
}

// Bounds of the grace that a rotation leaves the old secret.
const (
	DefaultGrace = 24 * time.Hour
	MaxGrace     = 30 * 24 * time.Hour
)

// Rotate gives the key a new secret and returns it. The old one works for the
// grace, if that is above 0; one that an earlier rotation left ends at once.
func (k *Key) Rotate(grace time.Duration) (secret string) {
	k.PreviousHash, k.PreviousExpiresAt = Hash{}, Time{}
	if grace > 0 {
		k.PreviousHash, k.PreviousExpiresAt = k.Hash, At(time.Now().Add(grace))
	}
	secret = newKeySecret()
	k.Hash, k.Prefix = HashSecret(secret), secret[:len(KeyPrefix)+6]
	return secret
}

// Status is KeyActive, KeyDisabled or KeyExpired at the instant now.
func (k *Key) Status(now Time) string {
	switch {
	case !k.ExpiresAt.IsZero() && now.Millis() >= k.ExpiresAt.Millis():
		return KeyExpired
	case !k.Enabled:
		return KeyDisabled
	}
	return KeyActive
}

// Validate checks the writable fields. The error is a CodeInvalid that names
// the field and its rule.
func (k *Key) Validate() error {
	if err := validateName(k.Name); err != nil {
		return err
	}
	if k.Quota != nil && (*k.Quota < 1 || *k.Quota > MaxQuota) {
		return Errorf(CodeInvalid, "quota must be between 1 and %d, or null for none", int64(MaxQuota))
	}
	return k.Access.Validate()
}

// ParseExpiry reads the expiry of a credential: an RFC 3339 instant, or a date, which
// it works through and is refused from the next midnight UTC.
func ParseExpiry(s string) (Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return At(day.AddDate(0, 0, 1)), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() > 9999 || t.UnixMilli() <= 0 {
		return Time{}, Errorf(CodeInvalid, "expires_at must be a date such as 2027-01-31 or an RFC 3339 instant such as 2027-01-31T12:00:00Z")
	}
	return At(t), nil
}

// newKeySecret draws the random characters without bias and appends the
// checksum.
func newKeySecret() string {
	b := make([]byte, 0, keyLength)
	b = append(b, KeyPrefix...)
	var random [keyRandom * 2]byte
	for len(b) < len(KeyPrefix)+keyRandom {
		rand.Read(random[:])
		for _, c := range random {
			// 248 is the largest multiple of 62 in a byte.
			if c < 248 && len(b) < len(KeyPrefix)+keyRandom {
				b = append(b, base62[c%62])
			}
		}
	}
	sum := keySum(string(b))
	return string(append(b, sum[:]...))
}

// keySum is the CRC-32 (IEEE) of the key so far, in base 62, padded with
// zeros. It is computed here because every request needs it, and the library
// takes only bytes: copying them would cost as much again.
func keySum(body string) (out [keyChecksum]byte) {
	sum := ^uint32(0)
	for i := range len(body) {
		sum = crc32.IEEETable[byte(sum)^body[i]] ^ sum>>8
	}
	sum = ^sum
	for i := keyChecksum - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return out
}

// inBase62 tells the digits of base 62.
var inBase62 = func() (set [256]bool) {
	for _, c := range []byte(base62) {
		set[c] = true
	}
	return set
}()

// ValidKeySecret reports whether s has the form of a key and its checksum is
// right, so that a mistyped key is refused without a look-up.
func ValidKeySecret(s string) bool {
	if len(s) != keyLength || !strings.HasPrefix(s, KeyPrefix) {
		return false
	}
	body := s[:keyLength-keyChecksum]
	for i := len(KeyPrefix); i < len(body); i++ {
		if !inBase62[body[i]] {
			return false
		}
	}
	sum := keySum(body)
	return string(sum[:]) == s[keyLength-keyChecksum:]
}
