package transfer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/transfer"
)

const schema = `{"type":"object","properties":{
	"name":{"type":"string"},"note":{"type":["string","null"]},"price":{"type":"number"},"tags":{"type":"array"},
	"address":{"$ref":"#/$defs/address"}},
	"$defs":{"address":{"type":"object","properties":{"zip":{"type":"string"},"floor":{"type":"integer"}}}}}`

// read reads a stream to its end: the documents, normalised, one on a line.
func read(f transfer.Format, in io.Reader, schema string) (docs string, err error) {
	r := transfer.NewReader(f, in, json.RawMessage(schema))
	for {
		line, err := r.Next()
		if err == io.EOF {
			return docs, nil
		}
		if err != nil {
			return docs, &at{line.Number, err}
		}
		id, doc, err := host.ParseDocument(line.Document)
		if err != nil {
			return docs, &at{line.Number, err}
		}
		if id != "" {
			docs += id + " "
		}
		docs += string(doc) + "\n"
	}
}

type at struct {
	line int
	error
}

func (a *at) Unwrap() error { return a.error }

func TestReader_CSV(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want string }{
		"typed by the schema":     {"name,price,tags\n007,1.50,\"[1,\"\"x\"\"]\"\n", `{"name":"007","price":1.50,"tags":[1,"x"]}`},
		"texts that may be null":  {"note\nnull\n", `{"note":"null"}`},
		"without a type":          {"a,b,c,d,e\n007,42,true,null,\"\"\"42\"\"\"\n", `{"a":"007","b":42,"c":true,"d":null,"e":"42"}`},
		"empty cells are missing": {"name,price,a\n,,1\n", `{"a":1}`},
		"paths":                   {"address.zip,address.floor,a\\.b\n00100,3,x\n", `{"a.b":"x","address":{"floor":3,"zip":"00100"}}`},
		"not what the type says":  {"price\ncheap\n", `{"price":"cheap"}`},
		"byte order mark":         {"\ufeff\"name\"\nAda\n", `{"name":"Ada"}`},
		"carriage returns":        {"name,price\r\nAda,1\r\n", `{"name":"Ada","price":1}`},
		"no last line end":        {"name\nAda", `{"name":"Ada"}`},
		"many lines in a cell":    {"name,a\n\"x\ny\",2\n", "{\"a\":2,\"name\":\"x\\u000ay\"}"},
		"kept by the host":        {"__id,__version,__created_at,name\n01932b7a-0000-7000-8000-000000000000,7,2026-01-01T00:00:00.000Z,Ada\n", `01932b7a-0000-7000-8000-000000000000 {"name":"Ada"}`},
		"others":                  {"name,__other\nAda,\"{\"\"x\"\":{\"\"y\"\":1}}\"\n", `{"name":"Ada","x":{"y":1}}`},
		"nothing":                 {"name\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(transfer.CSV, strings.NewReader(test.in), schema)
			if err != nil || strings.TrimSuffix(got, "\n") != test.want {
				t.Errorf("got %s %v, want %s", got, err, test.want)
			}
		})
	}
}

