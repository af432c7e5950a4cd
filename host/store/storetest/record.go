package storetest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// newRecord is a record of the document as a client would write it.
func (b bundle) newRecord(document string) *host.Record {
	b.t.Helper()
	id, data, err := host.ParseDocument(json.RawMessage(document))
	if err != nil {
		b.t.Fatal(err)
	}
	if id == "" {
		id = host.NewID()
	}
	now := host.Now()
	return &host.Record{ID: id, CreatedAt: now, UpdatedAt: now, Version: 1, Data: data}
}

// begin starts a transaction that ends with the test at the latest.
func (b bundle) begin(appID string) host.RecordTransaction {
	b.t.Helper()
	tx, err := b.BeginRecords(b.t.Context(), appID)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

// records adds records and returns their ids.
func (b bundle) records(o *host.Object, documents ...string) (ids []string) {
	b.t.Helper()
	b.transact(o.AppID, func(tx host.RecordTransaction) {
		for _, document := range documents {
			r := b.newRecord(document)
			if err := tx.InsertRecord(b.t.Context(), o, r); err != nil {
				b.t.Fatal(err)
			}
			ids = append(ids, r.ID)
		}
	})
	return ids
}

// transact commits what fn writes.
func (b bundle) transact(appID string, fn func(host.RecordTransaction)) {
	b.t.Helper()
	tx := b.begin(appID)
	fn(tx)
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

// query runs a query as clients write it.
func (b bundle) query(records host.RecordReader, o *host.Object, raw string) *host.Found {
	b.t.Helper()
	q, err := host.ParseQuery(json.RawMessage(raw))
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := records.QueryRecords(b.t.Context(), o, q)
	if err != nil {
		b.t.Fatalf("%s: %v", raw, err)
	}
	return found
}

// wantQuery checks the documents that a query finds, in order.
func (b bundle) wantQuery(o *host.Object, raw string, documents ...string) {
	b.t.Helper()
	got := []string{}
	for _, r := range b.query(b.ReadRecords(o.AppID), o, raw).Records {
		got = append(got, string(r.Data))
	}
	if diff := cmp.Diff(append([]string{}, documents...), got); diff != "" {
		b.t.Errorf("%s: %s", raw, diff)
	}
}

// wantTaken checks that err tells which record has the value of a field.
func wantTaken(t *testing.T, err error, field, id string) {
	t.Helper()
	wantError(t, err, host.CodeConflict, field+" is already taken by another record")
	if diff := cmp.Diff(host.Taken{Field: field, ID: id}, host.AsError(err).Details); diff != "" {
		t.Error(diff)
	}
}

var recordTests = []test{
	{"InsertAndRead", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "orders", nil, nil)
		long := strings.Repeat("😀 text\\u0000 ", 50_000)
		for _, document := range []string{`{}`, `{"a":"\u0000\u0001é","b":[1.50,-0,null,{"c":{}}],"":1e300}`, `{"long":"` + long + `"}`} {
			r := b.newRecord(document)
			b.transact(o.AppID, func(tx host.RecordTransaction) {
				if err := tx.InsertRecord(t.Context(), o, r); err != nil {
					t.Fatal(err)
				}
				if got, err := tx.Record(t.Context(), o, r.ID); err != nil || !cmp.Equal(r, got, equalTimes) {
					t.Errorf("before the commit: %v, %v", got, err)
				}
				_, err := b.ReadRecords(o.AppID).Record(t.Context(), o, r.ID)
				wantError(t, err, host.CodeNotFound, "Record not found")
			})
			got, err := b.ReadRecords(o.AppID).Record(t.Context(), o, r.ID)
			if diff := cmp.Diff(r, got, equalTimes); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
		for _, id := range []string{"", "x", "\x00", host.NewID()} {
			_, err := b.ReadRecords(o.AppID).Record(t.Context(), o, id)
			wantError(t, err, host.CodeNotFound, "Record not found")
		}
	}},
	{"InsertTaken", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "orders", []string{"n", "a.b"}, nil)
		ids := b.records(o, `{"n":1,"a":{"b":"x"}}`, `{"n":null}`, `{"a":{}}`, `{}`)
		b.transact(o.AppID, func(tx host.RecordTransaction) {
			insert := func(document string) error { return tx.InsertRecord(t.Context(), o, b.newRecord(document)) }
			wantTaken(t, insert(`{"n":1.0}`), "n", ids[0])
			wantTaken(t, insert(`{"a":{"b":"x"}}`), "a.b", ids[0])
			wantTaken(t, insert(`{"__id":"`+ids[1]+`","n":1}`), "__id", ids[1])
			wantError(t, insert(`{"n":{"a":1}}`), host.CodeInvalid, "n: the value of a unique field must not be an object")
			for _, document := range []string{`{"n":"1"}`, `{"n":[1]}`, `{"n":null,"a":5}`, `{"a":{"b":"X"}}`} {
				if err := insert(document); err != nil {
					t.Errorf("%s: %v", document, err)
				}
			}
		})
		b.wantQuery(o, `{"filter":{"n":["1",[1]]},"sort":["n"]}`, `{"n":"1"}`, `{"n":[1]}`)
	}},
	{"InsertOutdated", func(t *testing.T, b bundle) {
		before := b.object(b.app("A"), "people", nil, nil)
		if _, err := b.UpdateObject(t.Context(), before.AppID, before.Name, func(o *host.Object) error {
			o.UniqueFields = []string{"email"}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		tx := b.begin(before.AppID)
		if err := tx.InsertRecord(t.Context(), before, b.newRecord(`{"email":"a@b.c"}`)); err != nil {
			t.Fatal(err)
		}
		err := tx.InsertRecord(t.Context(), before, b.newRecord(`{"email":"a@b.c"}`))
		if host.CodeOf(err) != host.CodeConflict || !errors.Is(err, host.ErrSerialization) {
			t.Errorf("got %v", err)
		}
		if err := tx.Commit(); err == nil {
			t.Error("half of what was asked for is committed")
		}
	}},
	{"InsertTooLong", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "orders", []string{"n"}, []string{"a.b"})
		tx := b.begin(o.AppID)
		for _, value := range []string{`"` + strings.Repeat("x", 1300) + `"`, `["` + strings.Repeat("x", 1300) + `"]`, `{"c":"` + strings.Repeat("x", 1300) + `"}`} {
			for name, document := range map[string]string{"n": `{"n":` + value + `}`, "a.b": `{"a":{"b":` + value + `}}`} {
				if name == "n" && value[0] == '{' {
					continue // refused anyway
				}
				wantError(t, tx.InsertRecord(t.Context(), o, b.newRecord(document)), host.CodeInvalid, name+": the value of an indexed field may have about 1250 bytes")
			}
		}
		// As long as they may be, with what grows most in a term.
		long, escaped := `"`+strings.Repeat("x", 1240)+`"`, `"`+strings.Repeat(`\u0001`, 410)+`"`
		for _, document := range []string{`{"n":` + long + `}`, `{"n":` + escaped + `}`, `{"a":{"b":` + long + `}}`, `{"a":{"b":` + escaped + `}}`,
			`{"a":{"b":{"c":"` + strings.Repeat(`\u0001`, 30) + `"}}}`, `{"a":{"b":{"c":"` + strings.Repeat("x", 500) + `"}}}`} {
			if err := tx.InsertRecord(t.Context(), o, b.newRecord(document)); err != nil {
				t.Errorf("%.20s: %v", document, err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "orders", []string{"n"}, []string{"a"})
		ids := b.records(o, `{"n":1,"a":"x"}`, `{"n":2}`)
		r := b.newRecord(`{"__id":"` + ids[0] + `","n":1,"a":"y"}`)
		r.CreatedAt, r.UpdatedAt, r.Version = host.FromMillis(5), host.FromMillis(7), 2
		b.transact(o.AppID, func(tx host.RecordTransaction) {
			if err := tx.UpdateRecord(t.Context(), o, r); err != nil {
				t.Fatal(err)
			}
			wantError(t, tx.UpdateRecord(t.Context(), o, r), host.CodeStale, "The record was changed by somebody else")
			r3 := *r
			r3.Version, r3.Data = 3, json.RawMessage(`{"n":2}`)
			wantTaken(t, tx.UpdateRecord(t.Context(), o, &r3), "n", ids[1])
			r3.Version = 4
			wantError(t, tx.UpdateRecord(t.Context(), o, &host.Record{ID: ids[0], Version: 4, Data: json.RawMessage(`{}`)}), host.CodeStale, "")
			wantError(t, tx.UpdateRecord(t.Context(), o, &host.Record{ID: host.NewID(), Version: 2, Data: json.RawMessage(`{}`)}), host.CodeStale, "")
		})
		got, err := b.ReadRecords(o.AppID).Record(t.Context(), o, ids[0])
		if err != nil || got.Version != 2 || got.UpdatedAt != r.UpdatedAt || got.CreatedAt == r.CreatedAt || string(got.Data) != `{"a":"y","n":1}` {
			t.Errorf("%+v, %v", got, err)
		}
		b.wantQuery(o, `{"filter":{"a":"x"}}`)
		b.wantQuery(o, `{"filter":{"a":"y"}}`, `{"a":"y","n":1}`)
	}},
	{"Delete", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "orders", []string{"n"}, nil)
		ids := b.records(o, `{"n":1}`, `{"n":2}`)
		b.transact(o.AppID, func(tx host.RecordTransaction) {
			if err := tx.DeleteRecord(t.Context(), o, ids[0]); err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{ids[0], "x", "\x00"} {
				wantError(t, tx.DeleteRecord(t.Context(), o, id), host.CodeNotFound, "Record not found")
			}
		})
		b.wantQuery(o, `{}`, `{"n":2}`)
		b.records(o, `{"n":1}`)
	}},
	{"OtherApp", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "orders", nil, nil)
		other := b.object(b.app("B"), "orders", nil, nil)
		ids := b.records(o, `{"n":1}`)
		for _, appID := range []string{other.AppID, "", host.NewID()} {
			tx := b.begin(appID)
			for _, r := range []host.RecordReader{b.ReadRecords(appID), tx} {
				_, err := r.Record(t.Context(), o, ids[0])
				wantError(t, err, host.CodeNotFound, "Object not found")
				_, err = r.QueryRecords(t.Context(), o, &host.Query{})
				wantError(t, err, host.CodeNotFound, "Object not found")
			}
			r := b.newRecord(`{}`)
			wantError(t, tx.InsertRecord(t.Context(), o, r), host.CodeNotFound, "Object not found")
			wantError(t, tx.UpdateRecord(t.Context(), o, r), host.CodeNotFound, "Object not found")
			wantError(t, tx.DeleteRecord(t.Context(), o, ids[0]), host.CodeNotFound, "Object not found")
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
		_, err := b.ReadRecords(other.AppID).Record(t.Context(), other, ids[0])
		wantError(t, err, host.CodeNotFound, "Record not found")
		if err := b.DeleteApp(t.Context(), other.AppID); err != nil {
			t.Fatal(err)
		}
		b.wantQuery(o, `{}`, `{"n":1}`)
	}},
	{"Filter", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "things", nil, nil)
		var documents []string
		for _, value := range filterValues {
			documents = append(documents, `{"v":`+value+`}`)
		}
		b.records(o, append([]string{`{"other":1}`}, documents...)...)
		for filter, want := range filterCases {
			got := []string{}
			for _, r := range b.query(b.ReadRecords(o.AppID), o, `{"sort":["__id"],"filter":`+filter+`}`).Records {
				got = append(got, strings.TrimSuffix(strings.TrimPrefix(string(r.Data), `{"v":`), `}`))
			}
			if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
				t.Errorf("%s: %s", filter, diff)
			}
		}
	}},
}

