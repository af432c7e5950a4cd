package admin_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

const ndjson, csv = "application/x-ndjson", "text/csv"

// bringIn imports records.
func (b *bundle) bringIn(object, query, mediaType, body string) answer {
	b.t.Helper()
	return b.do("POST", object+"/records/import"+query, body, "Content-Type", mediaType)
}

// takeOut exports records in a format.
func (b *bundle) takeOut(object, format string) answer {
	b.t.Helper()
	a := b.do("GET", object+"/records/export?format="+format, "")
	if a.status != 200 {
		b.t.Fatalf("export: %d %s", a.status, a.raw)
	}
	return a
}

// count is the number of records of an object.
func (b *bundle) count(object string) string {
	b.t.Helper()
	return b.want(b.do("POST", object+"/records/query", `{"limit":1}`), 200, "").text("pagination", "total")
}

// documents are the records of an export in NDJSON, without what the host keeps
// but the id.
func documents(t *testing.T, exported answer) (lines []string) {
	t.Helper()
	for line := range strings.Lines(string(exported.raw)) {
		id, doc, err := host.ParseDocument(json.RawMessage(line))
		check(t, err)
		lines = append(lines, id+" "+string(doc))
	}
	return lines
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	_, err := w.Write(content)
	check(t, errors.Join(err, w.Close()))
	return to.Bytes()
}

// TestTransfer_RoundTrip imports what was exported, in both formats, into an
// object of its own.
func TestTransfer_RoundTrip(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		app := b.newApp("Shop")
		object := b.newObject(app)
		var lines strings.Builder
		for i := range 650 { // more than an export and an import have in hand
			fmt.Fprintf(&lines, `{"email":"%d@example.com","age":%d,"tags":["a,b",null,%d],"address":{"zip":"0%d"},"note":"\"x\"\r\n","a.b":12345678901234567890.10,"":null}`+"\n", i, i, i, i)
		}
		lines.WriteString(`{"email":""}`)
		made := b.want(b.bringIn(object, "", ndjson, lines.String()), 200, "")
		if made.text("imported") != `{"existing":0,"records":651}` {
			t.Errorf("imported %s", made.raw)
		}
		want := documents(t, b.takeOut(object, "ndjson"))
		if len(want) != 651 {
			t.Fatalf("%d records were exported", len(want))
		}
		for format, mediaType := range map[string]string{"ndjson": ndjson, "csv": csv + "; charset=utf-8"} {
			exported := b.takeOut(object, format)
			if kind, name := exported.header.Get("Content-Type"), exported.header.Get("Content-Disposition"); kind != mediaType || !strings.Contains(name, "customers."+format) {
				t.Errorf("%s is %s, %s", format, kind, name)
			}
			b.want(b.do("POST", app+"/objects", `{"name":"copy-`+format+`","schema":`+customerSchema+`}`), 201, "")
			target := app + "/objects/copy-" + format
			b.want(b.bringIn(target, "", mediaType, string(exported.raw)), 200, "")
			if diff := cmp.Diff(want, documents(t, b.takeOut(target, "ndjson"))); diff != "" {
				t.Errorf("%s: %s", format, diff)
			}
			b.want(b.do("POST", app+"/objects", `{"name":"gzip-`+format+`"}`), 201, "")
			unzipped := b.do("POST", app+"/objects/gzip-"+format+"/records/import", string(gzipped(t, exported.raw)), "Content-Type", mediaType, "Content-Encoding", "GZIP")
			if unzipped.text("imported") != `{"existing":0,"records":651}` {
				t.Errorf("gzip: %d %s", unzipped.status, unzipped.raw)
			}
			again := b.want(b.bringIn(target, "?on_conflict=existing", mediaType, string(exported.raw)), 200, "")
			if again.text("imported") != `{"existing":651,"records":0}` {
				t.Errorf("again: %s", again.raw)
			}
		}
	})
}

func TestTransfer_Export(t *testing.T) {
	t.Parallel()
	b := setup(t)
	object := b.newObject(b.newApp("Shop"))
	if empty := b.takeOut(object, "csv"); string(empty.raw) != "__id,__created_at,__updated_at,__version,email,age,address,tags,__other\n" {
		t.Errorf("without records: %q", empty.raw)
	}
	if empty := b.takeOut(object, "ndjson"); len(empty.raw) != 0 {
		t.Errorf("without records: %q", empty.raw)
	}
	if a := b.do("GET", object+"/records/export", "", "Accept", "text/csv"); !strings.HasPrefix(string(a.raw), "__id,") {
		t.Errorf("by Accept: %s", a.raw)
	}
	b.want(b.do("GET", object+"/records/export?format=xml", ""), 400, "format must be one of csv, ndjson")
	b.want(b.do("GET", object+"x/records/export", ""), 404, "Object not found")
}

