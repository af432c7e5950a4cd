package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/posternhq/postern/host"
)

// CreateRecord stores a document as a new record.
func (c *Client) CreateRecord(ctx context.Context, app, object string, document json.RawMessage) (*host.Record, error) {
	r, _, err := c.record(ctx, call{method: http.MethodPost, path: records(app, object), body: document})
	return r, err
}

// Record shows a record by its id.
func (c *Client) Record(ctx context.Context, app, object, id string) (*host.Record, error) {
	r, _, err := c.record(ctx, call{method: http.MethodGet, path: records(app, object, id)})
	return r, err
}

// PutRecord replaces the record that has the id, or stores a new one. IfMatch
// takes its version.
func (c *Client) PutRecord(ctx context.Context, app, object, id string, document json.RawMessage, options ...Option) (r *host.Record, created bool, err error) {
	r, status, err := c.record(ctx, call{method: http.MethodPut, path: records(app, object, id), body: document, options: options})
	return r, status == http.StatusCreated, err
}

// PatchRecord changes a record by a JSON Merge Patch. IfMatch takes its version.
func (c *Client) PatchRecord(ctx context.Context, app, object, id string, patch json.RawMessage, options ...Option) (*host.Record, error) {
	r, _, err := c.record(ctx, call{method: http.MethodPatch, path: records(app, object, id), body: patch, options: options})
	return r, err
}

// DeleteRecord deletes a record. IfMatch takes its version.
func (c *Client) DeleteRecord(ctx context.Context, app, object, id string, options ...Option) error {
	return c.remove(ctx, records(app, object, id), options)
}

func records(app, object string, rest ...string) []string {
	return append([]string{"apps", app, "objects", object, "records"}, rest...)
}

func (c *Client) record(ctx context.Context, what call) (r *host.Record, status int, err error) {
	var out struct {
		Record json.RawMessage `json:"record"`
	}
	response, err := c.into(ctx, what, &out)
	if err != nil {
		return nil, 0, err
	}
	var own struct {
		ID        string    `json:"__id"`
		CreatedAt host.Time `json:"__created_at"`
		UpdatedAt host.Time `json:"__updated_at"`
		Version   int64     `json:"__version"`
	}
	if err := json.Unmarshal(out.Record, &own); err != nil {
		return nil, 0, err
	}
	_, data, err := host.ParseDocument(out.Record)
	return &host.Record{ID: own.ID, CreatedAt: own.CreatedAt, UpdatedAt: own.UpdatedAt, Version: own.Version, Data: data}, response.StatusCode, err
}

// RecordQuery selects records. What is empty is left out.
type RecordQuery struct {
	Filter json.RawMessage `json:"filter,omitempty"`
	Sort   []string        `json:"sort,omitempty"`
	Fields []string        `json:"fields,omitempty"`
	Limit  int             `json:"limit,omitempty"`
	Offset int             `json:"offset,omitempty"`
	Cursor string          `json:"cursor,omitempty"`
	Count  Field[bool]     `json:"count,omitzero"` // true unless given
}

// RecordsFound is what a query gives: records as they are, with the fields that
// were asked for.
type RecordsFound struct {
	Records    []json.RawMessage `json:"records"`
	Cursor     string            `json:"cursor,omitempty"` // goes on after the last; empty at the end
	Pagination Pagination        `json:"pagination"`
}

// QueryRecords finds records.
func (c *Client) QueryRecords(ctx context.Context, app, object string, query RecordQuery) (*RecordsFound, error) {
	var out RecordsFound
	if _, err := c.into(ctx, call{method: http.MethodPost, path: records(app, object, "query"), body: query}, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// RecordImport is a stream of records to be stored.
type RecordImport struct {
	Format  string // csv or ndjson
	Content io.Reader
	Size    int64 // bytes that Content has, -1 if that is unknown
	// Existing leaves records that are there already as they are; otherwise
	// the first such ends the import.
	Existing bool
	// Progress is that of an Upload.
	Progress func(sent int64)
}

// RecordsImported is what became of an import.
type RecordsImported struct {
	Records  int `json:"records"`  // stored
	Existing int `json:"existing"` // left out
}

// mediaTypes of streams of records by their format.
var mediaTypes = map[string]string{"csv": "text/csv", "ndjson": "application/x-ndjson"}

// ImportRecords stores what is streamed. What stands before a line that is
// refused stays stored; the error tells how many those are.
func (c *Client) ImportRecords(ctx context.Context, app, object string, what RecordImport) (*RecordsImported, error) {
	query := url.Values{}
	if what.Existing {
		query.Set("on_conflict", "existing")
	}
	var out struct {
		Imported RecordsImported `json:"imported"`
	}
	_, err := c.into(ctx, call{
		method: http.MethodPost, path: records(app, object, "import"), query: query,
		body: &upload{Reader: what.Content, mediaType: mediaTypes[what.Format], total: what.Size, progress: what.Progress},
	}, &out)
	if err != nil {
		return nil, err
	}
	return &out.Imported, nil
}

// ExportRecords writes all records to w, in csv or ndjson. An answer that
// breaks off is an error.
func (c *Client) ExportRecords(ctx context.Context, app, object, format string, w io.Writer) error {
	return c.save(ctx, call{method: http.MethodGet, path: records(app, object, "export"), query: url.Values{"format": {format}}}, w)
}
