package host_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

const someID = "01938e5a-0000-7000-8000-000000000001"

func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

func TestParseDocument(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct{ id, doc string }{
		`{}`:                              {"", `{}`},
		` {"b" : 1.50, "a":[ null,true]}`: {"", `{"a":[null,true],"b":1.50}`},
		`{"a":1,"a":{"c":1,"b":-0}}`:      {"", `{"a":{"b":-0,"c":1}}`},
		`{"c":1,"a":2,"c":3,"b":4,"a":5}`: {"", `{"a":5,"b":4,"c":3}`},
		`{"b":[{"z":1,"y":[{"b":1,"a":2}]}],"__version":1,"a":{"\u0062":1,"a":2}}`:               {"", `{"a":{"a":2,"b":1},"b":[{"y":[{"a":2,"b":1}],"z":1}]}`},
		`{"__id":"` + someID + `","__version":7,"__created_at":{},"__updated_at":"x","a":1e300}`: {someID, `{"a":1e300}`},
		`{"__id":null,"":"","a":{"__b":1}}`:                                                      {"", `{"":"","a":{"__b":1}}`},
		`{"a":"\u0000\n\u003c\"\\\u2028é\ud83d\ude00"}`:                                          {"", "{\"a\":\"\\u0000\\u000a<\\\"\\\\\u2028é😀\"}"},
		`{"a":"\ud800"}`: {"", "{\"a\":\"\ufffd\"}"},
		nested(16):       {"", nested(16)},
	} {
		id, doc, err := host.ParseDocument(json.RawMessage(raw))
		if err != nil || id != want.id || string(doc) != want.doc {
			t.Errorf("ParseDocument(%s) = %q, %s, %v; want %q, %s", raw, id, doc, err, want.id, want.doc)
		}
	}
}

// FuzzParseDocument: a document holds what was sent, in order, and is stored as it
// is when it is sent again.
func FuzzParseDocument(f *testing.F) {
	for _, seed := range []string{`{}`, `{"b":1,"a":[{"d":null,"c":"x"},[]],"b":{}}`, `{"__id":"` + someID + `","é":"\ud800\n"}`, `{"a\"":-1.5e3,"__version":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, doc, err := host.ParseDocument(raw)
		if err != nil {
			return
		}
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{host.FieldID, host.FieldCreatedAt, host.FieldUpdatedAt, host.FieldVersion} {
			delete(want, name)
		}
		if !host.ValidJSON(doc) || !ordered(host.ReadJSON(doc)) {
			t.Fatalf("ParseDocument(%q) = %q", raw, doc)
		}
		if got := host.ReadJSON(doc).Decode(); !reflect.DeepEqual(got, any(want)) {
			t.Errorf("ParseDocument(%q) = %q, want %v", raw, doc, want)
		}
		if _, again, err := host.ParseDocument(doc); err != nil || string(again) != string(doc) {
			t.Errorf("ParseDocument(%q) = %q, %v", doc, again, err)
		}
	})
}

// ordered reports whether the members of all objects of a value are sorted, each
// there once.
func ordered(r *host.JSONReader) bool {
	switch r.Kind() {
	case '{':
		before := ""
		for first := true; r.More(); first = false {
			name := r.Name()
			if !first && name <= before || !ordered(r) {
				return false
			}
			before = name
		}
	case '[':
		for r.More() {
			if !ordered(r) {
				return false
			}
		}
	default:
		r.Value()
	}
	return true
}

func TestParseDocument_Errors(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		``:                 "the record must be valid JSON",
		`{} {}`:            "the record must be one JSON value",
		`[]`:               "the record must be a JSON object",
		`null`:             "the record must be a JSON object",
		"{\"a\":\"\xff\"}": "the record must be valid UTF-8",
		`{"__other":1}`:    "__other: names that begin with __ are reserved",
		`{"__id":"x"}`:     "__id must be a UUID in lower case",
		`{"__id":5}`:       "__id must be a UUID in lower case",
		`{"a":[1e401]}`:    "a: a number may have 400 characters and an exponent of 400",
		nested(17):         "the record has more than 16 objects and lists within one another",
		`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`: "the record has more than 16 objects and lists within one another",
		`{"` + strings.Repeat("n", 201) + `":1}`:                          `the name "` + strings.Repeat("n", 98) + ` has more than 200 bytes`,
		`{"a":"` + strings.Repeat("x", 1<<20) + `"}`:                      "the record has 1048584 bytes; at most 1048576 are allowed",
	} {
		_, _, err := host.ParseDocument(json.RawMessage(raw))
		if e := host.AsError(err); err == nil || e.Code != host.CodeInvalid || !strings.HasPrefix(e.Message, want[:min(len(want), 60)]) {
			t.Errorf("ParseDocument(%.80s): %v, want %s", raw, err, want)
		}
	}
}

func TestRecord_AppendJSON(t *testing.T) {
	t.Parallel()
	r := &host.Record{ID: someID, CreatedAt: host.FromMillis(1), UpdatedAt: host.FromMillis(2), Version: 3,
		Data: json.RawMessage(`{"a":{"b":1.0,"c":[{"d":1}],"e":null},"f.g":"x"}`)}
	const system = `"__id":"` + someID + `"`
	all := `{` + system + `,"__created_at":"1970-01-01T00:00:00.001Z","__updated_at":"1970-01-01T00:00:00.002Z","__version":3`
	if got, err := json.Marshal(r); err != nil || string(got) != all+`,"a":{"b":1.0,"c":[{"d":1}],"e":null},"f.g":"x"}` {
		t.Errorf("whole: %s, %v", got, err)
	}
	for fields, want := range map[string]string{
		``:                   `{` + system + `}`,
		`__id`:               `{` + system + `}`,
		`__version,a.e`:      `{` + system + `,"__version":3,"a":{"e":null}}`,
		`a.b,a.c,nothing`:    `{` + system + `,"a":{"b":1.0,"c":[{"d":1}]}}`,
		`a.b,a`:              `{` + system + `,"a":{"b":1.0,"c":[{"d":1}],"e":null}}`,
		`a,a.b`:              `{` + system + `,"a":{"b":1.0,"c":[{"d":1}],"e":null}}`,
		`a.c.d,a.b.x,f.g`:    `{` + system + `}`,
		`f\.g`:               `{` + system + `,"f.g":"x"}`,
		`__updated_at,a.z.b`: `{` + system + `,"__updated_at":"1970-01-01T00:00:00.002Z"}`,
	} {
		paths := []host.Path{}
		for field := range strings.SplitSeq(fields, ",") {
			if path, err := host.ParsePath(field); err == nil {
				paths = append(paths, path)
			}
		}
		if got := string(r.AppendJSON(nil, paths)); got != want {
			t.Errorf("%q: %s, want %s", fields, got, want)
		}
	}
	empty := &host.Record{ID: someID, Version: 1, CreatedAt: host.FromMillis(1), UpdatedAt: host.FromMillis(1), Data: json.RawMessage(`{}`)}
	if got, err := json.Marshal(empty); err != nil || !json.Valid(got) {
		t.Errorf("empty: %s, %v", got, err)
	}
}