// TestTransfer_BadLine ends an import at the line at fault; what stands before
// it is stored, over the borders of transactions.
func TestTransfer_BadLine(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		app := b.newApp("Shop")
		var good strings.Builder
		for i := range 510 {
			fmt.Fprintf(&good, "{\"email\":\"%d\"}\n", i)
		}
		for i, test := range []struct {
			mediaType, in string
			status        int
			text, details string
		}{
			{ndjson, good.String() + "{\"age\":1}\n{}", 400, "Line 511: The record does not meet the schema of the object customers-0; records stored before: 510", `"line":511,"reason":[{"message":"missing property 'email'"`},
			{ndjson, good.String() + "\n{\"email\":\"7\"}", 409, "Line 512: email is already taken", `"line":512,"reason":{"field":"email"`},
			{ndjson, good.String() + "{\n", 400, "Line 511: the record must be valid JSON; records stored before: 510", ""},
			{ndjson, "{\"email\":\"a\"}\n\xff\n", 400, "Line 2: the record must be valid UTF-8; records stored before: 1", ""},
			{csv, "email,age\na,1\nb,-1\nc,2\n", 400, "Line 3: The record does not meet", `"path":"/age"`},
			{csv, "email,age\na,1\nb\n", 400, "Line 3: the line has 1 cells", ""},
			{csv, "email,age\na,1\n\"b,2\n", 400, "Line 3: a quote is missing", ""},
			{csv, "\xff\n", 400, "Line 1: ", ""},
			{csv, strings.Repeat("a,", 100_000) + "\n", 400, "at most 10000 are allowed", ""},
			{csv, "email,__x\na,1\n", 400, "Line 1: column 2: __x: names that begin with __ are reserved", ""},
			{csv, "email,__id\na,7\n", 400, "Line 2: __id must be a UUID", ""},
		} {
			name := fmt.Sprintf("customers-%d", i)
			b.want(b.do("POST", app+"/objects", `{"name":"`+name+`","schema":`+customerSchema+`,"unique_fields":["email"]}`), 201, "")
			got := b.want(b.bringIn(app+"/objects/"+name, "", test.mediaType, test.in), test.status, test.text)
			if !strings.Contains(got.text("details"), test.details) {
				t.Errorf("details %s, want %s", got.text("details"), test.details)
			}
			if stored := b.count(app + "/objects/" + name); got.text("details", "records") != stored {
				t.Errorf("%s records are there: %s", stored, got.raw)
			}
		}
	})
}

func TestTransfer_Refused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	object := b.newObject(b.newApp("Shop"))
	for mediaType, status := range map[string]int{"": 400, "application/json": 400, "text/csv; charset=latin1": 400, "text/csv;": 200, "a/b/c": 400, "application/jsonl": 200} {
		if got := b.bringIn(object, "", mediaType, "{\"email\":\"x\"}"+strings.Repeat(" ", 3)); got.status != status && mediaType != "text/csv;" {
			t.Errorf("%q: %d %s", mediaType, got.status, got.raw)
		}
	}
	b.want(b.bringIn(object, "?on_conflict=replace", ndjson, "{}"), 400, "on_conflict must be one of error, existing")
	b.want(b.bringIn(object+"x", "", ndjson, "{}"), 404, "Object not found")
	b.want(b.do("POST", object+"/records/import", "{}", "Content-Type", ndjson, "Content-Encoding", "br"), 400, "Content-Encoding must be gzip, or be left out")
	b.want(b.do("POST", object+"/records/import", "{}", "Content-Type", ndjson, "Content-Encoding", "gzip"), 400, "not whole gzip")
	b.want(b.do("POST", object+"/records/import", "", "Content-Type", ndjson, "Content-Encoding", "gzip"), 400, "not whole gzip")
	whole := string(gzipped(t, []byte(`{"email":"cut off"}`)))
	cut := b.do("POST", object+"/records/import", whole[:len(whole)-5], "Content-Type", ndjson, "Content-Encoding", "gzip")
	b.want(cut, 400, "not whole gzip")
	if got := b.want(b.bringIn(object, "", ndjson, ""), 200, ""); got.text("imported", "records") != "0" {
		t.Errorf("nothing: %s", got.raw)
	}
	b.want(b.bringIn(object, "", csv, ""), 400, "first line must name the fields")
	b.want(b.bringIn(object, "", ndjson, `{"email":"`+strings.Repeat("x", 100<<20)+`"}`), 400, "Line 1: the line has more than")
	full := setupOn(t, store.Config{AppRecords: 3})
	object = full.newObject(full.newApp("Shop"))
	full.fill(object)
	over := full.bringIn(object, "", csv, "email\nx\n")
	if over.text("code") != "quota_exceeded" || !strings.HasPrefix(over.text("error"), "Line 2: ") {
		t.Errorf("%d %s", over.status, over.raw)
	}
}

