package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/posternhq/postern/host"
)

// auditRow holds "" for what an entry has not.
type auditRow struct {
	ID         string `db:"id"`
	CreatedAt  int64  `db:"created_at"`
	ActorKind  string `db:"actor_kind"`
	ActorID    string `db:"actor_id"`
	ActorName  string `db:"actor_name"`
	Action     string `db:"action"`
	Method     string `db:"method"`
	Path       string `db:"path"`
	Client     string `db:"client"`
	RequestID  string `db:"request_id"`
	Refused    string `db:"refused"`
	Reason     string `db:"reason"`
	TargetKind string `db:"target_kind"`
	TargetID   string `db:"target_id"`
	AppID      string `db:"app_id"`
	Before     string `db:"value_before"`
	After      string `db:"value_after"`
}

var (
	insertAudit  = insertInto[auditRow]("audit_entry")
	auditColumns = columns[auditRow]("")
)

func auditRowOf(e *host.AuditEntry) auditRow {
	row := auditRow{
		ID: e.ID, CreatedAt: e.Time.Millis(), Action: e.Action, Method: e.Method, Path: e.Path, Client: e.Client,
		RequestID: e.RequestID, Refused: e.Refused, Reason: e.Reason, Before: string(e.Before), After: string(e.After),
	}
	if e.Actor != nil {
		row.ActorKind, row.ActorID, row.ActorName = e.Actor.Kind, e.Actor.ID, e.Actor.Name
	}
	if e.Target != nil {
		row.TargetKind, row.TargetID, row.AppID = e.Target.Kind, e.Target.ID, e.Target.AppID
	}
	return row
}

func (r *auditRow) entry() *host.AuditEntry {
	e := &host.AuditEntry{
		ID: r.ID, Time: host.FromMillis(r.CreatedAt), Refused: r.Refused, Reason: r.Reason,
		Audit: host.Audit{Action: r.Action, Method: r.Method, Path: r.Path, Client: r.Client, RequestID: r.RequestID},
	}
	if r.ActorKind != "" {
		e.Actor = &host.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName}
	}
	if r.TargetKind != "" {
		e.Target = &host.AuditTarget{Kind: r.TargetKind, ID: r.TargetID, AppID: r.AppID}
	}
	if r.Before != "" {
		e.Before = json.RawMessage(r.Before)
	}
	if r.After != "" {
		e.After = json.RawMessage(r.After)
	}
	return e
}

// altered is what a change made of what.
type altered struct{ before, after any }

// addAudit appends an entry for each change of the transaction, whose values
// are final by now, if a management call made them.
func (s *session) addAudit() error {
	call := host.AuditOf(s.ctx)
	if call == nil {
		return nil
	}
	for _, a := range s.altered {
		entry, err := host.NewAuditEntry(call, a.before, a.after)
		if err != nil {
			return err
		}
		if _, err := s.save(insertAudit, auditRowOf(entry)); err != nil {
			return err
		}
	}
	return nil
}

// AddAudit implements host.AuditStore.
func (db *DB) AddAudit(ctx context.Context, entry *host.AuditEntry) (err error) {
	defer host.Wrap(&err, "store.AddAudit")
	return db.main.write(ctx, func(s *session) error {
		_, err := s.save(insertAudit, auditRowOf(entry))
		return err
	})
}

// purgeChunk bounds what one change deletes of the oldest entries, so that a
// shorter retention makes no change slow.
const purgeChunk = 500

// purgeAudit drops entries that are older than the retention.
func (db *DB) purgeAudit(s *session) error {
	_, err := s.exec("DELETE FROM audit_entry WHERE id IN (SELECT id FROM audit_entry WHERE created_at < $1 ORDER BY created_at LIMIT $2)", db.oldestAudit(), purgeChunk)
	return err
}

// oldestAudit is the time of the oldest entries that are kept, in milliseconds.
func (db *DB) oldestAudit() int64 { return host.Now().Millis() - db.keepAudit.Milliseconds() }

// AddRefusal implements host.AuditStore. Refused calls can be made at will, and
// must fill no disk: now and then the oldest of too many are dropped.
func (db *DB) AddRefusal(ctx context.Context, entry *host.AuditEntry) (err error) {
	defer host.Wrap(&err, "store.AddRefusal")
	return db.main.write(ctx, func(s *session) error {
		if _, err := s.save(insertAudit, auditRowOf(entry)); err != nil {
			return err
		}
		if added, round := db.refusals.Add(1), max(1, db.keepRefusals/100); (added-1)%round != 0 {
			return nil
		}
		if err := db.purgeAudit(s); err != nil {
			return err
		}
		// Strangers must not push out what members tried.
		for _, whose := range []string{"actor_id = ''", "actor_id <> ''"} {
			_, err := s.exec(`DELETE FROM audit_entry WHERE refused <> '' AND `+whose+` AND id <=
				(SELECT id FROM audit_entry WHERE refused <> '' AND `+whose+` ORDER BY id DESC LIMIT 1 OFFSET $1)`, db.keepRefusals)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// AuditEntries implements host.AuditStore.
func (db *DB) AuditEntries(ctx context.Context, filter host.AuditFilter, page host.Page) (entries []*host.AuditEntry, total int, err error) {
	defer host.Wrap(&err, "store.AuditEntries")
	from, args := db.auditFrom(filter)
	entries = []*host.AuditEntry{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[auditRow](s, auditColumns, from, "id", page, args...)
		for i := range rows {
			entries = append(entries, rows[i].entry())
		}
		return total, err
	})
	return entries, total, err
}

// EachAuditEntry implements host.AuditStore. All entries are of one moment.
func (db *DB) EachAuditEntry(ctx context.Context, filter host.AuditFilter, fn func(*host.AuditEntry)) (err error) {
	defer host.Wrap(&err, "store.EachAuditEntry")
	from, args := db.auditFrom(filter)
	return each(ctx, db.main, "SELECT "+auditColumns+" FROM "+from+" ORDER BY id DESC", func(row *auditRow) { fn(row.entry()) }, args...)
}

// auditFrom is a FROM of the entries that a filter selects, and its arguments.
// Those that are too old may still be there, until something is written.
func (db *DB) auditFrom(f host.AuditFilter) (from string, args []any) {
	where := []string{"created_at >= $1"}
	args = append(args, db.oldestAudit())
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Actor != "" {
		add("actor_id = ?", f.Actor)
	}
	if f.Action != "" {
		add("action = ?", f.Action)
	}
	if f.Target != "" {
		add("(target_id = ? OR app_id = ?)", f.Target)
	}
	if !f.Since.IsZero() {
		add("created_at >= ?", f.Since.Millis())
	}
	if !f.Until.IsZero() {
		add("created_at < ?", f.Until.Millis())
	}
	return "audit_entry WHERE " + strings.Join(where, " AND "), args
}
