package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// someRecords adds records with every combination of a few values, missing
// ones included.
func (b bundle) someRecords(o *host.Object) {
	var documents []string
	values := []string{"", `"v":null,`, `"v":1,`, `"v":"a",`, `"v":"A",`, `"v":[],`}
	for i, v := range values {
		for j, w := range values {
			document := v + strings.ReplaceAll(w, "v", "w")
			documents = append(documents, `{`+document+fmt.Sprintf(`"i":%d}`, i*10+j))
		}
	}
	b.records(o, documents...)
}

// walk follows the cursors of a query through pages of the given size.
func (b bundle) walk(o *host.Object, query map[string]any, size int) []string {
	b.t.Helper()
	data := []string{}
	query["limit"] = size
	delete(query, "cursor")
	for range 100 {
		raw, err := json.Marshal(query)
		if err != nil {
			b.t.Fatal(err)
		}
		found := b.query(b.ReadRecords(o.AppID), o, string(raw))
		for _, r := range found.Records {
			data = append(data, string(r.Data))
		}
		if found.Cursor == "" {
			return data
		}
		query["cursor"] = found.Cursor
	}
	b.t.Fatal("the cursors have no end")
	return nil
}

var cursorTests = []test{
	{"Walk", func(t *testing.T, b bundle) {
		for _, indexed := range [][]string{nil, {"v", "w"}} {
			o := b.object(b.app(unique("A")), "o", nil, indexed)
			b.someRecords(o)
			for _, sort := range [][]string{{}, {"v"}, {"-v"}, {"v", "w"}, {"v", "-w"}, {"-v", "w"}, {"-v", "-w"}, {"w", "v", "i"}, {"-__id"}, {"v", "-__id"}, {"-v", "__id"},
				{"__created_at", "v"}, {"-__updated_at"}, {"__version", "-v"}, {"nothing"}, {"-nothing", "w"}} {
				for _, filter := range []map[string]any{{}, {"i": map[string]any{">": 11}}} {
					query := map[string]any{"sort": sort, "filter": filter}
					whole := b.walk(o, query, 1000)
					if len(whole) != map[bool]int{true: 36, false: 28}[len(filter) == 0] {
						t.Fatalf("%v: %d records", query, len(whole))
					}
					for _, size := range []int{1, 2, 5, 36} {
						if diff := cmp.Diff(whole, b.walk(o, query, size)); diff != "" {
							t.Errorf("%v, pages of %d: %s", query, size, diff)
						}
					}
				}
			}
		}
	}},
	{"Order", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "o", nil, []string{"v"})
		b.records(o, `{"v":"a"}`, `{"v":[1]}`, `{"v":{}}`, `{"v":2}`, `{"v":"B"}`, `{"v":true}`, `{"v":"A"}`, `{"v":-3}`, `{"v":false}`, `{}`, `{"v":10}`, `{"v":[]}`)
		want := []string{`{}`, `{"v":false}`, `{"v":true}`, `{"v":-3}`, `{"v":2}`, `{"v":10}`, `{"v":"A"}`, `{"v":"a"}`, `{"v":"B"}`, `{"v":[]}`, `{"v":[1]}`, `{"v":{}}`}
		b.wantQuery(o, `{"sort":["v"]}`, want...)
		slices.Reverse(want)
		b.wantQuery(o, `{"sort":["-v"]}`, want...)
		b.wantQuery(o, `{"sort":["-v"],"offset":3,"limit":2}`, want[3:5]...)
		if found := b.query(b.ReadRecords(o.AppID), o, `{"offset":11,"count":true,"limit":5}`); len(found.Records) != 1 || found.Count != 12 || found.Cursor != "" {
			t.Errorf("%+v", found)
		}
		if found := b.query(b.ReadRecords(o.AppID), o, `{"limit":12}`); found.Count != -1 || found.Cursor != "" {
			t.Errorf("%+v", found)
		}
	}},
	{"Changing", func(t *testing.T, b bundle) {
		// What comes and goes meanwhile moves nothing else.
		o := b.object(b.app("A"), "o", nil, nil)
		ids := b.records(o, `{"n":1}`, `{"n":2}`, `{"n":4}`, `{"n":5}`)
		first := b.query(b.ReadRecords(o.AppID), o, `{"sort":["n"],"limit":2}`)
		b.records(o, `{"n":0}`, `{"n":3}`)
		b.transact(o.AppID, func(tx host.RecordTransaction) {
			for _, id := range ids[1:3] {
				if err := tx.DeleteRecord(t.Context(), o, id); err != nil {
					t.Fatal(err)
				}
			}
		})
		b.wantQuery(o, `{"sort":["n"],"cursor":"`+first.Cursor+`"}`, `{"n":3}`, `{"n":5}`)
	}},
	{"LongValues", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "o", nil, nil)
		long := strings.Repeat("é\\u0000", 1500)
		b.records(o, `{"n":"`+long+`b"}`, `{"n":"`+long+`a"}`, `{"n":"`+long+`"}`)
		if got := b.walk(o, map[string]any{"sort": []string{"n"}}, 1); len(got) != 3 || len(got[0]) > len(got[1]) || got[1] > got[2] {
			t.Errorf("%d records", len(got))
		}
		longest := b.records(o, `{"m":"`+strings.Repeat(long, 20)+`"}`)[0]
		_, err := b.ReadRecords(o.AppID).QueryRecords(t.Context(), o, &host.Query{Sort: []host.Sort{{Path: host.Path{"m"}, Descending: true}}, Limit: 1})
		wantError(t, err, host.CodeInvalid, "sort: the values of the record "+longest+" are too long to go on behind it")
	}},
	{"Foreign", func(t *testing.T, b bundle) {
		app := b.app("A")
		o, sibling := b.object(app, "o", nil, nil), b.object(app, "p", nil, nil)
		other := b.object(b.app("B"), "o", nil, nil)
		for _, object := range []*host.Object{o, sibling, other} {
			b.records(object, `{"n":1}`, `{"n":2}`)
		}
		cursor := b.query(b.ReadRecords(app.ID), o, `{"filter":{"n":{">":0}},"sort":["n"],"limit":1}`).Cursor
		b.wantQuery(o, `{"filter":{"n":{">":0}},"sort":["n"],"limit":7,"count":true,"fields":["n"],"cursor":"`+cursor+`"}`, `{"n":2}`)
		refused := func(o *host.Object, raw, cursor string) {
			t.Helper()
			q, err := host.ParseQuery(json.RawMessage(raw))
			if err != nil {
				t.Fatal(err)
			}
			q.Cursor = cursor
			_, err = b.ReadRecords(o.AppID).QueryRecords(t.Context(), o, q)
			wantError(t, err, host.CodeInvalid, "cursor: it is not of this query; filter and sort must be the same")
		}
		same := `{"filter":{"n":{">":0}},"sort":["n"]}`
		refused(sibling, same, cursor)
		refused(other, same, cursor)
		for _, raw := range []string{`{}`, `{"filter":{"n":{">":1}},"sort":["n"]}`, `{"filter":{"n":{">":0}},"sort":["-n"]}`, `{"filter":{"n":{">":0}},"sort":["n","m"]}`, `{"filter":{"n":{">":0}}}`} {
			refused(o, raw, cursor)
		}
		for _, text := range []string{"x", "\x00", "=", cursor[:len(cursor)-2], cursor + "AA", strings.Replace(cursor, cursor[20:21], "-", 1), "!"} {
			refused(o, same, text)
		}
	}},
}
