package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

type invocationRow struct {
	Position   int64                     `db:"position"`
	AppID      string                    `db:"app_id"`
	RequestID  string                    `db:"request_id"`
	EndpointID string                    `db:"endpoint_id"`
	Failed     bool                      `db:"failed"`
	Document   document[host.Invocation] `db:"document"`
}

var insertInvocation = insertInto[invocationRow]("invocation")

// invocationChunk is how many records one statement inserts. Databases limit
// the values of a statement, and SQLite takes time in the square of them.
const invocationChunk = 50

// AddInvocations implements host.InvocationStore.
func (db *DB) AddInvocations(ctx context.Context, records []host.Invocation) (err error) {
	defer host.Wrap(&err, "store.AddInvocations(%d records)", len(records))
	if len(records) == 0 {
		return nil
	}
	rows := make([]invocationRow, len(records))
	for i, r := range records {
		rows[i] = invocationRow{
			AppID: clean(r.AppID), RequestID: clean(r.RequestID), EndpointID: clean(r.EndpointID),
			Failed: r.Status >= 500 || r.Code != "", Document: document[host.Invocation]{r},
		}
	}
	return db.log.write(ctx, func(s *session) error {
		last, err := returning[int64](s, "UPDATE invocation_counter SET last = last + $1 RETURNING last", len(rows))
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].Position = last - int64(len(rows)-1-i)
		}
		for chunk := range slices.Chunk(rows, invocationChunk) {
			if _, err := s.save(insertInvocation, chunk); err != nil {
				return err
			}
		}
		_, err = s.exec("DELETE FROM invocation WHERE position <= $1", last-db.keepInvocations)
		return err
	})
}

// clean makes any text storable: one hostile record must not cost a batch.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Invocations implements host.InvocationStore. A filter.After that is no
// longer kept is older than everything that is.
func (db *DB) Invocations(ctx context.Context, appID string, filter host.InvocationFilter, page host.Page) (records []*host.Invocation, total int, err error) {
	defer host.Wrap(&err, "store.Invocations(%q)", appID)
	from, args := "invocation WHERE app_id = $1", []any{appID}
	if filter.Failed {
		from += " AND failed"
	}
	if filter.EndpointID != "" {
		args = append(args, filter.EndpointID)
		from += fmt.Sprintf(" AND endpoint_id = $%d", len(args))
	}
	if filter.After != "" {
		args = append(args, clean(filter.After))
		from += fmt.Sprintf(" AND position > COALESCE((SELECT MAX(position) FROM invocation WHERE app_id = $1 AND request_id = $%d), 0)", len(args))
	}
	records = []*host.Invocation{}
	total, err = read(ctx, db.log, func(s *session) (int, error) {
		rows, total, err := paged[document[host.Invocation]](s, "document", from, "position", page, args...)
		for i := range rows {
			records = append(records, invocationOf(rows[i]))
		}
		return total, err
	})
	return records, total, err
}

// Invocation implements host.InvocationStore. Of several with one request id,
// which clients may choose, it returns the newest.
func (db *DB) Invocation(ctx context.Context, appID, requestID string) (record *host.Invocation, err error) {
	defer host.Wrap(&err, "store.Invocation(%q, %q)", appID, requestID)
	return read(ctx, db.log, func(s *session) (*host.Invocation, error) {
		row, err := one[document[host.Invocation]](s, "Invocation",
			"SELECT document FROM invocation WHERE app_id = $1 AND request_id = $2 ORDER BY position DESC LIMIT 1", appID, clean(requestID))
		if err != nil {
			return nil, err
		}
		return invocationOf(row), nil
	})
}

func invocationOf(row document[host.Invocation]) *host.Invocation {
	row.V.Stages, row.V.Logs = filled(row.V.Stages), filled(row.V.Logs)
	return &row.V
}
