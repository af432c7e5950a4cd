package store

import (
	"fmt"
	"time"

	"github.com/posternhq/postern/host"
)

// accessRow is the columns of a host.Access.
type accessRow struct {
	Environment *string                     `db:"environment"`
	AllowedIPs  document[[]string]          `db:"allowed_ips"`
	Variables   document[map[string]string] `db:"variables"`
	RateLimit   document[*host.RateLimit]   `db:"rate_limit"`
}

func accessRowOf(a *host.Access) accessRow {
	return accessRow{
		a.Environment, document[[]string]{a.AllowedIPs},
		document[map[string]string]{a.Variables}, document[*host.RateLimit]{a.RateLimit},
	}
}

func (r *accessRow) access() host.Access {
	return host.Access{
		Environment: r.Environment, AllowedIPs: filled(r.AllowedIPs.V),
		Variables: filledMap(r.Variables.V), RateLimit: r.RateLimit.V,
	}
}

// usageRow is what was counted for a credential; see usageColumns.
type usageRow struct {
	LastUsedAt int64 `db:"last_used_at"`
	UsageCount int64 `db:"usage_count"`
	QuotaUsed  int64 `db:"quota_used"`
}

func (r *usageRow) usage() host.Usage {
	return host.Usage{LastUsedAt: host.FromMillis(r.LastUsedAt), UsageCount: r.UsageCount, QuotaUsed: r.QuotaUsed}
}

// usageColumns selects a usageRow beside the rows of a table of credentials.
// The month stands in the text, since a statement that counts the same rows
// has no use for a parameter.
func usageColumns(table string) string {
	return fmt.Sprintf(`,
		COALESCE((SELECT u.last_used_at FROM credential_usage u WHERE u.credential_id = %[1]s.id), 0) AS last_used_at,
		COALESCE((SELECT u.usage_count FROM credential_usage u WHERE u.credential_id = %[1]s.id), 0) AS usage_count,
		COALESCE((SELECT q.used FROM credential_quota q WHERE q.credential_id = %[1]s.id AND q.month = '%[2]s'), 0) AS quota_used`,
		table, host.Month(time.Now()))
}

// addCredential makes the id of a key, token or issuer known; appID is nil for
// one that is not of a single app.
func addCredential(s *session, id string, appID *string) error {
	_, err := s.exec("INSERT INTO credential (id, app_id) VALUES ($1, $2)", id, appID)
	return err
}

// dropCredential forgets a credential, with its row if that refers to it, its
// counters and its places in key groups.
func dropCredential(s *session, id string) error {
	_, err := s.exec("DELETE FROM credential WHERE id = $1", id)
	return err
}
