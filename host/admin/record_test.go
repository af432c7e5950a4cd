package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

func TestRecord_Lifecycle(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		object := b.newObject(b.newApp("Shop"))
		created := b.want(b.do("POST", object+"/records", `{"email":"ada@example.com","age":36,"__version":9,"address":{"zip":"1"}}`), 201, "")
		id := created.text("record", "__id")
		record := object + "/records/" + id
		if !host.IsID(id) || created.header.Get("ETag") != `"1"` || created.text("record", "__version") != "1" {
			t.Errorf("created %s", created.raw)
		}
		want := func(a answer, body string) {
			t.Helper()
			data := map[string]any{}
			for name, value := range a.body["record"].(map[string]any) {
				if !strings.HasPrefix(name, "__") {
					data[name] = value
				}
			}
			a.body["data"] = data
			if got := a.text("data"); got != body {
				t.Errorf("the record is %s, want %s", got, body)
			}
		}
		want(b.want(b.do("GET", record, ""), 200, ""), `{"address":{"zip":"1"},"age":36,"email":"ada@example.com"}`)
		patched := b.want(b.do("PATCH", record, `{"age":37,"address":{"city":"Rome","zip":null}}`, "If-Match", `"1"`), 200, "")
		want(patched, `{"address":{"city":"Rome"},"age":37,"email":"ada@example.com"}`)
		if patched.header.Get("ETag") != `"2"` {
			t.Errorf("ETag %s", patched.header.Get("ETag"))
		}
		for _, stale := range []string{`"1"`, `2`, `W/"2"`, `"x"`, `"02"`} {
			for _, method := range []string{"PATCH", "PUT", "DELETE"} {
				b.want(b.do(method, record, `{"email":"x"}`, "If-Match", stale), 412, "")
			}
		}
		want(b.want(b.do("PUT", record, `{"email":"ada@example.com","__id":"`+id+`"}`, "If-Match", `"2"`), 200, ""), `{"email":"ada@example.com"}`)
		b.want(b.do("DELETE", record, "", "If-Match", `"3"`), 200, "")
		b.want(b.do("GET", record, ""), 404, "Record not found")
		b.want(b.do("DELETE", record, ""), 404, "Record not found")
		b.want(b.do("PATCH", record, `{}`), 404, "Record not found")
		b.want(b.do("PUT", record, `{"email":"b@example.com"}`, "If-Match", "*"), 412, "no such record")
		b.want(b.do("PUT", record, `{"email":"b@example.com"}`, "If-Match", `"3"`), 412, "")
		again := b.want(b.do("PUT", record, `{"email":"b@example.com"}`), 201, "")
		if again.text("record", "__id") != id || again.header.Get("ETag") != `"1"` {
			t.Errorf("put %s", again.raw)
		}
		b.want(b.do("PUT", record, `{"email":"c@example.com"}`, "If-Match", "*"), 200, "")
		b.want(b.do("PUT", record, `{"email":"d@example.com"}`, "If-None-Match", "*"), 412, "there is such a record")
		b.want(b.do("PUT", record, `{"email":"d@example.com"}`, "If-None-Match", `"1"`), 400, "If-None-Match must be *")
		want(b.want(b.do("GET", record, ""), 200, ""), `{"email":"c@example.com"}`)
		b.want(b.do("PUT", object+"/records/"+host.NewID(), `{"email":"d@example.com"}`, "If-None-Match", "*"), 201, "")
	})
}

