package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
)

// usageChunk is how many credentials one statement counts for.
const usageChunk = 100

// AddUsage implements host.UsageStore.
func (db *DB) AddUsage(ctx context.Context, used []host.Used) (err error) {
	defer host.Wrap(&err, "store.AddUsage(%d credentials)", len(used))
	used = summed(used)
	if len(used) == 0 {
		return nil
	}
	return db.main.write(ctx, func(s *session) error {
		for chunk := range slices.Chunk(used, usageChunk) {
			if err := addUsage(s, chunk); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddMemberUsage implements host.UsageStore. Members are few, so that each has
// a statement of its own.
func (db *DB) AddMemberUsage(ctx context.Context, used []host.Used) (err error) {
	defer host.Wrap(&err, "store.AddMemberUsage(%d members)", len(used))
	used = summed(used)
	if len(used) == 0 {
		return nil
	}
	return db.main.write(ctx, func(s *session) error {
		for _, u := range used {
			_, err := s.exec("UPDATE member SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2", u.CredentialID, u.LastUsedAt.Millis())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// summed makes one entry of all that count for a credential, and puts them in
// order, so that two hosts never wait for each other in a circle. An id that
// cannot be stored is nobody's.
func summed(used []host.Used) []host.Used {
	all := map[string]host.Used{}
	for _, u := range used {
		if !host.IsID(u.CredentialID) {
			continue
		}
		sum := all[u.CredentialID]
		sum.CredentialID, sum.Count = u.CredentialID, sum.Count+u.Count
		sum.LastUsedAt = host.FromMillis(max(sum.LastUsedAt.Millis(), u.LastUsedAt.Millis()))
		all[u.CredentialID] = sum
	}
	out := make([]host.Used, 0, len(all))
	for _, u := range all {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b host.Used) int { return strings.Compare(a.CredentialID, b.CredentialID) })
	return out
}

// addUsage counts for some credentials, each of them once. It locks them,
// since one that is deleted meanwhile would fail the whole statement.
func addUsage(s *session, used []host.Used) error {
	var values []string
	var args []any
	for _, u := range used {
		n := len(args)
		values = append(values, fmt.Sprintf("(CAST($%d AS TEXT), CAST($%d AS BIGINT), CAST($%d AS BIGINT))", n+1, n+2, n+3))
		args = append(args, u.CredentialID, u.LastUsedAt.Millis(), u.Count)
	}
	_, err := s.exec(`INSERT INTO credential_usage (credential_id, last_used_at, usage_count)
		SELECT credential.id, used.column2, used.column3
		FROM credential JOIN (VALUES `+strings.Join(values, ", ")+`) AS used ON used.column1 = credential.id
		WHERE true ORDER BY credential.id`+s.dialect.rowLock+`
		ON CONFLICT (credential_id) DO UPDATE SET
			usage_count = credential_usage.usage_count + excluded.usage_count,
			last_used_at = CASE WHEN excluded.last_used_at > credential_usage.last_used_at
				THEN excluded.last_used_at ELSE credential_usage.last_used_at END`, args...)
	return err
}

// takeQuota takes what is left, and at most $4, for the credential $1 in the
// month $2 with the quota $3. All expressions see the row as it was before.
var takeQuota = `INSERT INTO credential_quota (credential_id, month, used, taken)
	SELECT id, CAST($2 AS TEXT), asked.n, asked.n
	FROM credential, (SELECT CASE WHEN CAST($4 AS BIGINT) < CAST($3 AS BIGINT) THEN CAST($4 AS BIGINT) ELSE CAST($3 AS BIGINT) END AS n) AS asked
	WHERE id = $1%s
	ON CONFLICT (credential_id, month) DO UPDATE SET
		used  = credential_quota.used + ` + quotaLeft + `,
		taken = ` + quotaLeft + `
	RETURNING taken`

const quotaLeft = `CASE
		WHEN credential_quota.used >= CAST($3 AS BIGINT) THEN 0
		WHEN CAST($3 AS BIGINT) - credential_quota.used < CAST($4 AS BIGINT) THEN CAST($3 AS BIGINT) - credential_quota.used
		ELSE CAST($4 AS BIGINT) END`

// quotaMonths is how long the count of a month is kept. Clocks of hosts differ,
// so that the month before this one may still be counted.
const quotaMonths = 62 * 24 * time.Hour

// TakeQuota implements host.UsageStore. A quota of 0 or less, and n likewise,
// take nothing.
func (db *DB) TakeQuota(ctx context.Context, credentialID, month string, quota, n int64) (taken int64, err error) {
	defer host.Wrap(&err, "store.TakeQuota(%q, %q)", credentialID, month)
	if quota <= 0 || n <= 0 {
		return 0, nil
	}
	err = db.main.write(ctx, func(s *session) error {
		rows, err := list[int64](s, fmt.Sprintf(takeQuota, s.dialect.rowLock), credentialID, month, quota, n)
		if err != nil || len(rows) == 0 {
			return err
		}
		taken = rows[0]
		_, err = s.exec("DELETE FROM credential_quota WHERE credential_id = $1 AND month < $2", credentialID, host.Month(time.Now().Add(-quotaMonths)))
		return err
	})
	if err != nil {
		return 0, err
	}
	return taken, nil
}

// ReturnQuota implements host.UsageStore.
func (db *DB) ReturnQuota(ctx context.Context, credentialID, month string, n int64) (err error) {
	defer host.Wrap(&err, "store.ReturnQuota(%q, %q)", credentialID, month)
	if n <= 0 || !host.IsID(credentialID) {
		return nil
	}
	return db.main.write(ctx, func(s *session) error {
		_, err := s.exec(`UPDATE credential_quota SET used = CASE WHEN used > $3 THEN used - $3 ELSE 0 END
			WHERE credential_id = $1 AND month = $2`, credentialID, month, n)
		return err
	})
}
