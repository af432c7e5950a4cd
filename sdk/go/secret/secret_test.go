//go:build !wasip1

package secret_test

import (
	"testing"
	"time"

	"github.com/posternhq/postern/sdk/go/operation"
	"github.com/posternhq/postern/sdk/go/secret"
)

// It uses the stand-in for the host alone: it is not parallel.
func TestSecret(t *testing.T) {
	asked := ""
	operation.SetHost(func(name string, request []byte) []byte {
		asked = name + " " + string(request)
		return []byte(`{"value":"v","key":"sv_1","expires_at":"2026-11-22T06:00:00.000Z"}`)
	})
	defer operation.SetHost(nil)
	if value, err := secret.Get("S"); value != "v" || err != nil || asked != `secret_get {"name":"S"}` {
		t.Errorf("got %s, %v of %s", value, err, asked)
	}
	key, expires, err := secret.PutSecure("v", time.Hour)
	if want := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC); key != "sv_1" || !expires.Equal(want) || err != nil || asked != `secure_put {"value":"v","ttl_seconds":3600}` {
		t.Errorf("got %s, %s, %v of %s", key, expires, err, asked)
	}
	if _, _, err := secret.PutSecure("v", 0); err != nil || asked != `secure_put {"value":"v"}` {
		t.Errorf("got %v of %s", err, asked)
	}
	if value, err := secret.GetSecure("sv_1"); value != "v" || err != nil || asked != `secure_get {"key":"sv_1"}` {
		t.Errorf("got %s, %v of %s", value, err, asked)
	}
}
