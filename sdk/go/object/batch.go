package object

import (
	"encoding/json"

	"github.com/posternhq/postern/sdk/go/operation"
)

// Operation is a part of a [Batch].
type Operation struct {
	Insert *request `json:"insert,omitempty"`
	Put    *request `json:"put,omitempty"`
	Patch  *request `json:"patch,omitempty"`
	Delete *request `json:"delete,omitempty"`
}

// Batch carries out the operations in order, all or none. The error of one that
// fails says which by [Error.Operation].
func Batch(operations ...Operation) ([]Result, error) {
	a, err := do[json.RawMessage](operation.ObjectBatch, struct {
		Operations []Operation `json:"operations"`
	}{list(operations)})
	return a.Results, err
}

// BatchInsert is [Object.InsertAll] as a part of a batch.
func (o Object[T]) BatchInsert(records ...T) Operation {
	return Operation{Insert: &request{Object: o.name, Records: list(records)}}
}

// BatchPut is [Object.Put] as a part of a batch.
func (o Object[T]) BatchPut(record T, options ...Option) Operation {
	r := request{Object: o.name, Record: record}.with(options)
	return Operation{Put: &r}
}

// BatchPatch is [Object.Patch] as a part of a batch.
func (o Object[T]) BatchPatch(id string, patch any, options ...Option) Operation {
	r := request{Object: o.name, ID: id, Patch: patch}.with(options)
	return Operation{Patch: &r}
}

// BatchDelete is [Object.Delete] as a part of a batch.
func (o Object[T]) BatchDelete(id string, options ...Option) Operation {
	r := request{Object: o.name, ID: id}.with(options)
	return Operation{Delete: &r}
}

// Result is the answer of one operation of a batch.
type Result json.RawMessage

// UnmarshalJSON keeps the answer as it came.
func (r *Result) UnmarshalJSON(b []byte) error {
	*r = append((*r)[:0], b...)
	return nil
}

// Records are the records that an operation on this object stored.
func (o Object[T]) Records(r Result) ([]T, error) {
	a, err := decode[struct {
		Record  *T
		Records []T
	}](r)
	if a.Record != nil {
		a.Records = append(a.Records, *a.Record)
	}
	return a.Records, err
}
