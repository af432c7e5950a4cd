package object

import (
	"context"
	"errors"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// Operations are the data operations on records. Their requests and answers are
// specified in sdk/abi.md.
var Operations = []capability.Operation{
	{Name: "object_query", Group: host.CapabilityObjects, Run: query},
	{Name: "object_insert", Group: host.CapabilityObjects, Run: write(readInsert)},
	{Name: "object_put", Group: host.CapabilityObjects, Run: write(readPut)},
	{Name: "object_patch", Group: host.CapabilityObjects, Run: write(readPatch)},
	{Name: "object_delete", Group: host.CapabilityObjects, Run: write(readDelete)},
	{Name: "object_batch", Group: host.CapabilityObjects, Run: write(readBatch)},
}

// Bounds of a batch.
const (
	// MaxBatch is how many operations it may have.
	MaxBatch = 1000
	// maxBatchBytes is how many bytes they may answer: short requests may have
	// long answers.
	maxBatchBytes = 4 << 20
)

// change is a write that is ready to be made. It appends its answer to b. If it
// fails, nothing of it stays.
type change func(ctx context.Context, tx host.RecordTransaction, b []byte) ([]byte, error)

// reader makes a change of a request, which is valid JSON.
type reader func(call *capability.Call, in []byte) (change, error)

// write is the operation that makes one change.
func write(read reader) capability.Func {
	return func(ctx context.Context, call *capability.Call, in []byte) (out []byte, err error) {
		if !host.ValidJSON(in) {
			return nil, errNoObject
		}
		apply, err := read(call, in)
		if err != nil {
			return nil, err
		}
		if call.Data == nil {
			return nil, errNoData
		}
		err = call.Data.Write(ctx, func(ctx context.Context, tx host.RecordTransaction) error {
			out, err = apply(ctx, tx, out[:0])
			return err
		})
		return out, err
	}
}

var errNoData = host.Errorf(host.CodeUnavailable, "There are no records here")

// definition finds the object that a request names.
func definition(call *capability.Call, r request) (*Definition, error) {
	name, err := r.text("object")
	if err != nil {
		return nil, err
	}
	d := call.Objects[name]
	if d == nil {
		return nil, host.Errorf(host.CodeNotFound, "Object not found")
	}
	return d, nil
}

// query answers {"records":[…],"cursor":"…","count":12}.
func query(ctx context.Context, call *capability.Call, in []byte) (out []byte, err error) {
	if len(in) > maxQueryBytes {
		return nil, host.Errorf(host.CodeInvalid, "a query may have at most %d bytes", maxQueryBytes)
	}
	if !host.ValidJSON(in) {
		return nil, errNoObject
	}
	r, err := readRequest(in, "object", "filter", "sort", "fields", "limit", "offset", "cursor", "count")
	if err != nil {
		return nil, err
	}
	d, err := definition(call, r)
	if err != nil {
		return nil, err
	}
	q, err := host.ParseQuery(in)
	if err != nil {
		return nil, err
	}
	if call.Data == nil {
		return nil, errNoData
	}
	var found *host.Found
	err = call.Data.Read(ctx, func(ctx context.Context, records host.RecordReader) error {
		found, err = records.QueryRecords(ctx, d.Object, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	return appendFound(nil, found, q.Fields), nil
}

// readInsert: {"object","record":{…}} or {"object","records":[…]}, and
// "on_conflict" → {"records":[…],"existing":0}.
func readInsert(call *capability.Call, in []byte) (change, error) {
	r, err := readRequest(in, "object", "record", "records", "on_conflict")
	if err != nil {
		return nil, err
	}
	d, err := definition(call, r)
	if err != nil {
		return nil, err
	}
	docs, err := r.documents()
	if err != nil {
		return nil, err
	}
	existing := false
	if r.has("on_conflict") {
		policy, err := r.text("on_conflict")
		if err != nil || policy != "existing" && policy != "error" {
			return nil, host.Errorf(host.CodeInvalid, `on_conflict must be "error" or "existing"`)
		}
		existing = policy == "existing"
	}
	return func(ctx context.Context, tx host.RecordTransaction, b []byte) ([]byte, error) {
		inserted, existed, err := Insert(ctx, tx, d, docs, existing)
		if err != nil {
			return nil, err
		}
		return appendInserted(b, inserted, existed), nil
	}, nil
}

// readPut: {"object","record":{"__id":…},"if_version":3} →
// {"record":{…},"created":true}.
func readPut(call *capability.Call, in []byte) (change, error) {
	r, err := readRequest(in, "object", "record", "if_version")
	if err != nil {
		return nil, err
	}
	d, err := definition(call, r)
	if err != nil {
		return nil, err
	}
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	if !r.has("record") {
		return nil, host.Errorf(host.CodeInvalid, "record is missing")
	}
	return func(ctx context.Context, tx host.RecordTransaction, b []byte) ([]byte, error) {
		record, created, err := Put(ctx, tx, d, r["record"], version)
		if err != nil {
			return nil, err
		}
		return appendRecord(b, record, created), nil
	}, nil
}

// readPatch: {"object","id","patch":{…},"if_version"} → {"record":{…}}.
func readPatch(call *capability.Call, in []byte) (change, error) {
	r, d, id, version, err := readTarget(call, in, "patch")
	if err != nil {
		return nil, err
	}
	if !r.has("patch") {
		return nil, host.Errorf(host.CodeInvalid, "patch is missing")
	}
	return func(ctx context.Context, tx host.RecordTransaction, b []byte) ([]byte, error) {
		record, err := Patch(ctx, tx, d, id, r["patch"], version)
		if err != nil {
			return nil, err
		}
		return append(record.AppendJSON(append(b, `{"record":`...), nil), '}'), nil
	}, nil
}

// readDelete: {"object","id","if_version"} → {"deleted":true}.
func readDelete(call *capability.Call, in []byte) (change, error) {
	_, d, id, version, err := readTarget(call, in)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx host.RecordTransaction, b []byte) ([]byte, error) {
		if err := Delete(ctx, tx, d, id, version); err != nil {
			return nil, err
		}
		return append(b, `{"deleted":true}`...), nil
	}, nil
}

// readTarget reads a request about one record that is there.
func readTarget(call *capability.Call, in []byte, more ...string) (r request, d *Definition, id string, version int64, err error) {
	if r, err = readRequest(in, append(more, "object", "id", "if_version")...); err == nil {
		d, err = definition(call, r)
	}
	if err == nil {
		id, err = r.text("id")
	}
	if err == nil {
		version, err = r.version()
	}
	return r, d, id, version, err
}

// batchMembers are the operations that a batch may have.
var batchMembers = map[string]reader{"insert": readInsert, "put": readPut, "patch": readPatch, "delete": readDelete}

// readBatch: {"operations":[{"insert":{…}},…]} → {"results":[the answers]}.
func readBatch(call *capability.Call, in []byte) (change, error) {
	r, err := readRequest(in, "operations")
	if err != nil {
		return nil, err
	}
	list, ok := capability.Elements(r["operations"], MaxBatch+1)
	if !ok {
		return nil, host.Errorf(host.CodeInvalid, "operations must be a list of objects")
	}
	if len(list) > MaxBatch {
		return nil, host.Errorf(host.CodeInvalid, "operations must be at most %d", MaxBatch)
	}
	changes := make([]change, len(list))
	for i, one := range list {
		if changes[i], err = readBatched(call, one); err != nil {
			return nil, nameOperation(err, i)
		}
	}
	return inOrder(changes), nil
}

// inOrder makes changes all or none.
func inOrder(changes []change) change {
	return func(ctx context.Context, tx host.RecordTransaction, b []byte) (out []byte, err error) {
		err = tx.Try(ctx, func() error {
			out = append(b, `{"results":[`...)
			for i, apply := range changes {
				if i > 0 {
					out = append(out, ',')
				}
				if out, err = apply(ctx, tx, out); err == nil && len(out)-len(b) > maxBatchBytes {
					err = host.Errorf(host.CodeInvalid, "the answers of a batch may have at most %d bytes", maxBatchBytes)
				}
				if err != nil {
					return nameOperation(err, i)
				}
			}
			return nil
		})
		return append(out, "]}"...), err
	}
}

// readBatched reads {"insert":{…}} or another of batchMembers.
func readBatched(call *capability.Call, in []byte) (change, error) {
	r, err := readRequest(in, "insert", "put", "patch", "delete")
	if err != nil {
		return nil, err
	}
	for name, read := range batchMembers {
		if len(r) == 1 && r.has(name) {
			return read(call, r[name])
		}
	}
	return nil, host.Errorf(host.CodeInvalid, "an operation must have one member: insert, put, patch or delete")
}

// nameOperation says which operation of a batch an error is about.
func nameOperation(err error, i int) error {
	var known *host.Error
	if !errors.As(err, &known) {
		return err
	}
	named := *known
	named.Err = err // with what is in its chain
	details := batchDetails{Operation: i}
	switch d := known.Details.(type) {
	case nil:
	case host.Taken:
		details.Taken = &d
	default:
		details.Violations = d
	}
	named.Details = details
	return &named
}

// batchDetails are the Details of an operation that failed within a batch.
type batchDetails struct {
	Operation   int `json:"operation"`
	*host.Taken     // of a conflict
	Violations  any `json:"violations,omitempty"` // of the schema
}
