package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
	data "github.com/posternhq/postern/host/capability/object"
)

// RecordPath is part of the routes of one record.
type RecordPath struct {
	ObjectPath
	Record string `path:"record" doc:"Id of the record, its __id"`
}

// document is a body that is a whole JSON document: a record, a patch of one or
// a query.
type document struct{ raw json.RawMessage }

// decodeBody keeps a copy: the server uses the body's memory again.
func (d *document) decodeBody(body []byte) error {
	d.raw = bytes.Clone(body)
	return nil
}

// Schema describes any JSON object for the OpenAPI document.
func (document) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "The members of a record. Of those that the host keeps only __id counts, a UUID of the client's own"}
}

// recordView is a record with the fields that were asked for, nil for all.
type recordView struct {
	*host.Record
	fields []host.Path
}

// MarshalJSON writes the record's own members before those of its data.
func (v recordView) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil, v.fields), nil }

// Schema describes a record for the OpenAPI document.
func (recordView) Schema(r huma.Registry) *huma.Schema {
	text := func(format, what string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Format: format, Description: what}
	}
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true, Required: []string{host.FieldID},
		Properties: map[string]*huma.Schema{
			host.FieldID: text("uuid", ""), host.FieldCreatedAt: text("date-time", ""), host.FieldUpdatedAt: text("date-time", ""),
			host.FieldVersion: {Type: huma.TypeInteger, Description: "1, and one more with each change; it is the ETag"},
		},
	}
}

type recordOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   struct {
		Success bool       `json:"success"`
		Record  recordView `json:"record"`
	}
}

func newRecordOutput(status int, r *host.Record) *recordOutput {
	out := &recordOutput{Status: status, ETag: etag(r.Version)}
	out.Body.Success, out.Body.Record.Record = true, r
	return out
}

// maxRecordBody is room for white space and escapes around a record.
const maxRecordBody = 4 * host.MaxRecordBytes

func (a *API) recordRoutes() {
	const all, one = "/v1/apps/{app}/objects/{object}/records", "/v1/apps/{app}/objects/{object}/records/{record}"
	a.transferRoutes(all) // before a record could be called export
	register(a, operation{id: "create-record", method: post, path: all, summary: "Store a new record", tag: "records", status: 201, maxBody: maxRecordBody}, a.createRecord)
	register(a, operation{id: "query-records", method: post, path: all + "/query", summary: "Find records", tag: "records"}, a.queryRecords)
	register(a, operation{id: "get-record", method: get, path: one, summary: "Show a record", tag: "records"}, a.getRecord)
	register(a, operation{id: "put-record", method: http.MethodPut, path: one, summary: "Replace a record, or store a new one with this id: 201", tag: "records", maxBody: maxRecordBody}, a.putRecord)
	register(a, operation{id: "update-record", method: patch, path: one, summary: "Change a record by a JSON Merge Patch", tag: "records", maxBody: maxRecordBody}, a.patchRecord)
	register(a, operation{id: "delete-record", method: remove, path: one, summary: "Delete a record", tag: "records"}, a.deleteRecord)
	documentBoth(a.huma.OpenAPI().Paths[one].Put)
}

// definition finds the object that a path names, ready for use.
func (a *API) definition(ctx context.Context, in ObjectPath) (*data.Definition, error) {
	o, err := a.object(ctx, in)
	if err != nil {
		return nil, err
	}
	return data.Compile(o)
}

// target finds the object of a record, and reads an If-Match header; version 0
// stands for any. No record has an id of another shape than that of a UUID.
func (a *API) target(ctx context.Context, in RecordPath, ifMatch string) (d *data.Definition, version int64, err error) {
	if d, err = a.definition(ctx, in.ObjectPath); err != nil {
		return nil, 0, err
	}
	if !host.IsID(in.Record) {
		return nil, 0, host.Errorf(host.CodeNotFound, "Record not found")
	}
	if ifMatch == "" || ifMatch == anyVersion {
		return d, 0, nil
	}
	version, err = strconv.ParseInt(strings.Trim(ifMatch, `"`), 10, 64)
	if err != nil || version < 1 || etag(version) != ifMatch {
		return nil, 0, host.Errorf(host.CodeStale, "If-Match is %s, which is the ETag of no record", ifMatch)
	}
	return d, version, nil
}