// filterValues are what the records of filterCases have for v, beside one that
// has none.
var filterValues = []string{`null`, `true`, `-123`, `-12.5`, `-12`, `0`, `1.0`, `10`, `1e300`, `"Ab"`, `"abc"`, `"Straße"`, `"x\u0001y"`, `"x\u0005"`, `[]`, `["a",1,"A"]`, `["a",["b"]]`, `{"w":1}`}

// filterCases tell which values a filter finds.
var filterCases = map[string]string{
	`{"v":null}`:                                                `{"other":1 null`,
	`{"v":{"!=":[null,1,"Ab"]}}`:                                `true -123 -12.5 -12 0 10 1e300 "abc" "Straße" "x\u0001y" "x\u0005" [] ["a",1,"A"] ["a",["b"]] {"w":1}`,
	`{"v":[1,"Ab",-12.0]}`:                                      `-12 1.0 "Ab"`,
	`{"v":["a",1.00,"A"]}`:                                      `1.0 ["a",1,"A"]`,
	`{"v":{"<":0}}`:                                             `-123 -12.5 -12`,
	`{"v":{"<":-12}}`:                                           `-123 -12.5`,
	`{"v":{">=":-12.5,"<=":1}}`:                                 `-12.5 -12 0 1.0`,
	`{"v":{">":1}}`:                                             `10 1e300`,
	`{"v":{">":"ab"}}`:                                          `"abc" "Straße" "x\u0001y" "x\u0005"`,
	`{"v":{"<=":"Ab"}}`:                                         `"Ab"`,
	`{"v":{"<":"X\u0002"}}`:                                     `"Ab" "abc" "Straße" "x\u0001y"`,
	`{"v":{"~=":"aB"}}`:                                         `"Ab"`,
	`{"v":{"~=":["STRAẞE","X\u0005"]}}`:                         `"Straße" "x\u0005"`,
	`{"v":{"~=":["A","a","a",1]}}`:                              `1.0 ["a",1,"A"]`,
	`{"v":{"like":"b"}}`:                                        `"Ab" "abc"`,
	`{"v":{"like":["B","\u0001"]}}`:                             `"x\u0001y"`,
	`{"v":{"like":"\u0005"}}`:                                   `"x\u0005"`,
	`{"v":{"like":"AB"}}`:                                       ``,
	`{"v":{"intersects":["A",5]}}`:                              `["a",1,"A"]`,
	`{"v":{"intersects":[["x"],["a"]]}}`:                        `["a",1,"A"] ["a",["b"]]`,
	`{"v":{"supersetOf":["a",["b"]]}}`:                          `["a",["b"]]`,
	`{"v":{"supersetOf":[]}}`:                                   `[] ["a",1,"A"] ["a",["b"]]`,
	`{"v":{"subsetOf":["A","a",2,1]}}`:                          `[] ["a",1,"A"]`,
	`{"v":{"containsAny":["b","A"]}}`:                           `"Ab" "abc" ["a",1,"A"]`,
	`{"v":{"containsAll":["b","A"]}}`:                           `"Ab"`,
	`{"v":{"containsAll":["A",1]}}`:                             `["a",1,"A"]`,
	`{"v":{"∉":["a","A","x"]}}`:                                 `{"other":1 null true -123 -12.5 -12 0 1.0 10 1e300 [] {"w":1}`,
	`{"v.w":1}`:                                                 `{"w":1}`,
	`{"v.w":{"!=":null}}`:                                       `{"w":1}`,
	`{"NOT":{"v":{"<":5}},"v":{"noneOf":null},"v.w":null}`:      `true 10 1e300 "Ab" "abc" "Straße" "x\u0001y" "x\u0005" [] ["a",1,"A"] ["a",["b"]]`,
	`{"OR":[{"v":true},{"AND":[{"v":{">":0}},{"v":{"<":2}}]}]}`: `true 1.0`,
	`{"OR":[]}`:                                                 ``,
}
