package host

import (
	"context"
	"time"
)

// Usage is how much a credential was used. It is counted in batches, so that
// it may be some seconds behind.
type Usage struct {
	LastUsedAt Time  `json:"last_used_at" nullable:"true"`
	UsageCount int64 `json:"usage_count" doc:"Requests that the credential was admitted to"`
	QuotaUsed  int64 `json:"quota_used" doc:"Requests taken from this month's quota; hosts take some in advance"`
}

// Used is what was counted for a credential since the last time.
type Used struct {
	CredentialID string
	Count        int64
	LastUsedAt   Time
}

// Month names the calendar month (UTC) that quotas are counted by, such as
// "2026-11".
func Month(t time.Time) string { return t.UTC().Format("2006-01") }

// UsageStore counts what credentials are used for. It takes the ids of keys
// and tokens; those of credentials that are gone are ignored.
type UsageStore interface {
	// AddUsage adds counts, in one transaction.
	AddUsage(ctx context.Context, used []Used) error
	// AddMemberUsage notes when members called last, in one transaction. It
	// takes the ids of members, whose calls are not counted.
	AddMemberUsage(ctx context.Context, used []Used) error
	// TakeQuota takes at most n requests from what is left of a credential's
	// quota for a month, and returns how many it took: 0 if none is left.
	// What is taken stays taken, whatever becomes of the host.
	TakeQuota(ctx context.Context, credentialID, month string, quota, n int64) (taken int64, err error)
	// ReturnQuota gives back n requests that were taken and not used.
	ReturnQuota(ctx context.Context, credentialID, month string, n int64) error
}
