package server

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/posternhq/postern/host"
)

// TestStatus repeats the table of errors of the design, so that no status
// changes by accident: clients rely on them.
func TestStatus(t *testing.T) {
	t.Parallel()
	want := map[host.Code]int{
		"unauthorized": 401, "forbidden": 403, "rate_limited": 429, "payload_too_large": 413,
		"invalid_request": 400, "module_failed": 500, "invalid_response": 502, "module_timeout": 504,
		"overloaded": 503, "unavailable": 503, "conflict": 409, "stale": 412,
		"not_found": 404, "method_not_allowed": 405, "quota_exceeded": 403, "internal": 500,
	}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Error(diff)
	}
	for _, err := range []error{errors.New("x"), host.Errorf("unheard_of", "x")} {
		if got := Status(err); got != 500 {
			t.Errorf("%v: %d, want 500", err, got)
		}
	}
}