func TestRecord_Refused(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		object := b.newObject(b.newApp("Shop"))
		first := b.want(b.do("POST", object+"/records", `{"email":"ada@example.com"}`), 201, "")
		id := first.text("record", "__id")
		for body, text := range map[string]string{
			``:                           "body",
			`[]`:                         "must be a JSON object",
			`{"email":"x"`:               "valid JSON",
			`{"email":"x"}{}`:            "JSON",
			`{"email":"x","__secret":1}`: "reserved",
			`{"email":"x","__id":"7"}`:   "UUID",
			"{\"email\":\"\xff\"}":       "UTF-8",
			`{"email":"x","a":1e99999}`:  "exponent",
			`{"email":"x","a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`: "within one another",
			`{"email":"` + strings.Repeat("x", 1<<20) + `"}`:                              "at most 1048576",
		} {
			b.want(b.do("POST", object+"/records", body), 400, text)
			b.want(b.do("PUT", object+"/records/"+host.NewID(), body), 400, text)
		}
		b.want(b.do("POST", object+"/records", strings.Repeat(" ", 5<<20)+`{"email":"x"}`), 413, "larger than")
		schema := b.want(b.do("POST", object+"/records", `{"age":-1}`), 400, "does not meet the schema")
		if !strings.Contains(string(schema.raw), `"path":"/age"`) || !strings.Contains(string(schema.raw), "email") {
			t.Errorf("details: %s", schema.raw)
		}
		taken := b.want(b.do("POST", object+"/records", `{"email":"ada@example.com"}`), 409, "email is already taken")
		if taken.text("details") != `{"field":"email","id":"`+id+`"}` {
			t.Errorf("details: %s", taken.raw)
		}
		b.want(b.do("POST", object+"/records", `{"email":"b","__id":"`+id+`"}`), 409, "__id is already taken")
		b.want(b.do("PUT", object+"/records/"+host.NewID(), `{"email":"b","__id":"`+id+`"}`), 400, "__id must be the id in the path")
		for _, wrong := range []string{"7", "nothing", strings.ToUpper(id), id + "0", "%2e%2e%2f", "%F0%9F%98%80", strings.Repeat("x", 3000)} {
			for _, method := range []string{"GET", "PATCH", "PUT", "DELETE"} {
				b.want(b.do(method, object+"/records/"+wrong, `{"email":"b"}`), 404, "")
			}
		}
		other := b.newObject(b.newApp("Other"))
		b.want(b.do("GET", other+"/records/"+id, ""), 404, "Record not found")
		b.want(b.do("DELETE", other+"/records/"+id, ""), 404, "Record not found")
		b.want(b.do("GET", object+"/records/"+id, ""), 200, "")
	})
}

func TestRecord_Query(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		object := b.newObject(b.newApp("Shop"))
		for i := range 7 {
			b.want(b.do("POST", object+"/records", fmt.Sprintf(`{"email":"%d@example.com","age":%d,"address":{"zip":"%d","city":"Rome"}}`, i, i, i%2)), 201, "")
		}
		query := object + "/records/query"
		first := b.want(b.do("POST", query, `{"filter":{"address.zip":"0"},"sort":["-age"],"limit":3,"fields":["age","address.city"]}`), 200, "")
		if got := first.text("pagination"); got != `{"has_more":true,"limit":3,"offset":0,"total":4}` {
			t.Errorf("pagination %s", got)
		}
		var ages []string
		for _, r := range first.body["records"].([]any) {
			record := r.(map[string]any)
			ages = append(ages, fmt.Sprint(record["age"]))
			if len(record) != 3 || fmt.Sprint(record["address"]) != "map[city:Rome]" {
				t.Errorf("record %v", record)
			}
		}
		if fmt.Sprint(ages) != "[6 4 2]" {
			t.Errorf("ages %v", ages)
		}
		next := b.want(b.do("POST", query, `{"filter":{"address.zip":"0"},"sort":["-age"],"limit":9,"fields":["age","address.city"],"cursor":"`+first.text("cursor")+`"}`), 200, "")
		if records := next.body["records"].([]any); len(records) != 1 || next.text("cursor") != "<none>" || next.text("pagination", "has_more") != "false" {
			t.Errorf("next %s", next.raw)
		}
		if got := b.want(b.do("POST", query, `{"count":false}`), 200, "").text("pagination"); got != `{"has_more":false,"limit":100,"offset":0}` {
			t.Errorf("without a count: %s", got)
		}
		for body, text := range map[string]string{
			`{"limit":1001}`: "limit must be", `{"filter":[]}`: "filter", `{"colour":1}`: "colour", `{"cursor":"x"}`: "cursor",
			`{"object":"customers"}`: "object is in the path", `[]`: "JSON object", `{"count":"yes"}`: "count must be",
			`{"sort":["a..b"]}`: "sort: ", `{"filter":{"age":{"$where":"1"}}}`: "$where",
			`{"sort":["age"],"cursor":"` + first.text("cursor") + `"}`: "cursor",
		} {
			b.want(b.do("POST", query, body), 400, text)
		}
		other := b.newObject(b.newApp("Other"))
		b.want(b.do("POST", other+"/records/query", `{"filter":{"address.zip":"0"},"sort":["-age"],"limit":3,"fields":["age","address.city"],"cursor":"`+first.text("cursor")+`"}`), 400, "cursor")
	})
}