// write lets fn write to the records of an object in one transaction.
func (a *API) write(ctx context.Context, d *data.Definition, fn func(host.RecordTransaction) error) error {
	return data.Write(ctx, a.Store, d.AppID, fn)
}

// anyVersion is an If-Match that every version meets.
const anyVersion = "*"

func (a *API) createRecord(ctx context.Context, in *struct {
	ObjectPath
	Body document
}) (*recordOutput, error) {
	d, err := a.definition(ctx, in.ObjectPath)
	if err != nil {
		return nil, err
	}
	var inserted []*host.Record
	err = a.write(ctx, d, func(tx host.RecordTransaction) (err error) {
		inserted, _, err = data.Insert(ctx, tx, d, []json.RawMessage{in.Body.raw}, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	return newRecordOutput(http.StatusCreated, inserted[0]), nil
}

func (a *API) getRecord(ctx context.Context, in *RecordPath) (*recordOutput, error) {
	d, _, err := a.target(ctx, *in, "")
	if err != nil {
		return nil, err
	}
	r, err := a.Store.ReadRecords(d.AppID).Record(ctx, d.Object, in.Record)
	if err != nil {
		return nil, err
	}
	return newRecordOutput(http.StatusOK, r), nil
}

func (a *API) putRecord(ctx context.Context, in *struct {
	RecordPath
	IfMatch     string `header:"If-Match"`
	IfNoneMatch string `header:"If-None-Match" doc:"* for a record that must not be there yet"`
	Body        document
}) (*recordOutput, error) {
	d, version, err := a.target(ctx, in.RecordPath, in.IfMatch)
	if err != nil {
		return nil, err
	}
	if in.IfNoneMatch != "" && in.IfNoneMatch != anyVersion {
		return nil, host.Errorf(host.CodeInvalid, "If-None-Match must be *")
	}
	doc, err := withID(in.Record, in.Body.raw)
	if err != nil {
		return nil, err
	}
	var r *host.Record
	var created bool
	err = a.write(ctx, d, func(tx host.RecordTransaction) (err error) {
		r, created, err = data.Put(ctx, tx, d, doc, version)
		switch {
		case err == nil && created && in.IfMatch == anyVersion:
			return host.Errorf(host.CodeStale, "If-Match is *, and there is no such record")
		case err == nil && !created && in.IfNoneMatch == anyVersion:
			return host.Errorf(host.CodeStale, "If-None-Match is *, and there is such a record")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if created {
		return newRecordOutput(http.StatusCreated, r), nil
	}
	return newRecordOutput(http.StatusOK, r), nil
}

// withID is a document with the id of the path.
func withID(id string, raw json.RawMessage) (json.RawMessage, error) {
	own, doc, err := host.ParseDocument(raw)
	if err != nil {
		return nil, err
	}
	if own != "" && own != id {
		return nil, host.Errorf(host.CodeInvalid, "__id must be the id in the path, or be left out")
	}
	r := host.Record{ID: id, Data: doc}
	return r.AppendJSON(nil, nil), nil
}

func (a *API) patchRecord(ctx context.Context, in *struct {
	RecordPath
	IfMatch string `header:"If-Match"`
	Body    document
}) (*recordOutput, error) {
	d, version, err := a.target(ctx, in.RecordPath, in.IfMatch)
	if err != nil {
		return nil, err
	}
	var r *host.Record
	err = a.write(ctx, d, func(tx host.RecordTransaction) (err error) {
		r, err = data.Patch(ctx, tx, d, in.Record, in.Body.raw, version)
		return err
	})
	if err != nil {
		return nil, err
	}
	return newRecordOutput(http.StatusOK, r), nil
}

func (a *API) deleteRecord(ctx context.Context, in *struct {
	RecordPath
	IfMatch string `header:"If-Match"`
}) (*deleted, error) {
	d, version, err := a.target(ctx, in.RecordPath, in.IfMatch)
	if err != nil {
		return nil, err
	}
	err = a.write(ctx, d, func(tx host.RecordTransaction) error { return data.Delete(ctx, tx, d, in.Record, version) })
	if err != nil {
		return nil, err
	}
	return newDeleted("Record deleted successfully"), nil
}
