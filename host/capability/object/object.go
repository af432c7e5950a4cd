// Package object is the group of data operations on records: object_query,
// object_insert, object_put, object_patch, object_delete and object_batch.
//
// It owns what a write means (identity, versions, merging, the schema) for
// modules and for the management API alike, and the form of the operations'
// requests and answers. It must not know how records are stored.
package object

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/schema"
)

// Definition is an object with its compiled schema.
type Definition = capability.Definition

// Compile makes an object ready for use. Errors: CodeInvalid for its schema.
func Compile(o *host.Object) (*Definition, error) {
	if o.Schema == nil {
		return &Definition{Object: o, Check: func(json.RawMessage) error { return nil }}, nil
	}
	compiled, err := schema.Compile(o.Schema)
	if err != nil {
		return nil, err
	}
	check := func(doc json.RawMessage) error {
		details, ok := compiled.Validate(doc)
		if ok {
			return nil
		}
		refused := host.Errorf(host.CodeInvalid, "The record does not meet the schema of the object %s", o.Name)
		refused.Details = details
		return refused
	}
	return &Definition{Object: o, Check: check}, nil
}

// Compiled is Compile for an object that was compiled before it was stored. Its
// schema is compiled when it is first needed: an installation may have many.
func Compiled(o *host.Object) *Definition {
	compile := sync.OnceValues(func() (*Definition, error) { return Compile(o) })
	return &Definition{Object: o, Check: func(doc json.RawMessage) error {
		d, err := compile()
		if err != nil {
			return host.Caused(host.CodeInternal, err, "Internal error")
		}
		return d.Check(doc)
	}}
}

// maxWrite is how long a write of the management API may take: those who wait for
// it are few.
const maxWrite = 10 * time.Second

// Write lets fn write to an app's records in one transaction, which is
// committed if fn succeeds. fn may run several times: serialization failures
// are retried. Errors beside those of fn: CodeConflict, CodeUnavailable.
func Write(ctx context.Context, store host.RecordStore, appID string, fn func(host.RecordTransaction) error) (err error) {
	defer host.Wrap(&err, "object.Write(%q)", appID)
	err = capability.Write(ctx, store, appID, maxWrite, func(_ context.Context, tx host.RecordTransaction) error { return fn(tx) })
	if host.CodeOf(err) == host.CodeEnded {
		return host.Caused(host.CodeUnavailable, err, "The database took longer than %s", maxWrite)
	}
	return err
}