// TestRecord_Quota stores no more than the app may have.
func TestRecord_Quota(t *testing.T) {
	t.Parallel()
	b := setupOn(t, store.Config{AppRecords: 3})
	object := b.newObject(b.newApp("Shop"))
	over := b.fill(object)
	if over.status != 403 {
		t.Errorf("%d %s", over.status, over.raw)
	}
}

// fill stores records until the app has as many as it may, which is noticed
// soon, and returns the refusal.
func (b *bundle) fill(object string) answer {
	b.t.Helper()
	for i := range 1000 {
		if a := b.do("POST", object+"/records", fmt.Sprintf(`{"email":"%d"}`, i)); a.text("code") == "quota_exceeded" {
			return a
		} else if a.status != 201 {
			b.t.Fatalf("%d %s", a.status, a.raw)
		}
	}
	b.t.Fatal("the app may have any number of records")
	return answer{}
}

// TestRecord_Audit finds definitions with their content in the audit log, and
// records without.
func TestRecord_Audit(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		object := b.newObject(b.newApp("Shop"))
		b.want(b.do("PATCH", object, `{"indexed_fields":[]}`), 200, "")
		id := b.want(b.do("POST", object+"/records", `{"email":"hidden@example.com"}`), 201, "").text("record", "__id")
		b.want(b.do("PATCH", object+"/records/"+id, `{"age":7}`), 200, "")
		b.want(b.do("POST", object+"/records", `{"email":"hidden@example.com"}`), 409, "")
		b.want(b.do("POST", object+"/records/import", "{\"email\":\"b\"}\n{\"email\":\"c\"}\n{\"email\":\"c\"}", "Content-Type", "application/x-ndjson"), 409, "Line 3: email is already taken")
		b.want(b.do("DELETE", object+"/records/"+id, ""), 200, "")
		b.want(b.do("DELETE", object, ""), 200, "")
		log := b.want(b.do("GET", "/v1/audit-log?limit=7", ""), 200, "")
		if strings.Contains(string(log.raw), "hidden@example.com") {
			t.Error("the log shows data of a record")
		}
		var lines []string
		for _, e := range log.body["entries"].([]any) {
			entry := answer{body: e.(map[string]any)}
			lines = append(lines, strings.Join([]string{entry.text("action"), entry.text("target", "kind"), entry.text("before", "version"), entry.text("after", "version"), entry.text("after", "records")}, " "))
			if kind := entry.text("target", "kind"); kind == "record" && (entry.text("target", "id") != id || entry.text("target", "app_id") == "") {
				t.Errorf("target %s", entry.text("target"))
			}
		}
		want := []string{
			"delete-object object <none> <none> <none>", "delete-record record 2 <none> <none>", "import-records object <none> <none> 2",
			"update-record record 1 2 <none>", "create-record record <none> 1 <none>", "update-object object <none> <none> <none>", "create-object object <none> <none> <none>",
		}
		if fmt.Sprint(lines) != fmt.Sprint(want) {
			t.Errorf("got %q\nwant %q", lines, want)
		}
	})
}