// TestReader_Faults reads what anybody may send.
func TestReader_Faults(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5<<20)
	for name, test := range map[string]struct {
		format transfer.Format
		in     string
		line   int
		text   string
	}{
		"empty":               {transfer.CSV, "", 1, "first line must name"},
		"ragged":              {transfer.CSV, "a,b\n1,2\n3\n", 3, "has 1 cells, the first line 2"},
		"open quote":          {transfer.CSV, "a,b\n1,2\n3,\"4\n5,6\n", 3, "quote is missing"},
		"endless quote":       {transfer.CSV, "a\n\"x\ny\"\n\"" + long, 4, "more than 4194304 bytes"},
		"bare quote":          {transfer.CSV, "a\nx\"y\n", 2, "must be in quotes"},
		"columns":             {transfer.CSV, strings.Repeat("a,", 100_000) + "a\n", 1, "names 100001 fields"},
		"same column":         {transfer.CSV, "a,b,a\n", 1, "column 3: another column holds a"},
		"column in a column":  {transfer.CSV, "a.b.c,a\n", 1, "column 2: another column holds a"},
		"column around one":   {transfer.CSV, "a,a.b.c\n", 1, "column 2: another column holds a.b.c"},
		"reserved":            {transfer.CSV, "a,__secret\n", 1, "__secret: names that begin with __ are reserved"},
		"reserved, deep":      {transfer.CSV, "a,__id.x\n", 1, "reserved"},
		"no name":             {transfer.CSV, "a,,b\n", 1, "column 2: "},
		"old line ends":       {transfer.CSV, "a,b\r1,2\r", 1, "lines must end with a line feed"},
		"semicolons":          {transfer.CSV, "a;b;c\n1;2;3\n", 1, "separated by commas"},
		"cell not UTF-8":      {transfer.CSV, "a\nok\n\xff\n", 3, "a must be valid UTF-8"},
		"head not UTF-8":      {transfer.CSV, "\xff\n", 1, "UTF-8"},
		"other is no object":  {transfer.CSV, "__other\n[]\n", 2, "__other must be a JSON object"},
		"other has a cell":    {transfer.CSV, "a,__other\n1,\"{\"\"a\"\":2}\"\n", 2, "__other must not hold a"},
		"other is reserved":   {transfer.CSV, "__other\n\"{\"\"__x\"\":2}\"\n", 2, "reserved"},
		"huge number":         {transfer.CSV, "a\n1e99999\n", 2, "exponent"},
		"deep":                {transfer.CSV, "a\n" + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + "\n", 2, "within one another"},
		"line no JSON":        {transfer.NDJSON, "{}\n\n{\n", 3, "valid JSON"},
		"line of two":         {transfer.NDJSON, "{}{}\n", 1, "one JSON value"},
		"line no object":      {transfer.NDJSON, "{}\n[]\n", 2, "JSON object"},
		"long line":           {transfer.NDJSON, "{}\n{\"a\":\"" + long + "\"}\n", 2, "more than 4194304 bytes"},
		"large document":      {transfer.NDJSON, "{\"a\":\"" + long[:3<<19] + "\"}\n", 1, "at most 1048576"},
		"line not UTF-8":      {transfer.NDJSON, "{\"a\":\"\xff\"}\n", 1, "UTF-8"},
		"UTF-16":              {transfer.NDJSON, "\xff\xfe{\x00}\x00", 1, "UTF-8"},
		"reserved name":       {transfer.NDJSON, "{\"__x\":1}\n", 1, "reserved"},
		"id is no UUID":       {transfer.NDJSON, "{\"__id\":\"7\"}\n", 1, "UUID"},
		"byte order mark, in": {transfer.NDJSON, "{}\n\ufeff{}\n", 2, "valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(test.format, strings.NewReader(test.in), schema)
			var where *at
			if !errors.As(err, &where) || where.line != test.line || host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %+v, want line %d: …%s…", where, test.line, test.text)
			}
		})
	}
}

func TestReader_NDJSON(t *testing.T) {
	t.Parallel()
	got, err := read(transfer.NDJSON, strings.NewReader("\ufeff{\"b\":1.10,\"a\":\"x\"}\r\n\n  \t\n{\"__version\":3,\"c\":null}"), "")
	if want := "{\"a\":\"x\",\"b\":1.10}\n{\"c\":null}\n"; err != nil || got != want {
		t.Errorf("got %s %v, want %s", got, err, want)
	}
}

// endless gives the start, then a part over and over, and counts.
type endless struct {
	start, part string
	given       int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.start != "" {
		n := copy(p, e.start)
		e.start = e.start[n:]
		return n, nil
	}
	e.given += len(p)
	for i := range p {
		p[i] = e.part[i%len(e.part)]
	}
	return len(p), nil
}

// TestReader_Endless reads lines that never end, no further than it must.
func TestReader_Endless(t *testing.T) {
	t.Parallel()
	for format, in := range map[transfer.Format]*endless{
		transfer.NDJSON: {start: `{"a":"`, part: "x"},
		transfer.CSV:    {start: "a\n\"", part: "x\n"},
	} {
		if _, err := read(format, in, ""); host.CodeOf(err) != host.CodeInvalid || in.given > 5<<20 {
			t.Errorf("%s: %d bytes were read: %v", format, in.given, err)
		}
	}
}

