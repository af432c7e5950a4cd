package client

import (
	"context"
	"io"
	"net/url"

	"github.com/posternhq/postern/host"
)

// AuditLog lists who changed what and what was refused, newest first.
func (c *Client) AuditLog(ctx context.Context, filter host.AuditFilter, page host.Page) (List[*host.AuditEntry], error) {
	return list[*host.AuditEntry](ctx, c, "entries", []string{"audit-log"}, auditQuery(filter), page)
}

// ExportAuditLog writes all entries to w, newest first, each a line of JSON. An
// answer that breaks off is an error.
func (c *Client) ExportAuditLog(ctx context.Context, filter host.AuditFilter, w io.Writer) error {
	query := auditQuery(filter)
	query.Set("format", "ndjson")
	return c.download(ctx, []string{"audit-log"}, query, w)
}

func auditQuery(filter host.AuditFilter) url.Values {
	query := url.Values{}
	for name, value := range map[string]string{
		"actor": filter.Actor, "action": filter.Action, "target": filter.Target, "since": filter.Since.String(), "until": filter.Until.String(),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}
