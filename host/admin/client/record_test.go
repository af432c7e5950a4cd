package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

func TestClient_ObjectRequests(t *testing.T) {
	t.Parallel()
	doc := json.RawMessage(`{"a":1}`)
	checkRequests(t, []request{
		{seen{Line: "POST /v1/apps/a/objects", Body: `{"name":"o","schema":null,"unique_fields":["x"]}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateObject(ctx, "a", client.ObjectFields{Name: client.Value("o"), Schema: client.Null[json.RawMessage](), UniqueFields: client.Value([]string{"x"})})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/objects?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.Objects(ctx, "a", host.Page{Limit: 5, Offset: 10})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/objects/..%2Fo"}, func(ctx context.Context, c *client.Client) error { _, err := c.Object(ctx, "a", "../o"); return err }},
		{seen{Line: "PATCH /v1/apps/a/objects/o", Body: `{"indexed_fields":[]}`, IfMatch: `"4"`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateObject(ctx, "a", "o", client.ObjectFields{IndexedFields: client.Value([]string{})}, client.IfMatch(4))
			return err
		}},
		{seen{Line: "DELETE /v1/apps/a/objects/o"}, func(ctx context.Context, c *client.Client) error { return c.DeleteObject(ctx, "a", "o") }},
		{seen{Line: "POST /v1/apps/a/objects/o/records", Body: `{"a":1}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateRecord(ctx, "a", "o", doc)
			return err
		}},
		{seen{Line: "GET /v1/apps/a/objects/o/records/r"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.Record(ctx, "a", "o", "r")
			return err
		}},
		{seen{Line: "PUT /v1/apps/a/objects/o/records/r", Body: `{"a":1}`, IfMatch: `"2"`}, func(ctx context.Context, c *client.Client) error {
			_, _, err := c.PutRecord(ctx, "a", "o", "r", doc, client.IfMatch(2))
			return err
		}},
		{seen{Line: "PATCH /v1/apps/a/objects/o/records/r", Body: `{"a":1}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.PatchRecord(ctx, "a", "o", "r", doc)
			return err
		}},
		{seen{Line: "DELETE /v1/apps/a/objects/o/records/r", IfMatch: `"2"`}, func(ctx context.Context, c *client.Client) error {
			return c.DeleteRecord(ctx, "a", "o", "r", client.IfMatch(2))
		}},
		{seen{Line: "POST /v1/apps/a/objects/o/records/query", Body: `{"filter":{"a":1},"sort":["-a"],"limit":7,"count":false}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.QueryRecords(ctx, "a", "o", client.RecordQuery{Filter: doc, Sort: []string{"-a"}, Limit: 7, Count: client.Value(false)})
			return err
		}},
		{seen{Line: "POST /v1/apps/a/objects/o/records/import?on_conflict=existing", Type: "text/csv", Body: "a\n1\n"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.ImportRecords(ctx, "a", "o", client.RecordImport{Format: "csv", Content: strings.NewReader("a\n1\n"), Size: -1, Existing: true})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/objects/o/records/export?format=ndjson"}, func(ctx context.Context, c *client.Client) error {
			return c.ExportRecords(ctx, "a", "o", "ndjson", io.Discard)
		}},
	})
}

func TestClient_ObjectAnswers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, _ := fake(t, 200, http.Header{"Etag": {`"3"`}}, `{"success":true,"object":{"name":"o","schema":null,"unique_fields":["x"]}}`)
	if o, err := c.Object(ctx, "a", "o"); err != nil || o.Name != "o" || o.Schema != nil || o.Revision != 3 {
		t.Errorf("Object: %+v, %v", o, err)
	}
	record := `{"success":true,"record":{"__id":"01932b7a-0000-7000-8000-000000000000","__created_at":"2026-11-22T12:00:00.000Z","__version":2,"b":1.10,"a":"x"}}`
	c, _ = fake(t, 201, nil, record)
	r, created, err := c.PutRecord(ctx, "a", "o", "r", nil)
	if err != nil || !created || r.ID != "01932b7a-0000-7000-8000-000000000000" || r.Version != 2 || string(r.Data) != `{"a":"x","b":1.10}` || r.CreatedAt.IsZero() {
		t.Errorf("PutRecord: %+v, %v", r, err)
	}
	c, _ = fake(t, 200, nil, `{"success":true,"records":[{"__id":"i"}],"cursor":"c","pagination":{"limit":1,"total":5,"has_more":true}}`)
	if found, err := c.QueryRecords(ctx, "a", "o", client.RecordQuery{}); err != nil || len(found.Records) != 1 || found.Cursor != "c" || found.Pagination.Total != 5 {
		t.Errorf("QueryRecords: %+v, %v", found, err)
	}
	c, _ = fake(t, 200, nil, `{"success":true,"imported":{"records":7,"existing":1}}`)
	if done, err := c.ImportRecords(ctx, "a", "o", client.RecordImport{Format: "ndjson", Content: strings.NewReader("")}); err != nil || done.Records != 7 || done.Existing != 1 {
		t.Errorf("ImportRecords: %+v, %v", done, err)
	}
	var out strings.Builder
	c, _ = fake(t, 200, http.Header{"Content-Length": {"9"}}, "a,b\n")
	if err := c.ExportRecords(ctx, "a", "o", "csv", &out); err == nil || out.String() != "a,b\n" {
		t.Errorf("an export that breaks off: %q, %v", out.String(), err)
	}
}

// TestDefinitionOf holds the fields against an object that has a value in every
// one.
func TestDefinitionOf(t *testing.T) {
	t.Parallel()
	o := host.NewObject("a")
	o.Schema, o.UniqueFields, o.IndexedFields = json.RawMessage(`{"a":1}`), []string{"x"}, []string{"y"}
	want, got := membersOf(t, o), membersOf(t, client.DefinitionOf(o))
	for _, name := range []string{"id", "app_id", "name", "created_at", "updated_at"} {
		delete(want, name)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
