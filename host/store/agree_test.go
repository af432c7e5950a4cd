package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// Names, numbers and texts that have been trouble somewhere.
var (
	hostileNames   = []string{"a", "b", "A", "", "a.b", `"`, "'", "$", "$.a", "[0]", "0", "-1", "#", "%", "%25", `\`, "a b", "é", "😀", "\x00", "\u2028", "->>", "?", ":a", "$1", "_", "-"}
	hostileNumbers = []string{"0", "-0", "0.0", "-0e5", "1", "1.0", "10e-1", "0.1E+1", "-1", "-1.5", "-1.25", "1.5", "2", "10", "9", "0.1", "0.10", "0.01", "1e300", "-1e300", "1e-300", "-1e-300", "1e400", "1e-400",
		"9007199254740992", "9007199254740993", "-9007199254740993", "123456789012345678901234567890", strings.Repeat("9", 400), "-" + strings.Repeat("9", 399), "0." + strings.Repeat("0", 390) + "1"}
	hostileTexts = []string{"", "a", "A", "ab", "AB", "aB", "b", "B", "ba", "ß", "ẞ", "ss", "s", "S", "ſ", "k", "K", "\u212a", "é", "É", "e\u0301", "E\u0301", "i", "I", "ı", "İ", "σ", "ς", "Σ", "ǅ", "Ǆ", "ǆ", "😀", "😁", "\U0010ffff", "\uffff",
		"\x00", "\x01", "\x02", "\x03", "\x04", "\x05", "\x06", "\x07", "\x08", "\x1f", "\x7f", "a\x00", "a\x00b", "a\x01", "\x05\x05", "\x04\x05\x05", "3", "2", "4", "null", "true", "1", "{}", "[1]", "%", "_", "a%", "'", `"`, `\`, "\u2028", " ", "  ",
		"2026-01-01T00:00:00.000Z", "2026-01-01", "2025-12-31T23:59:59Z", strings.Repeat("long ", 100)}
)

// words are the few names and values that one case is made of, so that they
// meet.
type words struct {
	*rapid.T
	names, fields, numbers, texts []string
}

func drawWords(t *rapid.T) *words {
	some := func(what string, of []string, least, most int) []string {
		return rapid.SliceOfN(rapid.SampledFrom(of), least, most).Draw(t, what)
	}
	w := &words{t, some("names", hostileNames, 1, 3), nil, some("numbers", hostileNumbers, 1, 5), some("texts", hostileTexts, 1, 6)}
	w.names = append(w.names, "a")
	w.fields = slices.DeleteFunc(slices.Clone(w.names), func(name string) bool { return name == "" }) // no path leads there
	return w
}

// one draws one of some weighted choices: "xxy" is x twice as often as y.
func (w *words) one(what, choices string) byte {
	return rapid.SampledFrom([]byte(choices)).Draw(w.T, what)
}

func (w *words) of(list []string) string { return rapid.SampledFrom(list).Draw(w.T, "word") }

func (w *words) text() string {
	if w.one("joined", "nny") == 'y' {
		return w.of(w.texts) + w.of(w.texts)
	}
	return w.of(w.texts)
}

// value draws a decoded JSON value with depth lists and objects at most.
func (w *words) value(depth int) any {
	switch kind := w.one("kind", "0bnnnttttlllldd"); {
	case kind == '0':
		return nil
	case kind == 'b':
		return rapid.Bool().Draw(w.T, "bool")
	case kind == 'n':
		return json.Number(w.of(w.numbers))
	case kind == 't' || depth == 0:
		return w.text()
	case kind == 'l':
		list := []any{}
		for range rapid.IntRange(0, 4).Draw(w.T, "length") {
			list = append(list, w.value(depth-1))
		}
		return list
	}
	return w.document(depth - 1)
}

func (w *words) document(depth int) map[string]any {
	document := map[string]any{}
	for range rapid.IntRange(0, 6).Draw(w.T, "members") {
		document[w.of(w.names)] = w.value(depth)
	}
	return document
}

