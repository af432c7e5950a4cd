package object

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/posternhq/postern/host"
)

// MaxRecords is how many records one operation may write.
const MaxRecords = 1000

// Insert stores new records, all or none. A document may bring its own __id, a
// UUID. If existing is set, those that are there already, by their id or the
// value of a unique field, are left as they are and counted instead. Errors:
// CodeInvalid, with Details if a document does not meet the schema; CodeConflict
// with a host.Taken; CodeQuota.
func Insert(ctx context.Context, tx host.RecordTransaction, d *Definition, docs []json.RawMessage, existing bool) (inserted []*host.Record, existed int, err error) {
	if len(docs) > MaxRecords {
		return nil, 0, host.Errorf(host.CodeInvalid, "records must be at most %d", MaxRecords)
	}
	records := make([]*host.Record, len(docs))
	for i, doc := range docs {
		if err := ctx.Err(); err != nil {
			return nil, 0, err // checking many against a schema takes its time
		}
		if records[i], err = fresh(d, doc); err != nil {
			return nil, 0, nameRecord(err, i, len(docs))
		}
	}
	insert := func() error {
		for i, r := range records {
			err := tx.InsertRecord(ctx, d.Object, r)
			switch {
			case err == nil:
				inserted = append(inserted, r)
			case existing && taken(err):
				existed++
			default:
				return nameRecord(err, i, len(docs))
			}
		}
		return nil
	}
	if len(records) > 1 {
		err = tx.Try(ctx, insert)
	} else {
		err = insert()
	}
	if err != nil {
		return nil, 0, err
	}
	return inserted, existed, nil
}

// fresh makes a record of a document that is not stored yet.
func fresh(d *Definition, doc json.RawMessage) (*host.Record, error) {
	id, data, err := host.ParseDocument(doc)
	if err != nil {
		return nil, err
	}
	return newRecord(d, id, data)
}

func newRecord(d *Definition, id string, data json.RawMessage) (*host.Record, error) {
	if err := d.Check(data); err != nil {
		return nil, err
	}
	if id == "" {
		id = host.NewID()
	}
	now := host.Now()
	return &host.Record{ID: id, CreatedAt: now, UpdatedAt: now, Version: 1, Data: data}, nil
}

// taken tells a record that is there from other transactions in the way.
func taken(err error) bool {
	return host.CodeOf(err) == host.CodeConflict && !errors.Is(err, host.ErrSerialization)
}

// nameRecord says which of several records an error is about.
func nameRecord(err error, i, of int) error {
	var known *host.Error
	if of == 1 || !errors.As(err, &known) {
		return err
	}
	named := *known
	named.Err = err // with what is in its chain
	named.Message = fmt.Sprintf("records[%d]: %s", i, known.Message)
	return &named
}

// Put stores a document: it replaces the record that has its __id, or else is
// a new one. If ifVersion is not 0 there must be a record of that version.
// Errors: CodeStale if there is not, and those of Insert.
func Put(ctx context.Context, tx host.RecordTransaction, d *Definition, doc json.RawMessage, ifVersion int64) (r *host.Record, created bool, err error) {
	id, data, err := host.ParseDocument(doc)
	if err != nil {
		return nil, false, err
	}
	if id == "" && ifVersion != 0 {
		return nil, false, host.Errorf(host.CodeInvalid, "if_version needs the __id of a record")
	}
	if id != "" {
		old, err := tx.Record(ctx, d.Object, id)
		if err == nil {
			r, err = update(ctx, tx, d, old, data, ifVersion)
			return r, false, err
		}
		if host.CodeOf(err) != host.CodeNotFound {
			return nil, false, err
		}
		if ifVersion != 0 {
			return nil, false, stale(ifVersion)
		}
	}
	if r, err = newRecord(d, id, data); err == nil {
		err = tx.InsertRecord(ctx, d.Object, r)
	}
	if err != nil {
		return nil, false, err
	}
	return r, true, nil
}

// Patch changes a record by a JSON Merge Patch (RFC 7386). ifVersion is as for
// Put. Errors: CodeNotFound and those of Put.
func Patch(ctx context.Context, tx host.RecordTransaction, d *Definition, id string, patch json.RawMessage, ifVersion int64) (*host.Record, error) {
	old, err := tx.Record(ctx, d.Object, id)
	if err != nil {
		return nil, err
	}
	data, err := merge(old.Data, patch)
	if err != nil {
		return nil, err
	}
	return update(ctx, tx, d, old, data, ifVersion)
}

// update replaces what old holds.
func update(ctx context.Context, tx host.RecordTransaction, d *Definition, old *host.Record, data json.RawMessage, ifVersion int64) (*host.Record, error) {
	if ifVersion != 0 && ifVersion != old.Version {
		return nil, stale(ifVersion)
	}
	if err := d.Check(data); err != nil {
		return nil, err
	}
	r := &host.Record{ID: old.ID, CreatedAt: old.CreatedAt, UpdatedAt: host.Now(), Version: old.Version + 1, Data: data}
	if err := tx.UpdateRecord(ctx, d.Object, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Delete removes a record. ifVersion is as for Put. Errors: CodeNotFound,
// CodeStale.
func Delete(ctx context.Context, tx host.RecordTransaction, d *Definition, id string, ifVersion int64) error {
	if ifVersion != 0 {
		old, err := tx.Record(ctx, d.Object, id)
		if err != nil {
			return err
		}
		if old.Version != ifVersion {
			return stale(ifVersion)
		}
	}
	return tx.DeleteRecord(ctx, d.Object, id)
}

func stale(ifVersion int64) error {
	return host.Errorf(host.CodeStale, "The record does not have the version %d any more", ifVersion)
}