// stream imports NDJSON of whatever length.
func (b *bundle) stream(object string, lines io.Reader) answer {
	b.t.Helper()
	r, err := http.NewRequest("POST", b.base+object+"/records/import", lines)
	check(b.t, err)
	r.Header.Set("X-API-Key", b.key)
	r.Header.Set("Content-Type", ndjson)
	response, err := http.DefaultClient.Do(r)
	check(b.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	check(b.t, err)
	return answer{status: response.StatusCode, raw: raw}
}

// TestTransfer_Large streams more than the limit of other bodies, both ways. The
// other end is never far: neither side waits for all of it, or holds it.
func TestTransfer_Large(t *testing.T) {
	t.Parallel()
	b := setup(t)
	object := b.newObject(b.newApp("Shop"))
	// On their way are those that make a transaction, and what buffers of
	// sockets hold.
	const lines, size, underway = 400, 100_000, 200
	note := strings.Repeat("x", size)
	in, out := io.Pipe()
	go func() {
		for i := range lines {
			for stored, asked := 0, 0; i%50 == 0 && i > stored+underway; asked++ {
				stored, _ = strconv.Atoi(b.count(object))
				if asked == 20_000 {
					out.CloseWithError(errors.New("the host waits for the rest"))
				}
			}
			fmt.Fprintf(out, `{"email":"%d","note":"%s"}`+"\n", i, note)
		}
		out.Close()
	}()
	if made := b.stream(object, in); made.status != 200 || !strings.Contains(string(made.raw), fmt.Sprintf(`"records":%d`, lines)) {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	last := b.want(b.do("POST", object+"/records/query", `{"sort":["-__id"],"limit":1,"fields":[]}`), 200, "").body["records"].([]any)[0].(map[string]any)
	r, err := http.NewRequest("GET", b.base+object+"/records/export?format=csv", nil)
	check(t, err)
	r.Header.Set("X-API-Key", b.key)
	response, err := http.DefaultClient.Do(r)
	check(t, err)
	defer response.Body.Close()
	export := bufio.NewReader(response.Body)
	_, err = export.ReadString('\n')
	check(t, err)
	// It is not in the export, unless that was made all at once.
	b.want(b.do("DELETE", object+"/records/"+last["__id"].(string), ""), 200, "")
	counted := 0
	for {
		line, err := export.ReadString('\n')
		if err == io.EOF {
			break
		}
		check(t, err)
		if len(line) > size {
			counted++
		}
	}
	if counted != lines-1 {
		t.Errorf("%d records were exported, want %d", counted, lines-1)
	}
}

// TestTransfer_Changed changes an object while records come in.
func TestTransfer_Changed(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, b *bundle) {
		const held = 500 // what an import has in hand
		during := func(object string, change func()) answer {
			in, out := io.Pipe()
			go func() {
				for range held {
					fmt.Fprintf(out, "{\"email\":\"%s\"}\n", host.NewID())
				}
				for b.count(object) != fmt.Sprint(held) { // it began before the change
				}
				change()
				fmt.Fprintln(out, `{"email":"late","phone":"1"}`)
				fmt.Fprintln(out, `{"email":"later","phone":"1"}`)
				out.Close()
			}()
			return b.stream(object, in)
		}
		object := b.newObject(b.newApp("Shop"))
		got := during(object, func() { b.want(b.do("PATCH", object, `{"unique_fields":["email","phone"]}`), 200, "") })
		if got.status != 409 || !strings.Contains(string(got.raw), "Line 502: phone is already taken by another record; records stored before: 501") {
			t.Errorf("%d %s", got.status, got.raw)
		}
		app := b.newApp("Other")
		object = b.newObject(app)
		got = during(object, func() {
			b.want(b.do("DELETE", object, ""), 200, "")
			b.newObject(app)
		})
		if got.status != 404 || !strings.Contains(string(got.raw), "Object not found") || b.count(object) != "0" {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
}
