// Package secret reads the secrets of a plug-in's app, and puts texts aside for a
// while. The app must grant the capability "secrets".
//
// A key that signs or verifies tokens need not be read at all: package jwt takes
// the name of the secret.
package secret

import (
	"time"

	"github.com/posternhq/postern/sdk/go/operation"
)

// Get returns the value of a secret of the app. A missing one is an error with
// the code [operation.NotFound].
func Get(name string) (value string, err error) {
	return valueOf(operation.SecretGet, struct {
		Name string `json:"name"`
	}{name})
}

// PutSecure keeps a text for a while, 30 minutes for a ttl of 0, at most 7 days, and
// returns the key that [GetSecure] finds it by. Nobody can find it without.
func PutSecure(value string, ttl time.Duration) (key string, expires time.Time, err error) {
	a, err := operation.Carry[struct {
		Key       string    `json:"key"`
		ExpiresAt time.Time `json:"expires_at"`
	}](operation.SecurePut, struct {
		Value string `json:"value"`
		TTL   int64  `json:"ttl_seconds,omitempty"`
	}{value, int64(ttl / time.Second)})
	return a.Key, a.ExpiresAt, err
}

// GetSecure returns what [PutSecure] keeps under the key. Without such a key, or
// when its time is over, the error has the code [operation.NotFound].
func GetSecure(key string) (value string, err error) {
	return valueOf(operation.SecureGet, struct {
		Key string `json:"key"`
	}{key})
}

func valueOf(op operation.Func, request any) (string, error) {
	a, err := operation.Carry[struct {
		Value string `json:"value"`
	}](op, request)
	return a.Value, err
}
