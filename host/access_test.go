package host_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// wantFault checks that a validation refuses, in a sentence that begins with
// text; "" means that it must not.
func wantFault(t *testing.T, name string, err error, text string) {
	t.Helper()
	switch {
	case text == "" && err != nil:
		t.Errorf("%s: refused: %v", name, err)
	case text != "" && (host.CodeOf(err) != host.CodeInvalid || !strings.HasPrefix(host.AsError(err).Message, text)):
		t.Errorf("%s: error %v, want %q", name, err, text)
	}
}

// many returns n texts that differ.
func many(n int, format string) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(format, i/256, i%256))
	}
	return out
}

func variables(n int) map[string]string {
	m := map[string]string{}
	for _, name := range many(n, "v%d-%d") {
		m[name] = ""
	}
	return m
}

func ptr[T any](v T) *T { return &v }

func TestAccess_Validate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		access host.Access
		text   string
	}{
		"empty":              {host.Access{}, ""},
		"full":               {host.Access{Environment: ptr("staging"), AllowedIPs: many(1000, "10.1.%d.%d"), Variables: variables(100), RateLimit: &host.RateLimit{Limit: 1, Window: "day"}}, ""},
		"environment":        {host.Access{Environment: ptr("qa")}, "environment must be one of"},
		"empty environment":  {host.Access{Environment: ptr("")}, "environment must be one of"},
		"address":            {host.Access{AllowedIPs: []string{"10.0.0.0/8", "localhost"}}, `allowed_ips must hold IP addresses or CIDR ranges, not "localhost"`},
		"too many addresses": {host.Access{AllowedIPs: many(1001, "10.1.%d.%d")}, "allowed_ips must hold at most 1000"},
		"too many variables": {host.Access{Variables: variables(101)}, "variables must be at most 100"},
		"unnamed variable":   {host.Access{Variables: map[string]string{"": "x"}}, "variables must have names"},
		"long name":          {host.Access{Variables: map[string]string{strings.Repeat("n", 101): "x"}}, "variables must have names"},
		"long value":         {host.Access{Variables: map[string]string{"n": strings.Repeat("v", 1001)}}, "variables must have names"},
		"rate limit":         {host.Access{RateLimit: &host.RateLimit{Window: "day"}}, "rate_limit.limit"},
	} {
		wantFault(t, name, tt.access.Validate(), tt.text)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit    *host.RateLimit
		text     string
		interval time.Duration
		capacity int64
	}{
		{limit: nil},
		{&host.RateLimit{Limit: 60, Window: "minute"}, "", time.Second, 60},
		{&host.RateLimit{Limit: 1, Window: "day", Burst: 5}, "", 24 * time.Hour, 5},
		{&host.RateLimit{Limit: 1_000_000, Window: "second", Burst: 1_000_000}, "", time.Microsecond, 1_000_000},
		{&host.RateLimit{Limit: 4, Window: "hour"}, "", 15 * time.Minute, 4},
		{limit: &host.RateLimit{Limit: 0, Window: "hour"}, text: "rate_limit.limit must be between 1 and 1000000"},
		{limit: &host.RateLimit{Limit: 1_000_001, Window: "hour"}, text: "rate_limit.limit must be between 1 and 1000000"},
		{limit: &host.RateLimit{Limit: 1, Window: "Hour"}, text: "rate_limit.window must be one of second, minute, hour, day"},
		{limit: &host.RateLimit{Limit: 1}, text: "rate_limit.window must be one of"},
		{limit: &host.RateLimit{Limit: 1, Window: "hour", Burst: -1}, text: "rate_limit.burst must be between 1 and 1000000"},
		{limit: &host.RateLimit{Limit: 1, Window: "hour", Burst: 1_000_001}, text: "rate_limit.burst must be between 1 and 1000000"},
	} {
		wantFault(t, fmt.Sprintf("%+v", tt.limit), tt.limit.Validate(), tt.text)
		if tt.interval > 0 && (tt.limit.Interval() != tt.interval || tt.limit.Capacity() != tt.capacity) {
			t.Errorf("%+v: one comes back each %s, %d at once", tt.limit, tt.limit.Interval(), tt.limit.Capacity())
		}
	}
}

func TestKey_Quota(t *testing.T) {
	t.Parallel()
	for quota, text := range map[int64]string{1: "", host.MaxQuota: "", 0: "quota must be between", -1: "quota must be between", host.MaxQuota + 1: "quota must be between"} {
		key, _ := host.NewKey("ci")
		key.Quota = &quota
		wantFault(t, fmt.Sprint(quota), key.Validate(), text)
	}
}

func TestKey_Rotate(t *testing.T) {
	t.Parallel()
	key, first := host.NewKey("ci")
	before := time.Now().Truncate(time.Millisecond)
	second := key.Rotate(time.Hour)
	if second == first || !host.ValidKeySecret(second) || key.Hash != host.HashSecret(second) || !strings.HasPrefix(second, key.Prefix) {
		t.Errorf("rotated to %+v", key)
	}
	until := key.PreviousExpiresAt.Std()
	if key.PreviousHash != host.HashSecret(first) || until.Before(before.Add(time.Hour)) || until.After(time.Now().Add(time.Hour)) {
		t.Errorf("the old secret works until %s", until)
	}
	third := key.Rotate(time.Hour)
	if key.PreviousHash != host.HashSecret(second) {
		t.Error("the secret before the last is not the one that has grace")
	}
	key.Rotate(0)
	if key.PreviousHash != (host.Hash{}) || !key.PreviousExpiresAt.IsZero() || key.Hash == host.HashSecret(third) {
		t.Errorf("without grace: %+v", key)
	}
}

func TestMonth(t *testing.T) {
	t.Parallel()
	west := time.FixedZone("west", -5*3600)
	if got := host.Month(time.Date(2026, 11, 30, 22, 0, 0, 0, west)); got != "2026-12" {
		t.Errorf("the month is that of UTC, not %s", got)
	}
}

func TestKeyGroup_Validate(t *testing.T) {
	t.Parallel()
	id := host.NewID()
	for name, tt := range map[string]struct {
		name    string
		members []string
		text    string
	}{
		"empty":       {"partners", nil, ""},
		"unicode":     {"Grün & blau", []string{id}, ""},
		"full":        {"g", slices.Repeat([]string{id}, host.MaxMembers), ""},
		"no name":     {"", nil, "name is required"},
		"blank":       {"  ", nil, "name is required"},
		"long name":   {strings.Repeat("n", 101), nil, "name is required and must be 1-100"},
		"slash":       {"a/b", nil, "name must not hold"},
		"query":       {"a?b", nil, "name must not hold"},
		"fragment":    {"a#b", nil, "name must not hold"},
		"dot":         {".", nil, "name must not hold"},
		"parent":      {"..", nil, "name must not hold"},
		"no id":       {"g", []string{"ask_x"}, "members must hold ids of keys, tokens or issuers"},
		"too crowded": {"g", slices.Repeat([]string{id}, host.MaxMembers+1), "members must be at most 10000"},
	} {
		group := host.NewKeyGroup(host.NewID())
		group.Name, group.Members = tt.name, tt.members
		wantFault(t, name, group.Validate(), tt.text)
	}
}
