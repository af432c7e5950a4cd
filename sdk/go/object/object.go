// Package object reads and writes the records of an app's objects from a plug-in.
//
//	type Order struct {
//		object.Meta
//		Customer string `json:"customer"`
//		Status   string `json:"status"`
//	}
//
//	var orders = object.Of[Order]("orders")
//
//	order, err := orders.Insert(Order{Customer: "Ada", Status: "open"})
//	page, err := orders.Query(object.Query{Filter: object.Eq("status", "open"), Sort: []string{"-__created_at"}})
//
// It turns values into the requests that sdk/abi.md specifies, and answers into
// values and errors; every rule about records is the host's. A module imports
// the operations it uses and no others, and the app must grant them.
//
// By default everything an endpoint writes in one invocation is one transaction,
// which commits if the answer's status is below 400.
//
// Outside WebAssembly there is no host: every function returns [ErrNoHost].
package object

import (
	"time"

	"github.com/posternhq/postern/sdk/go/operation"
)

// Object is a named collection of records of type T, which encoding/json turns
// into a JSON object and back.
type Object[T any] struct{ name string }

// Of names an object of the app.
func Of[T any](name string) Object[T] { return Object[T]{name} }

// Meta are the members that the host keeps of each record. Embed it in the type
// of a record to see them. In what is written only ID counts.
type Meta struct {
	ID        string `json:"__id,omitempty"`
	CreatedAt Time   `json:"__created_at,omitzero"`
	UpdatedAt Time   `json:"__updated_at,omitzero"`
	Version   int64  `json:"__version,omitempty"`
}

// Time is an instant that JSON shows as the host does, with milliseconds:
// time.Time alone leaves zeros out.
type Time struct{ time.Time }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000Z07:00"`)), nil
}

// IfVersion lets a write pass only if the record still has the version; else it
// fails with an error that [IsStale] tells. 0 takes any version.
func IfVersion(version int64) Option { return func(r *request) { r.IfVersion = version } }

// Option changes how a record is written.
type Option func(*request)

// request is what the operations take, but for object_query and object_batch.
type request struct {
	Object     string `json:"object"`
	ID         string `json:"id,omitempty"`
	Record     any    `json:"record,omitempty"`
	Records    any    `json:"records,omitempty"`
	Patch      any    `json:"patch,omitempty"`
	OnConflict string `json:"on_conflict,omitempty"`
	IfVersion  int64  `json:"if_version,omitempty"`
}

func (r request) with(options []Option) request {
	for _, option := range options {
		option(&r)
	}
	return r
}

// Insert stores a new record and returns it whole. Its id is drawn unless it
// has one. It fails with an error that [IsConflict] tells if the id or the value
// of a unique field is taken.
func (o Object[T]) Insert(record T) (T, error) {
	a, err := do[T](operation.ObjectInsert, request{Object: o.name, Record: record})
	return a.first(), err
}

// InsertAll stores new records, all or none.
func (o Object[T]) InsertAll(records []T) ([]T, error) {
	a, err := do[T](operation.ObjectInsert, request{Object: o.name, Records: list(records)})
	return a.Records, err
}

// Ensure stores those of the records whose id and unique fields are free, and
// returns them.
func (o Object[T]) Ensure(records ...T) ([]T, error) {
	a, err := do[T](operation.ObjectInsert, request{Object: o.name, Records: list(records), OnConflict: "existing"})
	return a.Records, err
}

// Put replaces the record that has the id of this one, or inserts it. It says
// whether the record is a new one.
func (o Object[T]) Put(record T, options ...Option) (stored T, created bool, err error) {
	a, err := do[T](operation.ObjectPut, request{Object: o.name, Record: record}.with(options))
	return a.Record, a.Created, err
}

// Patch changes a record by a JSON Merge Patch, such as a map: members replace
// those of the record, null removes one. [IsNotFound] tells if there is none.
func (o Object[T]) Patch(id string, patch any, options ...Option) (T, error) {
	a, err := do[T](operation.ObjectPatch, request{Object: o.name, ID: id, Patch: patch}.with(options))
	return a.Record, err
}

// Delete removes a record. [IsNotFound] tells if there is none.
func (o Object[T]) Delete(id string, options ...Option) error {
	_, err := do[T](operation.ObjectDelete, request{Object: o.name, ID: id}.with(options))
	return err
}

// list is never nil, which JSON would make a null of.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}
