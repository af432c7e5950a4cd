package admin_test

import (
	"testing"

	"github.com/posternhq/postern/host"
)

// TestFailedAttempts covers whose wrong keys are throttled, and that whoever
// has the right one never waits.
func TestFailedAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	try := func(client, key string) answer {
		return b.do("GET", "/v1/apps", "", "X-API-Key", key, "X-Forwarded-For", client)
	}
	throttled := false
	for range 200 {
		a := try("203.0.113.9", host.NewOrganizationKey())
		if throttled = a.status == 429; throttled {
			if a.text("code") != "rate_limited" || a.text("details", "limit") != "60" || a.header.Get("Retry-After") == "" {
				t.Errorf("throttled: %v %s", a.header, a.raw)
			}
			break
		}
		b.want(a, 401, "Invalid or revoked API key")
	}
	if !throttled {
		t.Error("200 wrong keys were not throttled")
	}
	b.want(try("203.0.113.9", b.key), 200, "")
	b.want(try("203.0.113.9", ""), 401, "Invalid or revoked API key") // no attempt
	b.want(try("203.0.113.10", "apps_x"), 401, "Invalid or revoked API key")
}
