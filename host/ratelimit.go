package host

import (
	"slices"
	"strings"
	"time"
)

// RateLimit is how many requests may be made in a window. Capacity comes back
// evenly: a limit of 60 a minute gives one back each second. Burst is how many
// may come at once; 0 means Limit.
type RateLimit struct {
	Limit  int64  `json:"limit" doc:"Requests per window"`
	Window string `json:"window" enum:"second,minute,hour,day"`
	Burst  int64  `json:"burst,omitempty" doc:"Requests that may come at once; the limit unless given"`
}

// Windows of a RateLimit.
var (
	rateWindows = []string{"second", "minute", "hour", "day"}
	windowTimes = map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
)

// MaxRate bounds Limit and Burst; MaxQuota bounds a monthly quota.
const (
	MaxRate  = 1_000_000
	MaxQuota = 1_000_000_000_000
)

// Validate checks the limit; nil is valid and limits nothing. The error is a
// CodeInvalid that names the field and its rule.
func (l *RateLimit) Validate() error {
	if l == nil {
		return nil
	}
	if l.Limit < 1 || l.Limit > MaxRate {
		return Errorf(CodeInvalid, "rate_limit.limit must be between 1 and %d", MaxRate)
	}
	if !slices.Contains(rateWindows, l.Window) {
		return Errorf(CodeInvalid, "rate_limit.window must be one of %s", strings.Join(rateWindows, ", "))
	}
	if l.Burst < 0 || l.Burst > MaxRate {
		return Errorf(CodeInvalid, "rate_limit.burst must be between 1 and %d", MaxRate)
	}
	return nil
}

// Interval is the time in which the capacity of one request comes back.
func (l *RateLimit) Interval() time.Duration { return windowTimes[l.Window] / time.Duration(l.Limit) }

// Capacity is how many requests may come at once.
func (l *RateLimit) Capacity() int64 {
	if l.Burst > 0 {
		return l.Burst
	}
	return l.Limit
}