// field draws the path of a field as clients write it.
func (w *words) field() string {
	path := host.Path{}
	for range w.one("length", "\x01\x01\x01\x01\x01\x02\x02\x03") {
		path = append(path, w.of(w.fields))
	}
	return path.String()
}

var aliases = strings.Fields(`anyOf = in insensitiveAnyOf ~= iEquals noneOf != !eq like lessThan < lessThanOrEqual <= greaterThan > greaterThanOrEqual >=
	intersects ∩ supersetOf ⊇ overlap subsetOf ⊆ overlappedBy containsAnyOf ∈ containsAllOf containsAll containsNoneOf ∉`)

// filter draws a filter as clients write it. Often its values come from a
// document, so that something matches. Not all filters are valid.
func (w *words) filter(documents []map[string]any, depth int) map[string]any {
	kinds := "aoncccccvvv"
	if depth == 0 {
		kinds = "cv"
	}
	filter := map[string]any{}
	for range w.one("conditions", "\x01\x01\x02") {
		switch kind := w.one("member", kinds); kind {
		case 'a', 'o':
			list := []any{}
			for range w.one("filters", "\x00\x01\x02\x02\x02\x03") {
				list = append(list, w.filter(documents, depth-1))
			}
			filter[map[byte]string{'a': "AND", 'o': "OR"}[kind]] = list
		case 'n':
			filter["NOT"] = w.filter(documents, depth-1)
		default:
			field := w.field()
			value := w.operand(documents, field)
			if kind == 'c' && !isObject(value) {
				value = map[string]any{w.of(aliases): value}
			}
			filter[field] = value
		}
	}
	return filter
}

func (w *words) operand(documents []map[string]any, field string) any {
	if w.one("fresh", "ynn") == 'y' {
		return w.value(2)
	}
	path, err := host.ParsePath(field)
	if err != nil {
		panic(err)
	}
	value := naiveValue(path, &host.Record{}, rapid.SampledFrom(documents).Draw(w.T, "like"))
	switch w.one("form", "allpppv") {
	case 'a':
		return []any{value, w.value(1)}
	case 'l':
		if list, ok := value.([]any); ok && len(list) > 0 {
			return list[:rapid.IntRange(0, len(list)).Draw(w.T, "some")]
		}
	case 'p':
		if value == nil {
			return w.value(2)
		}
		if text, ok := value.(string); ok {
			runes := []rune(text)
			return string(runes[rapid.IntRange(0, len(runes)).Draw(w.T, "from"):])
		}
	}
	return value
}

// query draws a query, nil if it is not valid.
func (w *words) query(documents []map[string]any) (raw []byte, q *host.Query) {
	query := map[string]any{"filter": w.filter(documents, 3), "count": true, "limit": w.one("limit", "\x01\x02\x03\x07d")}
	sorts := []string{}
	for range w.one("sorts", "\x00\x01\x01\x02\x03") {
		field := strings.Replace(w.field(), "-", `\-`, 1)
		if w.one("system", "ynnn") == 'y' {
			field = w.of([]string{"__id", "__created_at", "__updated_at", "__version"})
		}
		sorts = append(sorts, w.of([]string{"", "-"})+field)
	}
	query["sort"] = sorts
	raw, err := json.Marshal(query)
	if err != nil {
		w.Fatal(err)
	}
	q, err = host.ParseQuery(raw)
	if err != nil && host.CodeOf(err) != host.CodeInvalid {
		w.Fatal(err)
	}
	return raw, q
}

