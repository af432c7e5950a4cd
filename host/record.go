package host

import (
	"context"
	"encoding/json"
	"errors"
)

// Record is one JSON document of an object. In JSON its own members __id,
// __created_at, __updated_at and __version stand before those of Data.
type Record struct {
	ID        string
	CreatedAt Time
	UpdatedAt Time
	Version   int64 // 1, and one more with each change
	// Data is a JSON object, without members whose names begin with "__". Its
	// members are sorted, its numbers as they were sent.
	Data json.RawMessage
}

// Bounds of a record.
const (
	MaxRecordBytes = 1 << 20
	MaxSentBytes   = 2 * MaxRecordBytes // as clients write it, with spaces and escapes
	MaxRecordDepth = 16                 // objects and lists within one another
	MaxFieldName   = 200                // bytes
)

// Bounds of a query.
const (
	DefaultQueryLimit = 100
	MaxQueryLimit     = 1000
	MaxQueryOffset    = 1_000_000
	// MaxPageBytes ends a page early: its documents have fewer bytes together,
	// but for the last.
	MaxPageBytes = 4 << 20
)

// Found is what a query gives.
type Found struct {
	Records []*Record
	// Cursor continues after the last record; "" if there are no more.
	Cursor string
	// Count is how many records match in all, -1 if the query did not ask.
	Count int
}

// ErrSerialization is the cause of a CodeConflict that comes from other
// transactions alone: what was done may be done again from its beginning.
var ErrSerialization = errors.New("the transaction conflicts with another")

// RecordReader reads the records of one app. Errors: CodeNotFound with the text
// "Record not found", or "Object not found" for an object that is gone;
// CodeInvalid for a query that the object does not admit.
type RecordReader interface {
	SecureReader
	Record(ctx context.Context, o *Object, id string) (*Record, error)
	QueryRecords(ctx context.Context, o *Object, q *Query) (*Found, error)
}

// RecordTransaction reads and writes the records of one app in a transaction,
// which ends with the context it was begun with at the latest. It is used by one
// goroutine at a time. Whatever a method refuses leaves the transaction as it
// was before the method, unless ErrSerialization or CodeUnavailable is in the
// error: then it can only be rolled back.
type RecordTransaction interface {
	RecordReader
	SecureWriter
	// InsertRecord stores r, whose ID, times, Version and Data are set. Errors:
	// CodeConflict if its id or the value of a unique field is taken, with
	// Details of the type Taken; CodeQuota.
	InsertRecord(ctx context.Context, o *Object, r *Record) error
	// UpdateRecord replaces the record that has the id and the version before
	// r.Version. Errors: CodeStale if there is none, CodeConflict and CodeQuota
	// as above.
	UpdateRecord(ctx context.Context, o *Object, r *Record) error
	DeleteRecord(ctx context.Context, o *Object, id string) error
	// Try undoes what fn wrote if fn fails.
	Try(ctx context.Context, fn func() error) error
	Commit() error
	Rollback() error
}

// Taken tells which value of a record is taken.
type Taken struct {
	Field string `json:"field"` // "__id" for the id
	ID    string `json:"id"`    // of the record that has it
}

// RecordStore opens views of an app's records.
type RecordStore interface {
	// ReadRecords is what is committed at the time of each call.
	ReadRecords(appID string) RecordReader
	// BeginRecords starts a transaction, as isolated as the database can. ctx
	// bounds it, waiting for its turn included. Errors: CodeUnavailable.
	BeginRecords(ctx context.Context, appID string) (RecordTransaction, error)
}
