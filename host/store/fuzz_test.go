package store_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// decode decodes JSON as the parser of documents does, nil for what is not
// valid or not modest.
func decode(raw string) (value any, ok bool) {
	_, document, err := host.ParseDocument(json.RawMessage(`{"v":` + raw + `}`))
	if err != nil {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(string(document)))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		panic(err)
	}
	return members["v"], true
}

// FuzzTerm holds the order of terms against the order of the values.
func FuzzTerm(f *testing.F) {
	for i, number := range hostileNumbers {
		f.Add(number, hostileNumbers[(i+1)%len(hostileNumbers)])
		f.Add("-"+strings.TrimPrefix(number, "-"), "-1.2")
	}
	quoted := func(s string) string { return string(host.AppendText(nil, s)) }
	for i, text := range hostileTexts {
		next := hostileTexts[(i+1)%len(hostileTexts)]
		f.Add(quoted(text), quoted(next))
		f.Add("["+quoted(text)+"]", "["+quoted(text+next)+"]")
		f.Add("["+quoted(text)+",[1,{}]]", "["+quoted(text)+",[1.0,{}]]")
	}
	f.Add("-12", "-12.5")
	f.Add(`[null,true,"a\u0001"]`, `[null,true,"A"]`)
	f.Add(`{"a":[1]}`, `null`)
	f.Fuzz(func(t *testing.T, a, b string) {
		x, ok := decode(a)
		y, okToo := decode(b)
		if !ok || !okToo || isObject(x) || isObject(y) {
			return
		}
		p, q := store.Term(x), store.Term(y)
		if strings.ContainsRune(p, 0) || !utf8.ValidString(p) {
			t.Fatalf("%s has the term %q", a, p)
		}
		if naiveSame(x, y) != (p == q) {
			t.Errorf("%s and %s have the terms %q and %q", a, b, p, q)
		}
		if order, known := naiveCompare(x, y); known && order != strings.Compare(p, q) {
			t.Errorf("%s and %s compare as %d, their terms %q and %q do not", a, b, order, p, q)
		}
		text, isText := x.(string)
		other, isTextToo := y.(string)
		if isText && isTextToo && strings.EqualFold(text, other) != strings.HasPrefix(q, store.Folded(text)) {
			t.Errorf("%s and %s fold to %q and %q", a, b, p, q)
		}
	})
}

// FuzzFilter holds what the parser admits of any bytes against the database:
// the statement is valid, and finds what the naive reading finds.
func FuzzFilter(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(string(host.AppendText(nil, name)), `{"a":{"b":[1,"x"]}}`)
		f.Add(`{`+string(host.AppendText(nil, name))+`:{"~=":["A",["a",1]]}}`, `{"a":"A"}`)
	}
	for _, alias := range aliases {
		f.Add(`{"a.b":{"`+alias+`":"x"},"NOT":{"a.b":{"`+alias+`":[1,["x"]]}}}`, `{"a":{"b":[1,"x",["y"]]}}`)
	}
	f.Add(`{"OR":[{"__id":"x\u0000"},{"__version":{"<=":9223372036854775807}},{"__created_at":{"<":"0001-01-01T00:00:00.0001Z"}}]}`, `{}`)
	f.Add(strings.Repeat(`{"NOT":`, 15)+`{"OR":[`+strings.TrimSuffix(strings.Repeat(`{"a":{"subset":[[1],[2]]}},`, 100), ",")+`]}`+strings.Repeat(`}`, 15), `{"a":[1]}`)
	f.Add(`{"a":{"like":[`+strings.TrimSuffix(strings.Repeat(`"x",`, 990), ",")+`]}}`, `{"a":"yx"}`)
	db, err := store.Open(f.Context(), store.Config{Dir: f.TempDir(), Sealer: newSealer(f)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	app := newApp(f, db, newOrganization(f, db))
	object := host.NewObject(app.ID)
	object.Name = "o"
	if err := db.CreateObject(f.Context(), object); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, filter, document string) {
		parsed, err := host.ParseFilter(json.RawMessage(filter))
		if err != nil {
			if host.CodeOf(err) != host.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		_, data, err := host.ParseDocument(json.RawMessage(document))
		if err != nil {
			return
		}
		value, _ := decode(string(data))
		tx, err := db.BeginRecords(t.Context(), app.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		r := &host.Record{ID: host.NewID(), CreatedAt: host.FromMillis(1), UpdatedAt: host.FromMillis(1), Version: 1, Data: data}
		if err := tx.InsertRecord(t.Context(), object, r); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		found, err := tx.QueryRecords(t.Context(), object, &host.Query{Filter: parsed})
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		if strings.Contains(filter, "__") {
			return // times and versions are compared as texts by the naive reading
		}
		if want := naiveMatch(parsed, r, value.(map[string]any)); want != (len(found.Records) == 1) {
			t.Errorf("%s finds %s: %v, want %v", filter, data, !want, want)
		}
	})
}

// FuzzTerms holds what is stored of a document against the terms of its values,
// one after the other.
func FuzzTerms(f *testing.F) {
	for i, name := range hostileNames {
		quoted := string(host.AppendText(nil, name))
		f.Add(`{`+quoted+`:{"b":[1,{"c":null}],"c":{}},"d":null,"e":`+hostileNumbers[i%len(hostileNumbers)]+`,"f":true}`, name)
		f.Add(`{"a":{`+quoted+`:`+string(host.AppendText(nil, hostileTexts[i]))+`}}`, "a")
	}
	f.Add(" {\n\"a\" : [ 1 , \"}\\\"]\" ] , \"b\" : false\t} ", "b")
	f.Fuzz(func(t *testing.T, raw, name string) {
		_, document, err := host.ParseDocument(json.RawMessage(raw))
		if err != nil {
			return
		}
		value, _ := decode(string(document))
		var wide bytes.Buffer
		if err := json.Indent(&wide, document, "\r", " \t"); err != nil {
			t.Fatal(err)
		}
		for _, written := range []string{string(document), wide.String()} {
			terms, err := store.Terms([]byte(written))
			if err != nil {
				t.Fatal(err)
			}
			var got any
			if err := json.Unmarshal([]byte(terms), &got); err != nil {
				t.Fatalf("%s: %v", terms, err)
			}
			if want := termsOf(value); !naiveSame(got, want) {
				t.Errorf("%s has the terms %s, want %v", written, terms, want)
			}
		}
		want := value.(map[string]any)[name]
		term, object := store.FieldTerm(document, name)
		if object != isObject(want) || !object && want != nil && term != store.Term(want) || want == nil && term != "" {
			t.Errorf("%s of %s is %q, %v", name, document, term, object)
		}
	})
}

// termsOf replaces the values of a document by their terms.
func termsOf(value any) any {
	members, ok := value.(map[string]any)
	if !ok {
		return store.Term(value)
	}
	terms := map[string]any{}
	for name, member := range members {
		if member != nil {
			terms[store.EscapeName(name)] = termsOf(member)
		}
	}
	return terms
}