// TestRecords_Agree holds both databases against the naive reading of the query
// language: the same records, each once, in an order that is right, on pages of
// any size, with and without indexes.
func TestRecords_Agree(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		plain, indexed := host.NewObject(app.ID), host.NewObject(app.ID)
		plain.Name, indexed.Name = "plain", "indexed"
		for _, name := range hostileNames[:14] {
			if name != "" {
				indexed.IndexedFields = append(indexed.IndexedFields, host.Path{name}.String())
			}
		}
		indexed.IndexedFields = append(indexed.IndexedFields, "a.b.a")
		for _, o := range []*host.Object{plain, indexed} {
			if err := db.CreateObject(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		rapid.Check(t, func(rt *rapid.T) {
			tx, err := db.BeginRecords(t.Context(), app.ID)
			if err != nil {
				rt.Fatal(err)
			}
			defer tx.Rollback()
			words := drawWords(rt)
			w := &world{T: rt, tx: tx, object: rapid.SampledFrom([]*host.Object{plain, indexed}).Draw(rt, "object")}
			for i := range rapid.IntRange(1, 12).Draw(rt, "records") {
				w.insert(t, i, words.document(3))
			}
			for range 12 {
				if query, q := words.query(w.documents); q != nil {
					w.check(t, query, q)
				}
			}
		})
	})
}

// world is some records and what is known of them.
type world struct {
	*rapid.T
	tx        host.RecordTransaction
	object    *host.Object
	records   []*host.Record
	documents []map[string]any
}

func (w *world) insert(t *testing.T, i int, document map[string]any) {
	raw, err := json.Marshal(document)
	if err != nil {
		w.Fatal(err)
	}
	_, data, err := host.ParseDocument(raw)
	if err != nil {
		w.Fatal(err)
	}
	at := host.FromMillis(int64(1 + i/3))
	r := &host.Record{ID: host.NewID(), CreatedAt: at, UpdatedAt: host.FromMillis(int64(1 + i%4)), Version: int64(1 + i%2), Data: data}
	if err := w.tx.InsertRecord(t.Context(), w.object, r); err != nil {
		if host.CodeOf(err) == host.CodeInvalid && strings.Contains(err.Error(), "indexed field") {
			return
		}
		w.Fatal(err)
	}
	w.records, w.documents = append(w.records, r), append(w.documents, document)
}

// check walks through the pages of a query.
func (w *world) check(t *testing.T, query []byte, q *host.Query) {
	want := map[string]int{}
	for i, r := range w.records {
		if naiveMatch(q.Filter, r, w.documents[i]) {
			want[r.ID] = i
		}
	}
	var got []int
	for {
		found, err := w.tx.QueryRecords(t.Context(), w.object, q)
		if err != nil {
			w.Fatalf("%s: %v", query, err)
		}
		if found.Count != len(want) {
			w.Fatalf("%s: count %d, want %d\n%s", query, found.Count, len(want), w.describe())
		}
		if len(found.Records) > q.Limit || found.Cursor != "" && len(found.Records) < q.Limit {
			w.Fatalf("%s: a page of %d records, then %q", query, len(found.Records), found.Cursor)
		}
		for _, r := range found.Records {
			i, ok := want[r.ID]
			if !ok || slices.Contains(got, i) {
				w.Fatalf("%s: found %s, which it must not, or twice\n%s", query, r.Data, w.describe())
			}
			got = append(got, i)
		}
		if q.Cursor = found.Cursor; q.Cursor == "" {
			break
		}
	}
	if len(got) != len(want) {
		w.Fatalf("%s: found %v of %v\n%s", query, got, want, w.describe())
	}
	for i := 1; i < len(got); i++ {
		if !w.inOrder(q.Sort, got[i-1], got[i]) {
			w.Fatalf("%s: %v: %s stands before %s", query, got, w.records[got[i-1]].Data, w.records[got[i]].Data)
		}
	}
}

// inOrder tells whether record a may stand before b.
func (w *world) inOrder(sorts []host.Sort, a, b int) bool {
	descending := false
	for _, sort := range sorts {
		descending = sort.Descending
		order, known := naiveCompare(naiveValue(sort.Path, w.records[a], w.documents[a]), naiveValue(sort.Path, w.records[b], w.documents[b]))
		if !known {
			return true
		}
		if order != 0 {
			return order < 0 != descending
		}
	}
	return w.records[a].ID < w.records[b].ID != descending
}

func (w *world) describe() string {
	var b strings.Builder
	for i, r := range w.records {
		fmt.Fprintf(&b, "%d: %s\n", i, r.Data)
	}
	return b.String()
}