// TestReader_Stream hands on what is wrong with the stream itself.
func TestReader_Stream(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, format := range []transfer.Format{transfer.CSV, transfer.NDJSON} {
		for _, start := range []string{"", "a\n", "a\n\"x"} {
			if format == transfer.NDJSON {
				start = strings.ReplaceAll(start, "a\n", "{}\n")
			}
			_, err := read(format, io.MultiReader(strings.NewReader(start), failing{broken}), "")
			if !errors.Is(err, broken) {
				t.Errorf("%s after %q: %v", format, start, err)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// record is a stored record of a document.
func record(doc string) *host.Record {
	_, data, err := host.ParseDocument(json.RawMessage(doc))
	if err != nil {
		panic(err)
	}
	return &host.Record{ID: host.NewID(), CreatedAt: host.Now(), UpdatedAt: host.Now(), Version: 3, Data: data}
}

// written is a stream of records.
func written(t interface{ Fatal(...any) }, f transfer.Format, schema string, pages ...[]*host.Record) string {
	var out bytes.Buffer
	w := transfer.NewWriter(f, &out, json.RawMessage(schema))
	for _, page := range pages {
		if err := w.Write(page); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWriter_CSV(t *testing.T) {
	t.Parallel()
	first := record(`{"name":"Ada, \"A\"","price":1.10,"extra":true,"note":null}`)
	second := record(`{"name":"","tags":["x"],"address":{"zip":"1"}}`)
	row := func(r *host.Record, rest string) string {
		return r.ID + "," + r.CreatedAt.String() + "," + r.UpdatedAt.String() + ",3," + rest + "\n"
	}
	got := written(t, transfer.CSV, schema, []*host.Record{first}, []*host.Record{second})
	want := "__id,__created_at,__updated_at,__version,name,note,price,tags,address,__other\n" +
		row(first, `"Ada, ""A""",,1.10,,,"{""extra"":true,""note"":null}"`) +
		row(second, `,,,"[""x""]","{""zip"":""1""}","{""name"":""""}"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	free := written(t, transfer.CSV, "", []*host.Record{record(`{"b":"42","a.b":"x","":1}`)}, []*host.Record{record(`{"c":1}`)})
	if want := ",a\\.b,b,__other\n"; !strings.Contains(free, want) || !strings.Contains(free, `,x,"""42""","{"""":1}"`) || !strings.Contains(free, `,,,"{""c"":1}"`) {
		t.Errorf("without a schema: %s", free)
	}
	if none := written(t, transfer.CSV, ""); none != "__id,__created_at,__updated_at,__version,__other\n" {
		t.Errorf("no records: %q", none)
	}
}

// texts that a cell might be taken for something else by.
var texts = []string{"", " ", "x", "42", "1e5", "null", "true", "{}", "[", `"`, `"x"`, "a,b", "a\nb", "a\r\nb", "\r", "\\.", "=1+1", "\ufeff", "\x00", "ä", "-", "#"}

func drawValue(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case kind == 0:
		return nil
	case kind == 1:
		return rapid.Bool().Draw(t, "bool")
	case kind == 2:
		return json.Number(rapid.SampledFrom([]string{"0", "-1.50", "1e5", "12345678901234567890", "0.1"}).Draw(t, "number"))
	case kind == 3 && depth > 0:
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any { return drawValue(t, depth-1) }), 0, 3).Draw(t, "list")
	case kind == 4 && depth > 0:
		return drawObject(t, depth-1)
	}
	return rapid.OneOf(rapid.SampledFrom(texts), rapid.String()).Draw(t, "text")
}

func drawObject(t *rapid.T, depth int) map[string]any {
	object := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		name := rapid.SampledFrom([]string{"name", "note", "price", "tags", "address", "other", "a.b", "", `\`, "a,b", "\"", "ä\n", "a\r\nb", "x"}).Draw(t, "name")
		object[name] = drawValue(t, depth)
	}
	return object
}

// TestRoundTrip reads what was written: the same ids and documents, whatever is
// in them.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var pages [][]*host.Record
		want := ""
		for range rapid.IntRange(0, 3).Draw(t, "pages") {
			var page []*host.Record
			for range rapid.IntRange(1, 3).Draw(t, "records") {
				doc, err := json.Marshal(drawObject(t, 2))
				if err != nil {
					t.Fatal(err)
				}
				r := record(string(doc))
				page = append(page, r)
				want += r.ID + " " + string(r.Data) + "\n"
			}
			pages = append(pages, page)
		}
		for _, format := range []transfer.Format{transfer.CSV, transfer.NDJSON} {
			for _, schema := range []string{"", schema} {
				stream := written(t, format, schema, pages...)
				got, err := read(format, strings.NewReader(stream), schema)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Fatalf("%s: %v\n%s\n%s", format, err, diff, stream)
				}
			}
		}
	})
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", "name,price\nAda,1\n", "a.b,__other\n1,\"{\"\"x\"\":1}\"\n", "{\"a\":1}\n{}", "\ufeffa\r\n\"x\ny\"\r\n"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, in string, isCSV bool) {
		format := transfer.NDJSON
		if isCSV {
			format = transfer.CSV
		}
		if _, err := read(format, strings.NewReader(in), schema); err != nil && host.CodeOf(err) != host.CodeInvalid {
			t.Errorf("%v", err)
		}
	})
}
