package client

import (
	"context"
	"net/url"

	"github.com/posternhq/postern/host"
)

// AuditLog lists who changed what and what was refused, newest first.
func (c *Client) AuditLog(ctx context.Context, filter host.AuditFilter, page host.Page) (List[*host.AuditEntry], error) {
	query := url.Values{}
	for name, value := range map[string]string{
		"actor": filter.Actor, "action": filter.Action, "target": filter.Target, "since": filter.Since.String(), "until": filter.Until.String(),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return list[*host.AuditEntry](ctx, c, "entries", []string{"audit-log"}, query, page)
}
