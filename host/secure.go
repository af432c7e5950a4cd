package host

import (
	"context"
	"encoding/hex"
	"time"
)

// SecureValue is a text that the modules of an app put aside for a while, and
// get back for a key that nobody knows but those whom they told.
type SecureValue struct {
	ID        string // what is kept of the key; see SecureID
	Value     string
	ExpiresAt Time
}

// Bounds of secure values. Each counts as a record of its app, too.
const (
	SecureKeyPrefix  = "sv_"
	MaxSecureBytes   = 64 << 10
	MinSecureTTL     = time.Minute
	DefaultSecureTTL = 30 * time.Minute
	MaxSecureTTL     = 7 * 24 * time.Hour
)

// NewSecureValue returns a value that is kept for a while, and its key:
// SecureKeyPrefix and 64 hexadecimal digits.
func NewSecureValue(value string, ttl time.Duration) (key string, v *SecureValue) {
	key = SecureKeyPrefix + randomHex(32)
	return key, &SecureValue{ID: SecureID(key), Value: value, ExpiresAt: At(time.Now().Add(ttl))}
}

// SecureID is the id of the value with the key: its SHA-256 in hexadecimal.
func SecureID(key string) string {
	hash := HashSecret(key)
	return hex.EncodeToString(hash[:])
}

// SecureReader finds secure values of one app.
type SecureReader interface {
	// SecureValue finds a value that has not expired. Errors: CodeNotFound with
	// the text "Secure value not found".
	SecureValue(ctx context.Context, id string) (*SecureValue, error)
}

// SecureWriter keeps secure values of one app.
type SecureWriter interface {
	// PutSecureValue keeps a new value until it expires. Errors: CodeQuota;
	// CodeNotFound with the text "App not found".
	PutSecureValue(ctx context.Context, v *SecureValue) error
}
